// The sentences of an answer, each with the numbers of its evidence. Hover, focus or press a sentence to see what it
// rests on; what stands in `data` is shown as text, never as markup.

function sentence(run, { parts, numbers, tone }, setTriggerValue) {
  const [before, answering, after] = parts
  const made = element('span', { className: `sentence ${tone}`, tabIndex: 0 }, before)
  if (answering) made.append(element('strong', {}, answering))
  made.append(after)
  made.setAttribute('role', 'button')
  made.setAttribute('aria-label', `${parts.join('')} Evidence ${numbers.join(', ') || 'none'}`)
  made.dataset.numbers = JSON.stringify(numbers)
  for (const number of numbers) made.append(element('sup', { className: 'number' }, String(number)))
  const show = () => setTriggerValue('shown', { run, number: numbers[0] ?? null })
  const mark = (on) => tell('docqa-mark', { run, numbers: on ? numbers : [] })
  made.onmouseenter = made.onfocus = () => mark(true)
  made.onmouseleave = made.onblur = () => mark(false)
  made.onclick = () => { tell('docqa-show', { run, number: numbers[0] }); show() }
  made.onkeydown = (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return
    event.preventDefault()
    made.onclick()
  }
  return made
}

export default function ({ data, parentElement, setTriggerValue }) {
  return drawn(parentElement.querySelector('.answer'), data, (root) => {
    const sentences = data.sentences.map((each) => sentence(data.run, each, setTriggerValue))
    root.replaceChildren(...sentences.flatMap((each) => [each, ' ']))
    const light = ({ detail }) => {
      for (const each of sentences) {
        const own = JSON.parse(each.dataset.numbers)
        each.classList.toggle('marked', detail.run === data.run && own.some((n) => detail.numbers.includes(n)))
      }
    }
    return { 'docqa-mark': light }
  })
}
