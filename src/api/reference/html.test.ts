import { expect, it } from 'vitest'
import { escaped, Html, html } from './html.ts'

const EVIL = `<b a="1" b='2'>&amp;`
const SAFE = '&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp;'

it('text is escaped, in lists too; HTML is not escaped again', () => {
  expect(escaped(EVIL)).toBe(SAFE)
  expect(html`<p>${EVIL}</p>`.text).toBe(`<p>${SAFE}</p>`)
  expect(html`${[EVIL, [html`<i>${EVIL}</i>`]]}`.text).toBe(`${SAFE}<i>${SAFE}</i>`)
  expect(html`${new Html('<b>')}`.text).toBe('<b>')
})

it('nothing is shown of what is not there', () => {
  expect(html`a${undefined}b${false}c${0}d${''}e${[]}f`.text).toBe('abc0def')
})
