// The evidence of an answer as cards, and a window with the whole page behind each. What stands in `data`, and what the
// server sends of a document, is shown as text, never as markup.

function badge({ text, tone, meaning }) {
  return element('span', { className: `badge ${tone}`, title: meaning }, text)
}

function card(run, one, open) {
  const quote = element('blockquote', {}, one.quote)
  const crop = element('img', { alt: `${one.place}, cut out of the page: “${one.quote}”`, loading: 'lazy' })
  const picture = element('button', { className: 'crop', type: 'button', title: 'Show the whole page' }, crop)
  crop.onerror = () => picture.remove() // no picture: the format has no pages, or the file is gone
  crop.src = one.crop
  picture.onclick = () => open(one)
  const whole = element('button', { className: 'open', type: 'button' }, one.kind === 'text' ? 'Show in context' : 'Whole page')
  whole.setAttribute('aria-label', `${whole.textContent}: ${one.place}`)
  whole.onclick = () => open(one)
  const head = element('div', { className: 'head' }, element('span', { className: 'number' }, String(one.number)), element('span', { className: 'place' }, one.place))
  const made = element('article', { className: 'card', tabIndex: 0 }, head, element('div', { className: 'badges' }, ...one.badges.map(badge)), picture, quote, whole)
  if (one.remark) head.after(element('div', { className: 'remark' }, one.remark))
  made.setAttribute('aria-label', `Evidence ${one.number}: ${one.place}`)
  made.dataset.number = one.number
  made.onmouseenter = made.onfocus = () => tell('docqa-mark', { run, numbers: [one.number] })
  made.onmouseleave = made.onblur = () => tell('docqa-mark', { run, numbers: [] })
  return made
}

// The window: one page, its neighbours to the left and right, and its text for whoever cannot see the picture.
function viewer() {
  const title = element('h2', {})
  const back = element('button', { type: 'button', title: 'Page before (left arrow)' }, '‹ Before')
  const next = element('button', { type: 'button', title: 'Page after (right arrow)' }, 'After ›')
  const home = element('button', { type: 'button' }, 'Back to the quote')
  const asText = element('button', { type: 'button' }, 'Text')
  const close = element('button', { type: 'button', title: 'Close (Esc)' }, 'Close')
  const picture = element('img', { className: 'page' })
  const text = element('div', { className: 'text', tabIndex: 0 })
  const body = element('div', { className: 'body', tabIndex: 0 }, picture, text)
  const bar = element('div', { className: 'bar' }, title, back, next, home, asText, close)
  const box = element('dialog', { className: 'viewer' }, bar, body)
  let one = null
  let part = 0
  let shown = 0 // counts what was asked for, so that a late reply does not overwrite a newer one
  let ahead = []

  const address = (n) => (n === one.part ? one.page : `${one.parts}/${n}/page.png`)

  const showText = (on) => {
    text.hidden = !on
    picture.hidden = on
    asText.textContent = on ? 'Picture' : 'Text'
  }

  async function go(n) {
    const mine = ++shown
    part = n
    home.hidden = n === one.part
    picture.onload = () => { if (mine === shown) body.scrollTo({ top: n === one.part ? one.top * picture.clientHeight - 120 : 0 }) }
    picture.onerror = () => { if (mine === shown) { asText.hidden = true; showText(true) } }
    picture.src = address(n)
    const reply = await fetch(`${one.parts}/${n}.json`)
    if (mine !== shown) return
    if (!reply.ok) {
      title.textContent = one.place
      text.textContent = await reply.text()
      return
    }
    const known = await reply.json()
    title.textContent = `${known.document}, ${known.place}`
    back.disabled = n === 0
    next.disabled = n + 1 >= known.parts
    picture.alt = `${known.document}, ${known.place}${n === one.part ? `, marked: “${one.quote}”` : ''}`
    write(known.text, n === one.part)
    ahead = [n - 1, n + 1].filter((m) => m >= 0 && m < known.parts).map((m) => Object.assign(new Image(), { src: address(m) }))
  }

  function write(all, marked) {
    if (!marked) return text.replaceChildren(all)
    const points = Array.from(all) // offsets count code points, strings of this language count otherwise
    const mark = element('mark', {}, points.slice(one.start, one.end).join(''))
    text.replaceChildren(points.slice(0, one.start).join(''), mark, points.slice(one.end).join(''))
    if (!text.hidden) mark.scrollIntoView({ block: 'center' })
  }

  back.onclick = () => go(part - 1)
  next.onclick = () => go(part + 1)
  home.onclick = () => go(one.part)
  asText.onclick = () => showText(text.hidden)
  close.onclick = () => box.close()
  box.onclick = (event) => { if (event.target === box) box.close() }
  box.onkeydown = (event) => {
    if (event.key === 'ArrowLeft' && !back.disabled) back.onclick()
    if (event.key === 'ArrowRight' && !next.disabled) next.onclick()
  }

  const open = (asked) => {
    one = asked
    asText.hidden = one.kind === 'text'
    showText(one.kind === 'text')
    back.disabled = next.disabled = true
    title.textContent = one.place
    box.showModal()
    body.focus()
    return go(one.part)
  }
  return { box, open }
}

export default function ({ data, parentElement }) {
  return drawn(parentElement.querySelector('.evidence'), data, (root) => {
    const { box, open } = viewer()
    const cards = data.cards.map((one) => card(data.run, one, open))
    root.replaceChildren(...cards, box)
    const light = ({ detail }) => {
      for (const each of cards) {
        each.classList.toggle('marked', detail.run === data.run && detail.numbers.includes(Number(each.dataset.number)))
      }
    }
    const show = ({ detail }) => {
      const wanted = detail.run === data.run && cards.find((each) => each.dataset.number === String(detail.number))
      if (wanted) wanted.scrollIntoView({ behavior: 'smooth', block: 'nearest' })
    }
    return { 'docqa-mark': light, 'docqa-show': show }
  })
}
