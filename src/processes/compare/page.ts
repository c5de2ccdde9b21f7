import { Html, html } from '../../api/reference/html.ts'
import { STYLE } from './page-style.ts'
import { type Report, sumOf } from './report.ts'
import { coverageOf, fieldRows, kindRows, troubleRows } from './rows.ts'
import { endOf, STATES, timeline } from './timeline.ts'
import { aboutOf, counts, FIELD_WORDS, LEGEND, LEVEL_WORDS, plural, sumWords, time, titleOf, VERDICT_WORDS } from './words.ts'

/** The report as one page that needs nothing else: no scripts, no fonts, nothing from anywhere. */
export function asPage(report: Report): string {
  const isTried = report.regions.some(({ tracks }) => tracks.length > 0)
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${titleOf(report)}</title>
        <style>
          ${new Html(STYLE)}
        </style>
      </head>
      <body>
        <header>
          <h1>${titleOf(report)}</h1>
          <p>${aboutOf(report)}</p>
          <p class="soft">${report.made.slice(0, 16).replace('T', ' ')} UTC · seca-operator ${report.version}</p>
        </header>
        <main>
          ${isTried && [glance(report), kinds(report), courses(report), troubles(report), calls(report)]} ${leftOut(report)}
          ${abilities(report)} ${fields(report)}
        </main>
      </body>
    </html> `
  return page.text
}

const series = (index: number) => `s${index % 6}`

function glance(report: Report): Html {
  const cards = report.regions.map((region, index) => {
    const sum = sumOf(region)
    return html`<article class="card ${series(index)}">
      <h3>${region.name} <span class="pill ${sum.isWell ? 'good' : 'bad'}">${sum.isWell ? 'as claimed' : 'look at it'}</span></h3>
      <p class="soft">${region.provider} · ${region.cloudProvider}</p>
      <p class="big">${sum.ready}<small> of ${plural(sum.all, 'resource')} ready</small></p>
      <dl>
        <dt>${report.mode === 'read' ? 'slowest ready after' : 'ready after'}</dt>
        <dd>${time(sum.readyMs)}</dd>
        ${
          sum.goneMs !== undefined &&
          html`<dt>gone after</dt>
            <dd>${time(sum.goneMs)}</dd>`
        }
        ${
          sum.ready < sum.all &&
          html`<dt>not ready</dt>
            <dd>${sumWords(sum).replace(/^[^,]*, /, '')}</dd>`
        }
        <dt>left out</dt>
        <dd>${sum.leftOut}</dd>
      </dl>
      ${region.broken !== undefined && html`<p class="broken"><strong>Not gone through to the end:</strong> ${region.broken}</p>`}
    </article>`
  })
  return html`<section>
    <h2>At a glance</h2>
    <div class="cards">${cards}</div>
  </section>`
}

function kinds(report: Report): Html {
  const rows = kindRows(report)
  const longest = Math.max(1, ...rows.flatMap(({ readyMs }) => readyMs.map((ms) => ms ?? 0)))
  const bar = (ms: number | undefined, index: number) =>
    html`<td><span class="bar ${series(index)}" style="width:${(((ms ?? 0) / longest) * 70).toFixed(1)}%"></span> ${time(ms)}</td>`
  return html`<section>
    <h2>Time to ready, by kind</h2>
    <p class="soft">The longest of each kind, counted from when it was asked for: waiting for others is in it.</p>
    <div class="wide">
      <table class="bars">
        <thead>
          <tr>
            <th scope="col">Kind</th>
            ${report.regions.map(({ name }) => html`<th scope="col">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ kind, count, readyMs }) =>
              html`<tr>
                <th scope="row">${kind}${count > 1 && html` <small>× ${count}</small>`}</th>
                ${readyMs.map(bar)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`
}

function courses({ regions, mode }: Report): Html {
  const end = endOf(regions)
  const legend = STATES.map(([look, words]) => html`<li><i class="${look}"></i>${words}</li>`)
  const about =
    mode === 'read'
      ? 'Each from its own beginning, until it was first ready; all regions to one scale.'
      : 'All regions to one scale. Point at a bar for what was said at the time.'
  return html`<section>
    <h2>In the course of time</h2>
    <p class="soft">${about}</p>
    <ul class="legend">
      ${legend}
    </ul>
    ${regions.map((region) => html`<div class="wide">${timeline(region, end)}</div>`)}
  </section>`
}

function troubles(report: Report): Html {
  const rows = troubleRows(report)
  if (rows.length === 0)
    return html`<section>
      <h2>What the clouds said</h2>
      <p>Nothing went wrong.</p>
    </section>`
  return html`<section>
    <h2>What the clouds said</h2>
    <div class="wide">
      <table>
        <thead>
          <tr>
            <th scope="col">Region</th>
            <th scope="col">Resource</th>
            <th scope="col">Outcome</th>
            <th scope="col">In the cloud's words</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ region, object, verdict, reason, message }) =>
              html`<tr>
                <td>${region}</td>
                <th scope="row">${object}</th>
                <td><span class="pill ${verdict === 'ready' ? 'good' : 'bad'}">${VERDICT_WORDS[verdict].short}</span></td>
                <td><code>${reason}</code> ${message}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`
}

function calls({ calls: all, aboutCalls }: Report): Html {
  if (all.length === 0)
    return html`<section>
      <h2>Calls</h2>
      <p>Calls were ${aboutCalls}.</p>
    </section>`
  return html`<section>
    <h2>Calls</h2>
    <p class="soft">Calls ${aboutCalls}.</p>
    <div class="wide">
      <table>
        <thead>
          <tr>
            <th scope="col">Provider</th>
            <th scope="col">Regions</th>
            <th scope="col" class="number">Calls</th>
            <th scope="col">What</th>
            <th scope="col">Not answered well, and made again</th>
          </tr>
        </thead>
        <tbody>
          ${all.map(
            ({ provider, regions, total, byVerb, notOk }) =>
              html`<tr>
                <th scope="row">${provider}</th>
                <td>${regions.join(', ')}</td>
                <td class="number">${total}</td>
                <td>${counts(byVerb)}</td>
                <td>${counts(notOk)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`
}

function leftOut({ regions }: Report): Html {
  const rows = regions.flatMap(({ name, leftOut: all }) =>
    all.map(
      ({ object, why }) =>
        html`<tr>
          <td>${name}</td>
          <th scope="row">${object}</th>
          <td>${why}</td>
        </tr>`,
    ),
  )
  const remarks = regions.flatMap(({ name, remarks: all }) => all.map((text) => html`<li><strong>${name}:</strong> ${text}</li>`))
  return html`${
    rows.length > 0 &&
    html`<section>
      <h2>Left out</h2>
      <div class="wide">
        <table>
          <thead>
            <tr>
              <th scope="col">Region</th>
              <th scope="col">What</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            ${rows}
          </tbody>
        </table>
      </div>
    </section>`
  }
  ${
    remarks.length > 0 &&
    html`<section>
      <h2>To be known</h2>
      <ul>
        ${remarks}
      </ul>
    </section>`
  }`
}

const SIGNS = { own: '●', part: '◐', nothing: '○', missing: '✕' } as const

function abilities({ kinds: names, columns }: Report): Html {
  const head = columns.map(({ name, type }) => html`<th scope="col">${name}${name !== type && html` <small>${type}</small>`}</th>`)
  const body = names.map((kind) => {
    const cells = columns.map(({ kinds: own }) => {
      const { level, note } = own[kind] ?? { level: 'missing' as const }
      return html`<td class="${level}">
        <span aria-hidden="true">${SIGNS[level]}</span> ${LEVEL_WORDS[level]}${note !== undefined && html`<br /><small>${note}</small>`}
      </td>`
    })
    return html`<tr>
      <th scope="row">${kind}</th>
      ${cells}
    </tr>`
  })
  const sums = columns.map(coverageOf)
  return html`<section>
    <h2>What each can do</h2>
    <p class="soft">${LEGEND.levels}</p>
    <div class="wide">
      <table class="abilities">
        <thead>
          <tr>
            <th scope="col">Kind</th>
            ${head}
          </tr>
        </thead>
        <tbody>
          ${body}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">kinds</th>
            ${sums.map(({ kinds: some, all }) => html`<td>${some} of ${all}</td>`)}
          </tr>
          <tr>
            <th scope="row">fields that can be changed</th>
            ${sums.map(({ changeable, fields: all }) => html`<td>${changeable} of ${all}</td>`)}
          </tr>
        </tfoot>
      </table>
    </div>
  </section>`
}

function fields({ kinds: names, columns }: Report): Html {
  const groups = names.flatMap((kind) => {
    const rows = fieldRows(kind, columns)
    if (rows.length === 0) return []
    const different = rows.filter(({ differs }) => differs).length
    const body = rows.map(
      ({ path, abilities: all, differs }) =>
        html`<tr class="${differs ? 'differs' : ''}">
          <th scope="row"><code>${path}</code></th>
          ${all.map((one) => html`<td class="${one}">${one === undefined ? '–' : FIELD_WORDS[one]}</td>`)}
        </tr>`,
    )
    return [
      html`<details>
        <summary>
          ${kind}
          <small
            >${plural(rows.length, 'field')}${columns.length > 1 && (different === 0 ? ', the same everywhere' : `, ${different} not the same everywhere`)}</small
          >
        </summary>
        <div class="wide">
          <table>
            <thead>
              <tr>
                <th scope="col">Field</th>
                ${columns.map(({ name }) => html`<th scope="col">${name}</th>`)}
              </tr>
            </thead>
            <tbody>
              ${body}
            </tbody>
          </table>
        </div>
      </details>`,
    ]
  })
  return html`<section>
    <h2>Fields</h2>
    <p class="soft">${LEGEND.fields}</p>
    ${groups}
  </section>`
}
