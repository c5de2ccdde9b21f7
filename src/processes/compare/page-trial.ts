import { html, type Html } from '../../api/reference/html.ts'
import { row, section, table } from './page-table.ts'
import { type RegionReport, type Report, sumOf } from './report.ts'
import { kindRows, leftOutRows, troubleRows } from './rows.ts'
import { endOf, STATES, timeline } from './timeline.ts'
import { counts, headlineOf, plural, sumWords, time, WHEN_WORDS } from './words.ts'

/** Colour of a region. */
const series = (index: number) => `s${index % 6}`

/** What was tried or read, from one glance to every word. */
export function trialOf(report: Report): readonly Html[] {
  return [glance(report), kinds(report), courses(report), troubles(report), calls(report)]
}

function glance(report: Report): Html {
  const cards = report.regions.map((region, index) => card(report, region, series(index)))
  return html`<section>
    <h2>At a glance</h2>
    <p class="headline">${headlineOf(report)}</p>
    <div class="cards">${cards}</div>
  </section>`
}

function card({ mode }: Report, region: RegionReport, look: string): Html {
  const sum = sumOf(region)
  const pill = html`<span class="pill ${sum.isWell ? 'good' : 'bad'}">${sum.isWell ? 'as claimed' : 'look at it'}</span>`
  const facts: readonly (readonly [string, string] | false)[] = [
    [mode === 'read' ? 'slowest ready after' : 'ready after', time(sum.readyMs)],
    sum.goneMs !== undefined && ['gone after', time(sum.goneMs)],
    sum.ready < sum.all && ['not ready', sumWords(sum).replace(/^[^,]*, /, '')],
    mode !== 'read' && ['left out', String(sum.leftOut)],
  ]
  const list = facts.map(
    (fact) =>
      fact !== false &&
      html`<dt>${fact[0]}</dt>
        <dd>${fact[1]}</dd>`,
  )
  const broken = region.broken !== undefined && html`<p class="broken"><strong>Not gone through to the end:</strong> ${region.broken}</p>`
  return html`<article class="card ${look}">
    <h3>${region.name} ${pill}</h3>
    <p class="soft">${region.provider} · ${region.cloudProvider}</p>
    <p class="big">${sum.ready}<small> of ${plural(sum.all, 'resource')} ready</small></p>
    <dl>${list}</dl>
    ${broken}
  </article>`
}

function kinds(report: Report): Html {
  const rows = kindRows(report)
  const longest = Math.max(1, ...rows.flatMap(({ readyMs }) => readyMs.map((ms) => ms ?? 0)))
  const bar = (ms: number | undefined, index: number) => {
    const width = (((ms ?? 0) / longest) * 65).toFixed(1)
    return html`<td>${ms !== undefined && html`<span class="bar ${series(index)}" style="width:${width}%"></span>`} ${time(ms)}</td>`
  }
  const about = 'The longest of each kind, counted from when it was asked for: waiting for others is in it.'
  const body = rows.map(({ kind, count, readyMs }) => row(html`${kind}${count > 1 && html` <small>× ${count}</small>`}`, readyMs.map(bar)))
  return section('Time to ready, by kind', about, table(['Kind', ...report.regions.map(({ name }) => name)], body, { look: 'bars' }))
}

function courses({ regions, mode }: Report): Html {
  const end = endOf(regions)
  const legend = STATES.map(([look, words]) => html`<li><i class="${look}"></i>${words}</li>`)
  const about =
    mode === 'read'
      ? 'Each from its own beginning, until it was first ready; all regions to one scale.'
      : 'All regions to one scale. Point at a bar for what was said at the time.'
  const lines = regions.map((region) => html`<div class="wide">${timeline(region, end)}</div>`)
  return section('In the course of time', about, [
    html`<ul class="legend">
      ${legend}
    </ul>`,
    ...lines,
  ])
}

function troubles(report: Report): Html {
  const rows = troubleRows(report).map(({ region, when, reason, message, objects }) => {
    const pill = html`<td><span class="pill ${when === 'end' ? 'bad' : 'plain'}">${WHEN_WORDS[when]}</span></td>`
    return row(region, [pill, html`<td><code>${reason}</code> ${message}</td>`, objects.join(', ')])
  })
  const content =
    rows.length === 0 ? html`<p>Nothing went wrong.</p>` : table(['Region', 'When', "In the cloud's words", 'Resources'], rows)
  return section('What the clouds said', '', content)
}

function calls({ calls: all, aboutCalls }: Report): Html {
  if (all.length === 0) return section('Calls', '', html`<p>Calls were ${aboutCalls}.</p>`)
  const rows = all.map(({ provider, regions, total, byVerb, notOk }) =>
    row(provider, [regions.join(', '), String(total), counts(byVerb), counts(notOk)]),
  )
  return section(
    'Calls',
    `Calls ${aboutCalls}.`,
    table(['Provider', 'Regions', 'Calls', 'What', 'Not answered well, and made again'], rows),
  )
}

/** What is not in the trial, and what is to be known of it. */
export function leftOut({ regions }: Report): readonly Html[] {
  const rows = leftOutRows({ regions }).map(({ region, object, why }) => row(object, [region, why]))
  const remarks = regions.flatMap(({ name, remarks: all }) => all.map((text) => html`<li><strong>${name}:</strong> ${text}</li>`))
  return [
    ...(rows.length === 0 ? [] : [section('Left out', '', table(['What', 'Where', 'Why'], rows))]),
    ...(remarks.length === 0
      ? []
      : [
          section(
            'To be known',
            '',
            html`<ul>
              ${remarks}
            </ul>`,
          ),
        ]),
  ]
}
