import { html, type Html } from '../../api/reference/html.ts'
import { row, section, table } from './page-table.ts'
import type { Report } from './report.ts'
import { coverageOf, fieldRows } from './rows.ts'
import { FIELD_WORDS, LEGEND, LEVEL_WORDS, plural } from './words.ts'

const SIGNS = { own: '●', part: '◐', nothing: '○', missing: '✕' } as const

/** What each can do: kinds, and their fields. */
export function abilitiesOf(report: Report): readonly Html[] {
  return [kinds(report), fields(report)]
}

function kinds({ kinds: names, columns }: Report): Html {
  const head = columns.map(({ name, type }) => (name === type ? name : html`${name} <small>${type}</small>`))
  const rows = names.map((kind) => {
    const cells = columns.map(({ kinds: own }) => {
      const { level, note } = own[kind] ?? { level: 'missing' as const }
      const more = note !== undefined && html`<br /><small>${note}</small>`
      return html`<td class="${level}"><span aria-hidden="true">${SIGNS[level]}</span> ${LEVEL_WORDS[level]}${more}</td>`
    })
    return row(kind, cells)
  })
  const sums = columns.map(coverageOf)
  const foot = [
    row(
      'kinds',
      sums.map(({ kinds: some, all }) => `${some} of ${all}`),
    ),
    row(
      'fields that can be changed',
      sums.map(({ changeable, fields: all }) => `${changeable} of ${all}`),
    ),
  ]
  return section('What each can do', LEGEND.levels, table(['Kind', ...head], rows, { look: 'abilities', foot }))
}

function fields({ kinds: names, columns }: Report): Html {
  const head = ['Field', ...columns.map(({ name }) => name)]
  const groups = names.flatMap((kind) => {
    const rows = fieldRows(kind, columns)
    const different = rows.filter(({ differs }) => differs).length
    const compared = different === 0 ? 'the same everywhere' : `${different} not the same everywhere`
    const about = [plural(rows.length, 'field'), ...(columns.length > 1 ? [compared] : [])].join(', ')
    const body = rows.map(({ path, abilities, differs }) => {
      const cells = abilities.map((one) => html`<td class="${one}">${one === undefined ? '–' : FIELD_WORDS[one]}</td>`)
      return row(html`<code>${path}</code>${differs && html` <span class="differs" title="not the same everywhere">≠</span>`}`, cells)
    })
    return rows.length === 0
      ? []
      : [
          html`<details>
            <summary>${kind} <small>${about}</small></summary>
            ${table(head, body)}
          </details>`,
        ]
  })
  return section('Fields', LEGEND.fields, groups)
}
