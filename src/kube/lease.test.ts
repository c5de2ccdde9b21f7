import { expect, onTestFinished, test } from 'vitest'
import { LeaseElector, StuckError } from './lease.ts'
import { FakeClock, serve, silentLog, until } from './testing.ts'

interface Stored {
  metadata: { name: string; resourceVersion: string }
  spec: { holderIdentity: string; renewTime: string; leaseDurationSeconds: number; leaseTransitions: number }
}

/** An apiserver with one Lease and optimistic locking, which can be made to fail. */
async function leases() {
  const state: { lease: Stored | undefined; version: number; broken: boolean; answers: Promise<void> } = {
    lease: undefined,
    version: 0,
    broken: false,
    answers: Promise.resolve(),
  }
  const server = await serve(({ method, body, json }) => {
    const status = (code: number) => json(code, { kind: 'Status', code })
    if (state.broken) return status(500)
    if (method === 'GET') return state.lease ? json(200, state.lease) : status(404)
    const sent = JSON.parse(body) as Stored
    // What the real one refuses with 400.
    if (!/\.\d{6}Z$/.test(sent.spec.renewTime)) return status(400)
    const stale = method === 'POST' ? state.lease !== undefined : state.lease?.metadata.resourceVersion !== sent.metadata.resourceVersion
    if (stale) return status(409)
    state.lease = { ...sent, metadata: { ...sent.metadata, resourceVersion: String(++state.version) } }
    const answer = state.lease
    void state.answers.then(() => json(200, answer))
  })
  const clock = new FakeClock()
  const electors: { stop: AbortController; done: Promise<void> }[] = []
  onTestFinished(async () => {
    for (const { stop } of electors) stop.abort()
    const ticking = setInterval(() => clock.advance(1_000), 1)
    await Promise.all(electors.map(({ done }) => done.catch(() => undefined)))
    clearInterval(ticking)
    await server.close()
  })
  const elect = (
    identity: string,
    lead?: (signal: AbortSignal) => Promise<void>,
    ownClock = clock,
    times: { leaseMs?: number; renewMs?: number } = {},
  ) => {
    const elector = new LeaseElector({
      ...times,
      client: server.client,
      namespace: 'ns',
      name: 'shard-0',
      identity,
      log: silentLog,
      clock: ownClock,
      random: () => 0.5,
    })
    const stop = new AbortController()
    const seen = { leads: 0, lost: 0, leading: false }
    const body = async (signal: AbortSignal) => {
      seen.leads++
      seen.leading = true
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      seen.leading = false
      if (!stop.signal.aborted) seen.lost++
    }
    const done = elector.run({ signal: stop.signal, lead: lead ?? body })
    electors.push({ stop, done })
    return { elector, stop, done, seen }
  }
  /** Moves time in small steps, letting the requests of each happen. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 500) {
      clock.advance(500)
      await new Promise((resolve) => setTimeout(resolve, 8))
    }
  }
  return { state, elect, pass, clock, server }
}

test('one leads, the other takes over when it lets go', async () => {
  const { state, elect, clock } = await leases()
  const a = elect('a')
  await until(() => a.seen.leading)
  expect(state.lease?.spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 })
  const b = elect('b')
  await until(() => clock.sleeping === 2)
  expect(b.seen.leading).toBe(false)
  expect(b.elector.remainingMs()).toBe(0)
  a.stop.abort()
  await a.done
  expect(state.lease?.spec.holderIdentity).toBe('')
  expect(a.elector.remainingMs()).toBe(0)
  clock.advance(2_000)
  await until(() => b.seen.leading)
  expect(state.lease?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 })
})

test('a leader that is gone is followed after its lease, by our own clock', async () => {
  const { state, elect, clock, pass } = await leases()
  // Its times are far in the future: clocks may differ.
  state.lease = {
    metadata: { name: 'shard-0', resourceVersion: '1' },
    spec: { holderIdentity: 'dead', renewTime: '2199-01-01T00:00:00.000000Z', leaseDurationSeconds: 15, leaseTransitions: 3 },
  }
  state.version = 1
  const b = elect('b')
  await until(() => clock.sleeping === 1)
  await pass(14_000)
  expect(b.seen.leads).toBe(0)
  await pass(6_000)
  await until(() => b.seen.leading)
  expect(state.lease?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 4 })
})

test('a leader that renews is never followed', async () => {
  const { elect, pass } = await leases()
  const a = elect('a')
  await until(() => a.seen.leading)
  const b = elect('b')
  await pass(60_000)
  expect({ a: a.seen.leads, b: b.seen.leads, lost: a.seen.lost }).toEqual({ a: 1, b: 0, lost: 0 })
  expect(a.elector.remainingMs()).toBeGreaterThan(7_000)
})

test('who cannot renew stops leading before another may begin, and comes back', async () => {
  const { state, elect, pass } = await leases()
  const a = elect('a')
  await until(() => a.seen.leading)
  state.broken = true
  await pass(8_000)
  expect(a.seen.leading).toBe(true)
  await pass(5_000)
  await until(() => a.seen.lost === 1)
  expect(a.elector.remainingMs()).toBe(0)
  state.broken = false
  await pass(4_000)
  await until(() => a.seen.leads === 2)
})

test('a lease taken by force is lost at once', async () => {
  const { state, elect, pass } = await leases()
  const a = elect('a')
  await until(() => a.seen.leading)
  const lease = state.lease as Stored
  state.lease = {
    metadata: { ...lease.metadata, resourceVersion: String(++state.version) },
    spec: { ...lease.spec, holderIdentity: 'thief' },
  }
  await pass(5_000)
  await until(() => a.seen.lost === 1)
  expect(state.lease.spec.holderIdentity).toBe('thief')
})

test('the lease is kept until the work has ended, and let go when it fails', async () => {
  const { state, elect, pass } = await leases()
  const work = Promise.withResolvers<void>()
  let stopping = false
  let leading = false
  const a = elect('a', async (signal) => {
    leading = true
    signal.addEventListener('abort', () => (stopping = true))
    await work.promise
  })
  await until(() => leading)
  a.stop.abort()
  await until(() => stopping)
  const before = state.version
  await pass(6_000)
  expect(state.lease?.spec.holderIdentity).toBe('a')
  expect(state.version).toBeGreaterThan(before)
  work.resolve()
  await a.done
  expect(state.lease?.spec.holderIdentity).toBe('')

  const failing = elect('c', () => Promise.reject(new Error('boom')))
  await expect(failing.done).rejects.toThrow('boom')
  expect(state.lease?.spec.holderIdentity).toBe('')
})

test('who is stopped while asking does not keep what it got', async () => {
  const { state, elect } = await leases()
  const answers = Promise.withResolvers<void>()
  state.answers = answers.promise
  const a = elect('a')
  // The server has said yes, and the answer is on its way.
  await until(() => state.lease !== undefined)
  a.stop.abort()
  answers.resolve()
  await a.done
  expect(state.lease?.spec.holderIdentity).toBe('')
})

test('who was stopped knows at the first look, before any timer or answer, and leads again only by winning', async () => {
  const { elect, clock, state } = await leases()
  const terms: AbortSignal[] = []
  const a = elect('a', (signal) => {
    terms.push(signal)
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
  })
  await until(() => terms.length === 1)
  expect([a.elector.holds(), terms[0]?.aborted]).toEqual([true, false])
  const version = state.version
  // The process, or the whole machine, stood still: its timers are late, too.
  const now = clock.now()
  clock.now = () => now + 10_001
  expect([a.elector.remainingMs(), terms[0]?.aborted]).toEqual([0, false])
  expect([a.elector.holds(), terms[0]?.aborted]).toEqual([false, true])
  expect(state.version).toBe(version)
  await until(() => terms.length === 2)
  expect(a.elector.holds()).toBe(true)
})

test('who was stopped for longer than its lease, and goes on, does nothing beside the other', async () => {
  const { elect, pass } = await leases()
  const stopped = new FakeClock()
  const a = elect('a', undefined, stopped)
  await until(() => a.seen.leading)
  const b = elect('b')
  await pass(20_000)
  await until(() => b.seen.leading)
  // Time has passed for it as well; nothing that it planned has run yet.
  const now = stopped.now()
  stopped.now = () => now + 20_000
  expect([a.elector.holds(), b.elector.holds()]).toEqual([false, true])
  await until(() => a.seen.lost === 1)
  stopped.advance(2_000)
  await pass(4_000)
  expect({ a: a.seen.leads, b: b.seen.leads, lost: b.seen.lost }).toEqual({ a: 1, b: 1, lost: 0 })
})

test('there is a margin, whatever the settings say', async () => {
  const { elect } = await leases()
  const a = elect('a', undefined, undefined, { leaseMs: 2_000, renewMs: 1_999 })
  await until(() => a.seen.leading)
  expect(a.elector.remainingMs()).toBe(1_800)
})

test.each(['lost', 'to end'])('work that ignores that leadership is %s ends the process after a while', async (how) => {
  const { state, elect, pass, clock } = await leases()
  const begun = Promise.withResolvers<void>()
  const a = elect('a', () => {
    begun.resolve()
    return new Promise(() => undefined)
  })
  const failure = a.done.catch((error: unknown) => error)
  await begun.promise
  if (how === 'lost') state.broken = true
  else a.stop.abort()
  await pass(how === 'lost' ? 40_000 : 20_000)
  expect(await failure).toBeInstanceOf(StuckError)
  await expect(a.done).rejects.toThrow('did not end within 15 s after leadership')
  // Others wait until it has expired: the work may still be going on.
  expect(state.lease?.spec.holderIdentity).toBe('a')
  expect([a.elector.holds(), clock.sleeping]).toEqual([false, 0])
})

test('deleting the lease of a leader makes no second one', async () => {
  const { state, elect, pass, clock } = await leases()
  const a = elect('a', undefined, new FakeClock())
  await until(() => a.seen.leading)
  const b = elect('b')
  await until(() => clock.sleeping === 1)
  await pass(3_000)
  state.lease = undefined
  await pass(10_000)
  expect(b.seen.leads).toBe(0)
  await pass(6_000)
  await until(() => b.seen.leading)
})
