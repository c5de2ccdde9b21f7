import { describe, expect, it, vi } from 'vitest'
import type { Swept } from '../provider/contract.ts'
import { breather, sweep, type SweepOptions } from './sweep.ts'

const item = (tag: string, found: string = tag): Swept => ({ tag, externalId: tag, found })

/** Sweeps a list for `a`, `b` and `c`, of which those are in order whose entry says so; answers the findings. */
async function swept(list: SweepOptions['list'], options: Partial<SweepOptions> = {}) {
  const findings: string[] = []
  await sweep({
    list,
    expected: new Map(['a', 'b', 'c'].map((tag) => [tag, tag.toUpperCase()])),
    isInOrder: (_id, found) => Promise.resolve(found !== 'bad'),
    onFinding: (id, finding) => findings.push(`${id} ${finding}`),
    timeoutMs: 1_000,
    signal: new AbortController().signal,
    ...options,
  })
  return findings
}
const listOf = (...items: Swept[]): SweepOptions['list'] =>
  async function* () {
    yield* items
  }

describe('a sweep', () => {
  it('says of all that is expected what the list has of it, and nothing of anything else', async () =>
    expect(await swept(listOf(item('b', 'bad'), item('foreign'), item('a'), item('a')))).toEqual([
      'B differs',
      'A in order',
      'A twice',
      'C missing',
    ]))

  it('knows objects by the short form of their tag, too', async () => {
    const expected = new Map([
      ['a', 'A'],
      ['seca-a', 'A'],
    ])
    expect(await swept(listOf({ tagKey: 'seca-a', externalId: '1', found: null }), { expected })).toEqual(['A in order'])
  })

  it('that breaks off says nothing of what it has not come to', async () => {
    const findings: string[] = []
    const broken = async function* () {
      yield item('a')
      await Promise.reject(new Error('gone'))
    }
    await expect(swept(broken, { onFinding: (id) => findings.push(id) })).rejects.toThrow('gone')
    expect(findings).toEqual(['A'])
  })

  it('gives up a list that does not go on, whatever the adapter makes of its signal', async () => {
    vi.useFakeTimers()
    let signal: AbortSignal | undefined
    const list: SweepOptions['list'] = async function* (given) {
      signal = given
      yield item('a')
      await new Promise(() => undefined)
    }
    await Promise.all([
      expect(swept(list)).rejects.toThrow("the cloud's list did not go on within 1 s"),
      vi.advanceTimersByTimeAsync(1_000),
    ])
    expect(signal?.aborted).toBe(true)
    vi.useRealTimers()
  })

  it('ends with leadership, between two objects as well as while it waits', async () => {
    const stop = new AbortController()
    setTimeout(() => stop.abort(new Error('no leader any more')))
    await Promise.all([
      expect(swept(() => forever(), { signal: stop.signal })).rejects.toThrow('no leader any more'),
      expect(swept(() => endless(), { signal: stop.signal })).rejects.toThrow('no leader any more'),
    ])
    await expect(swept(listOf(item('a')), { signal: stop.signal })).rejects.toThrow('no leader any more')
  })
})

async function* forever(): AsyncGenerator<Swept> {
  await new Promise(() => undefined)
  yield item('a')
}

async function* endless(): AsyncGenerator<Swept> {
  for (;;) {
    await Promise.resolve()
    yield item('a')
  }
}

it('lets others work after each slice of time', async () => {
  let now = 0
  const rest = breather(() => now)
  expect(rest()).toBeUndefined()
  now = 8
  const turn = rest()
  expect(turn).toBeInstanceOf(Promise)
  now = 20
  await turn
  // The time of the others does not count.
  expect(rest()).toBeUndefined()
})
