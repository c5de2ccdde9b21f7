import { duration } from '../../cli/progress.ts'
import {
  type Ability,
  type Calls,
  type FieldAbility,
  type Report,
  type Sum,
  sumOf,
  type Track,
  type Trouble,
  type Verdict,
} from './report.ts'

/** What is said of a verdict, in two or three words and in a sentence. */
export const VERDICT_WORDS: Readonly<Record<Verdict, { readonly short: string; readonly long: string }>> = {
  ready: { short: 'ready', long: 'it got ready' },
  refused: { short: 'refused', long: 'the provider says that it cannot do this' },
  waits: { short: 'waits', long: 'something that it needs is not ready' },
  failed: { short: 'failed', long: 'nothing more will happen until something is changed' },
  late: { short: 'not in time', long: 'it was still under way when the time was over' },
}

export const LEVEL_WORDS: Readonly<Record<Ability['level'], string>> = {
  own: 'yes',
  part: 'as a part',
  nothing: 'nothing to do',
  missing: 'no',
}

export const FIELD_WORDS: Readonly<Record<FieldAbility, string>> = {
  change: 'any time',
  create: 'when made',
  unused: 'not in the cloud',
}

/** What the words of the tables mean. */
export const LEGEND = {
  levels:
    'yes: an object of its own in the cloud; as a part: it lives in another one; nothing to do: this cloud needs none, and the resource is ready without; no: it is refused.',
  fields:
    'any time: can be changed; when made: taken then, a later change is refused; not in the cloud: it may be set, and no thing of the cloud stands for it.',
} as const

/** `2.4 s`, or a dash for what was not. */
export const time = (ms: number | undefined): string => (ms === undefined ? '–' : duration(ms))

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

/** `12 of 14 ready, 1 refused, 1 waits` */
export function sumWords({ ready, all, byVerdict }: Sum): string {
  const others = (['refused', 'waits', 'failed', 'late'] as const).filter((verdict) => byVerdict[verdict] > 0)
  return [`${ready} of ${all} ready`, ...others.map((verdict) => `${byVerdict[verdict]} ${VERDICT_WORDS[verdict].short}`)].join(', ')
}

/** How a resource fared in a region, in a cell. */
export function trackWords(track: Track | undefined): string {
  if (track === undefined) return 'left out'
  return track.verdict === 'ready' ? time(track.readyMs) : VERDICT_WORDS[track.verdict].short
}

export function titleOf({ mode, columns }: Report): string {
  const names = columns.map(({ name }) => name).join(', ')
  return { abilities: `What providers can do: ${names}`, tried: `Regions compared: ${names}`, read: `What is in regions: ${names}` }[mode]
}

/** What was done, for who did not do it. */
export function aboutOf({ mode }: Report): string {
  return {
    abilities: 'Nothing was tried: this is what the adapters say of themselves.',
    tried:
      'The same manifests were applied to each region at the same time, in namespaces of their own. Times are from when an object was asked for.',
    read: 'Nothing was tried: this is what is there, from what each resource remembers of its beginning (in whole seconds at the start).',
  }[mode]
}

/** `create 14, observe 40` */
export const counts = (numbers: Calls['byVerb']): string =>
  Object.entries(numbers)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ') || 'none'

export const WHEN_WORDS: Readonly<Record<Trouble['when'], string>> = {
  end: 'it stayed so',
  making: 'on the way',
  deleting: 'while it was deleted',
}

/** The answer for who reads one line. */
export function headlineOf({ regions, mode }: Pick<Report, 'regions' | 'mode'>): string {
  const sums = regions.map((region) => ({ name: region.name, ...sumOf(region) }))
  const unwell = sums.filter(({ isWell }) => !isWell).map(({ name }) => name)
  const claim =
    mode === 'read' ? 'Everything is ready that the providers say they can do' : 'Everything got ready that the providers say they can do'
  const first = unwell.length === 0 ? `${claim}.` : `Not everything got ready in ${unwell.join(', ')}.`
  const times = sums.flatMap(({ name, readyMs }) => (readyMs === undefined ? [] : [{ name, readyMs }]))
  const [fastest, ...others] = times.toSorted((one, other) => one.readyMs - other.readyMs)
  const slowest = others.at(-1)
  if (fastest === undefined || slowest === undefined || mode === 'read') return first
  return `${first} ${fastest.name} was through first, after ${time(fastest.readyMs)}; ${slowest.name} last, after ${time(slowest.readyMs)}.`
}
