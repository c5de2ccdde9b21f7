import { html, type Html } from '../../api/reference/html.ts'

type Cell = Html | string

interface Options {
  /** Class of the table. */
  readonly look?: string
  /** Rows that sum up. */
  readonly foot?: readonly Html[]
}

/** A table that scrolls by itself where it is too wide. */
export function table(head: readonly Cell[], rows: readonly Html[], { look = '', foot = [] }: Options = {}): Html {
  const titles = head.map((one) => html`<th scope="col">${one}</th>`)
  const end =
    foot.length > 0 &&
    html`<tfoot>
      ${foot}
    </tfoot>`
  return html`<div class="wide">
    <table class="${look}">
      <thead>
        <tr>
          ${titles}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
      ${end}
    </table>
  </div>`
}

/** A row: what it is about, and cells; those that are text become cells of their own. */
export function row(title: Cell, cells: readonly Cell[]): Html {
  return html`<tr>
    <th scope="row">${title}</th>
    ${cells.map((one) => (typeof one === 'string' ? html`<td>${one}</td>` : one))}
  </tr>`
}

/** A part of the page, with a line that explains it. */
export function section(title: string, about: string, content: Html | readonly Html[]): Html {
  return html`<section>
    <h2>${title}</h2>
    ${about !== '' && html`<p class="soft">${about}</p>`}${content}
  </section>`
}
