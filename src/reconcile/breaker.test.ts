import { expect, test } from 'vitest'
import { untilAborted } from '../deadline.ts'
import type { CallContext } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import { HttpFailure } from '../provider/http.ts'
import { createBreaker } from './breaker.ts'

const signal = new AbortController().signal
const silence = () => Promise.reject(new ProviderError('transient', 'no answer in time'))
const answer = () => Promise.resolve('ok')
const refusal =
  (status: number, failure: 'transient' | 'rejected' = 'transient') =>
  () =>
    Promise.reject(new HttpFailure(failure, String(status), { status, body: undefined }))

function rig() {
  const clock = { now: 0 }
  const breaker = createBreaker({ account: 'CloudProvider "sim"', now: () => clock.now })
  let sent = 0
  const run = async (who: string, call: () => Promise<unknown>, context: Partial<CallContext> = {}) =>
    // As those who call do: nobody waits for longer than the signal says.
    untilAborted(
      breaker.run(who, { signal, ...context }, () => {
        sent++
        return call()
      }),
      context.signal ?? signal,
    ).then(String, (error: Error) => (error instanceof ProviderError && error.isHeld ? 'held' : 'failed'))
  const open = async () => {
    for (let i = 0; i < 5; i++) await run(`o${i}`, silence)
    sent = 0
  }
  return { clock, breaker, run, open, sent: () => sent }
}

test('of 400 objects in a cloud that does not answer, a few ask', async () => {
  const { clock, run, sent } = rig()
  // Each tries again every 30 s, for ten minutes.
  for (let round = 0; round < 20; round++)
    for (let i = 0; i < 400; i++) {
      clock.now += 75
      await run(`o${i}`, silence)
    }
  expect(sent()).toBeLessThan(60)
})

test('the first answer lets all go on, even one that refuses', async () => {
  for (const call of [answer, refusal(404, 'rejected'), refusal(500)]) {
    const { clock, run, open } = rig()
    await open()
    expect(await run('a', answer)).toBe('held')
    clock.now += 1_000
    await run('b', call)
    expect(await run('a', answer)).toBe('ok')
  }
})

test('one probe at a time, and less often the longer it takes', async () => {
  const { clock, run, open, sent } = rig()
  await open()
  clock.now += 1_000
  const probe = Promise.withResolvers<never>()
  const pending = run('a', () => probe.promise)
  expect(await run('b', answer)).toBe('held')
  probe.reject(new ProviderError('transient', 'refused'))
  expect(await pending).toBe('failed')
  clock.now += 1_999
  expect(await run('b', silence)).toBe('held')
  clock.now++
  expect(await run('b', silence)).toBe('failed')
  expect(sent()).toBe(2)
})

test('who is kept back while a probe is on its way comes back no sooner than the next probe would', async () => {
  const { clock, breaker, run, open } = rig()
  await open()
  clock.now += 1_000
  const probe = Promise.withResolvers<string>()
  const pending = run('a', () => probe.promise)
  clock.now += 30_000
  await expect(breaker.run('b', { signal }, answer)).rejects.toMatchObject({ isHeld: true, retryAfterMs: 2_000 })
  probe.resolve('ok')
  expect([await pending, await run('b', answer)]).toEqual(['ok', 'ok'])
})

test('who is kept back is told when to come again', async () => {
  const { breaker, open } = rig()
  await open()
  await expect(breaker.run('a', { signal }, answer)).rejects.toMatchObject({
    failure: 'transient',
    isHeld: true,
    retryAfterMs: 1_000,
    message: expect.stringContaining('CloudProvider "sim" does not answer'),
  })
})

test('a change of a user tries at once: its part of the cloud may be well', async () => {
  const { run, open } = rig()
  await open()
  const hanging = Promise.withResolvers<string>()
  const changes = [1, 2, 3].map((i) => run(`change-${i}`, () => hanging.promise, { priority: 'high' }))
  expect(await run('one too many', answer, { priority: 'high' })).toBe('held')
  hanging.resolve('ok')
  expect(await Promise.all(changes)).toEqual(['ok', 'ok', 'ok'])
})

test('one object in trouble, and failures between answers, keep nobody back', async () => {
  const { run, sent } = rig()
  for (let i = 0; i < 20; i++) await run('same', silence)
  for (let i = 0; i < 20; i++) {
    await run(`o${i}`, silence)
    await run('well', answer)
  }
  for (let i = 0; i < 20; i++) await run(`p${i}`, refusal(500))
  expect(sent()).toBe(80)
})

test.each([502, 503, 504])('a gateway’s %d is no answer of the cloud', async (status) => {
  const { run } = rig()
  for (let i = 0; i < 5; i++) await run(`o${i}`, refusal(status))
  expect(await run('next', answer)).toBe('held')
})

test('a call that ignores its time limit counts as silence; one that was never sent, or that nobody wants any more, does not', async () => {
  const { run } = rig()
  const end = async (who: string, reason: DOMException, make: (inner: AbortSignal) => Promise<unknown>) => {
    const controller = new AbortController()
    const pending = run(who, () => make(controller.signal), { signal: controller.signal })
    controller.abort(reason)
    await pending
  }
  const timeout = new DOMException('late', 'TimeoutError')
  const never = () => new Promise(() => undefined)
  const inLine = (inner: AbortSignal) =>
    new Promise((_, reject) => {
      inner.addEventListener('abort', () => reject(new ProviderError('transient', 'cancelled', { isHeld: true })))
    })
  for (let i = 0; i < 5; i++) await end(`line-${i}`, timeout, inLine)
  for (let i = 0; i < 5; i++) await end(`lost-${i}`, new DOMException('no leader', 'AbortError'), never)
  expect(await run('a', answer)).toBe('ok')
  for (let i = 0; i < 5; i++) await end(`deaf-${i}`, timeout, never)
  expect(await run('a', answer)).toBe('held')
})
