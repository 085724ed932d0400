// What both parts share: nodes from text, never from markup, and the word that something is to be marked.

const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}

const tell = (name, detail) => window.dispatchEvent(new CustomEvent(name, { detail }))

// Draws `data` into `root` unless it stands there already, and hears what is told until it is drawn anew.
const drawn = (root, data, draw) => {
  const key = JSON.stringify(data)
  if (root.key !== key) {
    root.forget?.()
    root.key = key
    const heard = Object.entries(draw(root))
    for (const [name, hear] of heard) window.addEventListener(name, hear)
    root.forget = () => { for (const [name, hear] of heard) window.removeEventListener(name, hear) }
  }
  return () => { root.forget(); root.key = undefined }
}
