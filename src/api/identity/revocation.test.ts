import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import type { Answer } from './issuer-fetch.ts'
import { Revocation } from './revocation.ts'

const log = pino({ level: 'silent' })
const GOOD: Answer = { status: 200, body: { sub: 'alice' } }
const REVOKED: Answer = { status: 401, body: undefined }

/** Time moves by hand; the issuer answers what it is told to. */
function start(first: Answer | Error = GOOD) {
  const state = { now: 0, answer: first, asked: [] as string[], discovered: 0, wait: undefined as Promise<void> | undefined }
  const revocation = new Revocation({
    endpoint: () => (state.discovered++, Promise.resolve(`https://iss/userinfo-${state.discovered}`)),
    async fetchJson(url, headers = {}) {
      state.asked.push(`${url} ${headers['authorization']}`)
      await state.wait
      if (state.answer instanceof Error) throw state.answer
      return state.answer
    },
    log,
    lastGoodMs: 600_000,
    now: () => state.now,
  })
  const check = (token = 't', subject = 'alice') =>
    revocation.check(token, `hash of ${token}`, subject).then(
      () => 'good',
      (error: { code: string }) => error.code,
    )
  return { state, check }
}
const settle = () => new Promise((resolve) => setTimeout(resolve, 5))

describe('the userinfo endpoint', () => {
  it('is asked at most twice a minute for a token, before anybody has to wait, and its word counts', async () => {
    const { state, check } = start()
    for (; state.now < 29_000; state.now += 1_000) expect(await check()).toBe('good')
    expect(state.asked).toEqual(['https://iss/userinfo-1 Bearer t'])
    state.answer = REVOKED
    state.now = 30_001
    expect(await check()).toBe('good')
    await settle()
    expect(await check()).toBe('Unauthenticated')
    expect(state.asked).toHaveLength(2)
    // It stays revoked while nobody says otherwise.
    state.answer = new Error('down')
    state.now += 60_001
    expect(await check()).toBe('Unauthenticated')
  })

  it('is asked for the token that nobody used for a while before that is let in', async () => {
    const { state, check } = start()
    expect(await check()).toBe('good')
    state.answer = REVOKED
    state.now = 60_001
    expect(await check()).toBe('Unauthenticated')
  })

  const trouble: readonly [string, Answer | Error][] = [
    ['no connection', new Error('ECONNREFUSED')],
    ['no JSON', { status: 200, body: undefined }],
    ['no subject', { status: 200, body: { name: 'Alice' } }],
    ['an empty subject', { status: 200, body: { sub: '' } }],
    ['another subject', { status: 200, body: { sub: 'bob' } }],
    ['a subject in another case', { status: 200, body: { sub: 'Alice' } }],
    ['a list', { status: 200, body: [{ sub: 'alice' }] }],
    ['a list of subjects', { status: 200, body: { sub: ['alice'] } }],
    ['null', { status: 200, body: null }],
    ['a text', { status: 200, body: 'alice' }],
    ['a number', { status: 200, body: 7 }],
    ['an inherited subject', { status: 200, body: JSON.parse('{"__proto__": {"sub": "alice"}}') as unknown }],
    ...[201, 204, 301, 302, 307, 400, 403, 404, 407, 429, 500, 502, 503].map((status): [string, Answer] => [
      `${status}`,
      { status, body: { sub: 'alice' } },
    ]),
  ]
  it.each(trouble)('is in trouble with %s: nobody knows, or the last answer for a bounded time', async (_, answer) => {
    const { state, check } = start(answer)
    expect(await check()).toBe('IdentityUnavailable')
    const known = start()
    expect(await known.check()).toBe('good')
    known.state.answer = answer
    known.state.now = 500_000
    expect(await known.check()).toBe('good')
    known.state.now = 599_000
    expect(await known.check()).toBe('good')
    known.state.now = 600_001
    expect(await known.check()).toBe('IdentityUnavailable')
    known.state.answer = GOOD
    known.state.now += 2_000
    expect(await known.check()).toBe('good')
    state.answer = GOOD
    state.now += 2_000
    expect(await check()).toBe('good')
  })

  it('that hangs holds nobody up who has an answer, and others share one question', async () => {
    const { state, check } = start()
    expect(await check()).toBe('good')
    const hanging = Promise.withResolvers<void>()
    state.wait = hanging.promise
    state.now = 31_000
    for (let index = 0; index < 50; index++) expect(await check()).toBe('good')
    const fresh = Array.from({ length: 50 }, () => check('new'))
    await settle()
    expect(state.asked).toHaveLength(3)
    state.answer = new Error('timed out')
    hanging.resolve()
    expect(new Set(await Promise.all(fresh))).toEqual(new Set(['IdentityUnavailable']))
    // In trouble, it is left alone for a while; then it is asked in the background.
    expect([await check('new'), await check()]).toEqual(['IdentityUnavailable', 'good'])
    expect(state.asked).toHaveLength(3)
    state.wait = new Promise(() => undefined)
    state.now = 90_000
    for (let index = 0; index < 50; index++) expect(await check()).toBe('good')
    expect(state.asked).toHaveLength(4)
  })

  it('that moved is found again', async () => {
    const { state, check } = start()
    expect(await check()).toBe('good')
    state.answer = { status: 404, body: undefined }
    state.now = 61_000
    expect(await check()).toBe('good')
    state.answer = GOOD
    state.now = 64_000
    await check()
    await settle()
    expect(state.asked.map((one) => one.split(' ')[0])).toEqual([
      'https://iss/userinfo-1',
      'https://iss/userinfo-1',
      'https://iss/userinfo-2',
    ])
  })
})
