import { html, type Html } from '../../api/reference/html.ts'
import type { RegionReport, Step, Track } from './report.ts'
import { time } from './words.ts'

/** What is seen of a state: its colour's class, and its word. */
export const STATES: readonly (readonly [string, string])[] = [
  ['waiting', 'waiting'],
  ['creating', 'being made'],
  ['active', 'ready'],
  ['updating', 'being changed'],
  ['deleting', 'being deleted'],
  ['error', 'in trouble'],
]
const CLASSES: Readonly<Record<Step['state'], string>> = {
  asked: 'waiting',
  pending: 'waiting',
  creating: 'creating',
  active: 'active',
  updating: 'updating',
  deleting: 'deleting',
  error: 'error',
  gone: 'gone',
}
const WORDS = new Map(STATES)

/** A stretch of time in which a resource was in one state. */
export interface Stretch {
  readonly look: string
  readonly fromMs: number
  readonly toMs: number
  readonly words: string
}

/** Steps as stretches: neighbours that look the same are one; `endMs` ends what has not ended. */
export function stretchesOf({ steps }: Pick<Track, 'steps'>, endMs: number): readonly Stretch[] {
  const stretches: Stretch[] = []
  for (const [index, { state, atMs, message, reason }] of steps.entries()) {
    const look = CLASSES[state]
    if (look === 'gone') break
    const toMs = steps[index + 1]?.atMs ?? endMs
    const last = stretches.at(-1)
    const words = message ?? reason ?? ''
    if (last?.look === look) stretches.splice(-1, 1, { ...last, toMs, words: words || last.words })
    else stretches.push({ look, fromMs: atMs, toMs, words })
  }
  return stretches
}

/** When the last thing happened in any region: all have one scale. */
export const endOf = (regions: readonly RegionReport[]): number =>
  Math.max(1, ...regions.flatMap(({ tracks }) => tracks.flatMap(({ steps }) => steps.at(-1)?.atMs ?? 0)))

const NICE = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600]

/** Round times for a scale, six at most. */
export function ticksOf(endMs: number): readonly number[] {
  const seconds = endMs / 1000
  const step = NICE.find((one) => seconds / one <= 6) ?? Math.ceil(seconds / 6)
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step * 1000)
}

const percent = (part: number, whole: number): string => `${((part / whole) * 100).toFixed(2)}%`

/** A region's resources in the course of time, as rows of a table. */
export function timeline({ tracks, name, provider }: RegionReport, endMs: number): Html {
  const ticks = ticksOf(endMs).map((at) => html`<i style="left:${percent(at, endMs)}">${at / 1000} s</i>`)
  const isGone = tracks.some(({ goneMs }) => goneMs !== undefined)
  return html`<table class="timeline">
    <caption>
      ${name}
      <small>${provider}</small>
    </caption>
    <thead>
      <tr>
        <th scope="col">Resource</th>
        <th scope="col" class="course"><span class="axis">${ticks}</span></th>
        <th scope="col" class="number">ready after</th>
        ${isGone && html`<th scope="col" class="number">gone after</th>`}
      </tr>
    </thead>
    <tbody>
      ${tracks.map((track) => row(track, endMs, isGone))}
    </tbody>
  </table>`
}

function row(track: Track, endMs: number, isGone: boolean): Html {
  const stretches = stretchesOf(track, endMs)
  const spoken = stretches.map(({ look, fromMs }) => `${WORDS.get(look)} from ${time(fromMs)}`).join(', ')
  const bars = stretches.map(({ look, fromMs, toMs, words }) => {
    const title = `${WORDS.get(look)}: ${time(fromMs)} to ${time(toMs)}${words === '' ? '' : ` – ${words}`}`
    return html`<i
      class="${look}"
      style="left:${percent(fromMs, endMs)};width:${percent(Math.max(0, toMs - fromMs), endMs)}"
      title="${title}"
    ></i>`
  })
  const ready = track.readyMs === undefined ? html`<span class="pill bad">${track.verdict}</span>` : time(track.readyMs)
  return html`<tr>
    <th scope="row"><small>${track.kind}</small> ${track.name}</th>
    <td class="course"><span class="track" role="img" aria-label="${spoken}">${bars}</span></td>
    <td class="number">${ready}</td>
    ${isGone && html`<td class="number">${time(track.goneMs)}</td>`}
  </tr>`
}
