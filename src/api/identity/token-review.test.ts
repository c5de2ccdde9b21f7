import { expect, onTestFinished, test } from 'vitest'
import { serve, type Seen, until } from '../../kube/testing.ts'
import { TokenReviews } from './token-review.ts'

const KNOWN = { status: { authenticated: true, user: { username: 'joe' } } }

async function start(answer: (seen: Seen) => void) {
  const kube = await serve(answer)
  onTestFinished(kube.close)
  const reviews = new TokenReviews(kube.client)
  const ask = (token: string) =>
    reviews.authenticate(token).then(
      ({ username }) => username,
      (error: { code: string }) => error.code,
    )
  return { ask, seen: kube.seen }
}

test('requests with one token share one question, and the answer counts for all', async () => {
  const { ask, seen } = await start((request) => request.json(201, KNOWN))
  expect(new Set(await Promise.all(Array.from({ length: 50 }, () => ask('good'))))).toEqual(new Set(['joe']))
  expect(await ask('good')).toBe('joe')
  expect(seen).toHaveLength(1)
})

test('many unknown tokens take few connections; the line has an end, and those in it get their turn', async () => {
  const open: Seen[] = []
  const { ask, seen } = await start((request) => void open.push(request))
  const flood = Array.from({ length: 400 }, (_, index) => ask(`x${index}`))
  const rest = Promise.all(flood)
  await until(() => seen.length === 4)
  const late = ask('late')
  expect(await late).toBe('IdentityUnavailable')
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(seen).toHaveLength(4)
  const answering = setInterval(() => {
    for (const request of open.splice(0)) request.json(201, { status: { authenticated: false } })
  }, 1)
  onTestFinished(() => clearInterval(answering))
  const answers = await rest
  expect(answers.filter((one) => one === 'Unauthenticated')).toHaveLength(260)
  expect(answers.filter((one) => one === 'IdentityUnavailable')).toHaveLength(140)
  expect(await ask('x399')).toBe('Unauthenticated')
})

test.each([
  [500, {}],
  [403, { kind: 'Status', code: 403 }],
])('an apiserver that answers %i has not said no', async (status, body) => {
  const { ask } = await start((request) => request.json(status, body))
  expect(await ask('good')).toBe('IdentityUnavailable')
})

test.each([
  {},
  { status: {} },
  { status: { authenticated: false, error: 'invalid bearer token' } },
  { status: { authenticated: true } },
  { status: { authenticated: true, user: { username: '' } } },
])('%j names nobody', async (review) => {
  const { ask } = await start((request) => request.json(201, review))
  expect(await ask('bad')).toBe('Unauthenticated')
})
