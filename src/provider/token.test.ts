import { expect, test, vi } from 'vitest'
import { ProviderError } from './errors.ts'
import { type Token, TokenCache } from './token.ts'

const context = { signal: new AbortController().signal }

function rig(expiresInMs?: number) {
  const clock = { now: 0 }
  let made = 0
  const fetch = vi.fn<() => Promise<Token>>(() =>
    Promise.resolve({ value: `t${++made}`, ...(expiresInMs === undefined ? {} : { expiresInMs }) }),
  )
  return { clock, fetch, cache: new TokenCache({ fetch, now: () => clock.now }) }
}

test('many callers, one fetch', async () => {
  const { cache, fetch } = rig()
  expect(await Promise.all([cache.get(context), cache.get(context), cache.get(context)])).toEqual(['t1', 't1', 't1'])
  expect(await cache.get(context)).toBe('t1')
  expect(fetch).toHaveBeenCalledOnce()
})

test.each([
  [3_600_000, 3_539_999],
  [10_000, 4_999],
])('a token of %d ms is renewed after %d ms, before it ends', async (expiresInMs, lastMs) => {
  const { cache, clock } = rig(expiresInMs)
  await cache.get(context)
  clock.now = lastMs
  expect(await cache.get(context)).toBe('t1')
  clock.now++
  expect(await cache.get(context)).toBe('t2')
})

test('a refused token is fetched anew; a late refusal of an older one changes nothing', async () => {
  const { cache } = rig()
  await cache.get(context)
  cache.refuse('t1')
  expect(await cache.get(context)).toBe('t2')
  cache.refuse('t1')
  expect(await cache.get(context)).toBe('t2')
  expect(cache.secrets).toEqual(['t2', 't1'])
})

test('who gives up waits no longer, and takes nothing from the others', async () => {
  const { cache, fetch } = rig()
  const answer = Promise.withResolvers<Token>()
  fetch.mockReturnValueOnce(answer.promise)
  const controller = new AbortController()
  const impatient = cache.get({ signal: controller.signal })
  const patient = cache.get(context)
  controller.abort()
  await expect(impatient).rejects.toMatchObject({ failure: 'transient' })
  answer.resolve({ value: 'late' })
  expect(await patient).toBe('late')
  await expect(cache.get({ signal: AbortSignal.abort() })).resolves.toBe('late')
})

test('a refusal of the token endpoint is one of the credentials; trouble is not, and is not kept', async () => {
  const { cache, fetch } = rig()
  fetch.mockRejectedValueOnce(new ProviderError('rejected', 'invalid_client'))
  await expect(cache.get(context)).rejects.toMatchObject({ failure: 'credentials', message: 'invalid_client' })
  fetch.mockRejectedValueOnce(new ProviderError('transient', 'no answer'))
  await expect(cache.get(context)).rejects.toMatchObject({ failure: 'transient' })
  expect(await cache.get(context)).toBe('t1')
})
