import type { Calls } from './report.ts'

/** One counter: its labels, and how far it has come. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const METRIC = 'seca_provider_calls_total'
const LINE = new RegExp(`^${METRIC}\\{([^}]*)\\}\\s+(\\S+)`)
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g
const ANSWER_MS = 10_000

/** The counters of calls of clouds in an answer of /metrics. */
export function parseCalls(text: string): readonly Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, labels, value] = LINE.exec(line) ?? []
    if (labels === undefined) return []
    return [
      { labels: Object.fromEntries([...labels.matchAll(LABEL)].map(([, name = '', text = '']) => [name, text])), value: Number(value) },
    ]
  })
}

/** How far the counters of all controllers have come. Throws when one cannot be read: a part of the count is none. */
export async function readCalls(urls: readonly string[]): Promise<readonly (readonly Sample[])[]> {
  return Promise.all(
    urls.map(async (url) => {
      const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) })
      if (!answer.ok) throw new Error(`${url} answers ${answer.status}`)
      return parseCalls(await answer.text())
    }),
  )
}

/** Sums by provider of what was counted in between; undefined when a counter went back, since a process was started again. */
export function callsBetween(
  before: readonly (readonly Sample[])[],
  after: readonly (readonly Sample[])[],
  regionsOf: ReadonlyMap<string, readonly string[]>,
): readonly Calls[] | undefined {
  const counts: Sample[] = []
  for (const [index, samples] of after.entries()) {
    const old = new Map((before[index] ?? []).map(({ labels, value }) => [JSON.stringify(labels), value]))
    const now = new Set(samples.map(({ labels }) => JSON.stringify(labels)))
    if ([...old].some(([key]) => !now.has(key))) return undefined
    for (const { labels, value } of samples) {
      const count = value - (old.get(JSON.stringify(labels)) ?? 0)
      if (count < 0) return undefined
      counts.push({ labels, value: count })
    }
  }
  return [...regionsOf].map(([provider, regions]) => {
    const own = counts.filter(({ labels, value }) => labels['provider'] === provider && value > 0)
    return {
      provider,
      regions,
      total: own.reduce((sum, { value }) => sum + value, 0),
      byVerb: sums(own, 'verb'),
      notOk: sums(
        own.filter(({ labels }) => labels['outcome'] !== 'ok'),
        'outcome',
      ),
    }
  })
}

function sums(samples: readonly Sample[], label: string): Readonly<Record<string, number>> {
  const groups = Map.groupBy(samples, ({ labels }) => labels[label] ?? '')
  const all = [...groups].map(([name, of]) => [name, of.reduce((sum, { value }) => sum + value, 0)] as const)
  return Object.fromEntries(all.toSorted(([, one], [, other]) => other - one))
}
