import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Asked, HttpClient, type HttpFailure, type HttpOptions, orMissing } from './http.ts'
import { TokenCache } from './token.ts'

const open: { server: Server; client: HttpClient }[] = []
const context = { signal: new AbortController().signal }
const SECRET = 'tok-4711'

async function clientFor(listener: RequestListener, options: Partial<HttpOptions> = {}): Promise<HttpClient> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const client = new HttpClient({
    baseUrl: `http://127.0.0.1:${port}/api/`,
    account: { acquire: () => Promise.resolve() },
    headers: () => ({ authorization: `Bearer ${SECRET}` }),
    secrets: [SECRET],
    ...options,
  })
  open.push({ server, client })
  return client
}

function answering(status: number, body: string, headers: Record<string, string> = {}): RequestListener {
  return (_request, response) => void response.writeHead(status, headers).end(body)
}

const failureOf = (pending: Promise<unknown>): Promise<HttpFailure> =>
  pending.then(
    (value) => expect.unreachable(`answered ${JSON.stringify(value)}`),
    (thrown: HttpFailure) => thrown,
  )

afterEach(async () => {
  for (const { server, client } of open.splice(0)) {
    server.closeAllConnections()
    server.close()
    await client.close()
  }
})

describe('requests', () => {
  test('carry JSON, credentials and the query, and wait for the budget', async () => {
    const acquire = vi.fn<() => Promise<void>>(() => Promise.resolve())
    let seen: unknown
    const client = await clientFor(
      (request, response) => {
        const { method, url, headers } = request
        request.on('data', (chunk: Buffer) => {
          seen = {
            method,
            url,
            agent: headers['user-agent'],
            authorization: headers.authorization,
            type: headers['content-type'],
            body: JSON.parse(chunk.toString()),
          }
          response.end('{"id":"vol-1"}')
        })
      },
      { account: { acquire, userAgent: 'seca-operator/controllers (one)' } },
    )
    const request = { method: 'POST', path: '/volumes', query: { tag: 'a/b c', none: undefined }, body: { size: 1 } } as const
    expect(await client.call(request, context)).toEqual({ id: 'vol-1' })
    expect(seen).toEqual({
      method: 'POST',
      url: '/api/volumes?tag=a%2Fb+c',
      agent: 'seca-operator/controllers (one)',
      authorization: `Bearer ${SECRET}`,
      type: 'application/json',
      body: { size: 1 },
    })
    expect(acquire).toHaveBeenCalledOnce()
  })

  test('an empty answer is undefined', async () => {
    const client = await clientFor(answering(204, ''))
    expect(await client.call({ method: 'DELETE', path: '/x' }, context)).toBeUndefined()
  })

  test('a form is sent as one', async () => {
    const seen: string[] = []
    const client = await clientFor((request, response) => {
      seen.push(String(request.headers['content-type']))
      request.on('data', (chunk: Buffer) => seen.push(chunk.toString()))
      request.on('end', () => response.end())
    })
    await client.call({ method: 'POST', path: '/x', form: { name: 'a b', volume: 'ü' } }, context)
    expect(seen).toEqual(['application/x-www-form-urlencoded', 'name=a+b&volume=%C3%BC'])
  })

  test('what is no JSON is text where it is asked for; failures are read', async () => {
    const yaml = await clientFor(answering(200, 'kind: Config\n'))
    expect(await yaml.call<string>({ method: 'GET', path: '/kubeconfig', raw: true }, context)).toBe('kind: Config\n')
    const refused = await clientFor(answering(400, '{"message":"not yet"}'))
    expect((await failureOf(refused.call({ method: 'GET', path: '/kubeconfig', raw: true }, context))).message).toContain('not yet')
  })

  test('connections are used again', async () => {
    let connections = 0
    const client = await clientFor(answering(200, '{}'))
    open.at(-1)?.server.on('connection', () => connections++)
    for (let i = 0; i < 20; i++) await client.call({ method: 'GET', path: '/x' }, context)
    expect(connections).toBeLessThan(5)
  })
})

describe('failures', () => {
  test.each([
    [400, 'rejected'],
    [401, 'credentials'],
    [403, 'rejected'],
    [404, 'rejected'],
    [409, 'rejected'],
    [422, 'rejected'],
    [408, 'transient'],
    [429, 'throttled'],
    [500, 'transient'],
    [502, 'transient'],
    [503, 'transient'],
    [504, 'transient'],
  ])('%d is %s', async (status, failure) => {
    const client = await clientFor(answering(status, '{"message":"no such size"}'))
    const error = await failureOf(client.call({ method: 'GET', path: '/x' }, context))
    expect(error).toMatchObject({ failure, status })
    expect(error.message).toBe(`no such size (GET /api/x, ${status})`)
  })

  test.each([
    ['{"message":"no"}', 'no'],
    ['<html>Bad Gateway</html>', 'the cloud refused the request'],
    ['', 'the cloud refused the request'],
  ])('the words of %s', async (body, words) => {
    const client = await clientFor(answering(400, body))
    expect((await failureOf(client.call({ method: 'GET', path: '/x' }, context))).message).toBe(`${words} (GET /api/x, 400)`)
  })

  test('an adapter may know better where the words are', async () => {
    const client = await clientFor(answering(400, '{"message":"see code","code":"Q7"}'), {
      words: (body) => `code ${(body as { code: string }).code}`,
    })
    expect((await failureOf(client.call({ method: 'GET', path: '/x' }, context))).message).toBe('code Q7 (GET /api/x, 400)')
  })

  test('tell no secret, even when the cloud does', async () => {
    const client = await clientFor(answering(401, `{"message":"token ${SECRET} has expired"}`))
    expect((await failureOf(client.call({ method: 'GET', path: '/x' }, context))).message).toContain('token [redacted] has expired')
  })

  test.each([
    ['7', 7_000],
    ['0', 1_000],
    ['86400', 300_000],
    [undefined, undefined],
  ])('throttling pauses the account as the cloud says, within bounds: %s', async (header, ms) => {
    const pause = vi.fn<(ms?: number) => void>()
    const observe = vi.fn<() => void>()
    const headers = header === undefined ? undefined : { 'retry-after': header }
    const client = await clientFor(answering(429, '', headers), { account: { acquire: () => Promise.resolve(), pause, observe } })
    const failure = await failureOf(client.call({ method: 'GET', path: '/x' }, context))
    expect([failure.failure, failure.retryAfterMs]).toEqual(['throttled', ms])
    expect(pause).toHaveBeenCalledExactlyOnceWith(ms)
    expect(observe).not.toHaveBeenCalled()
  })

  test('a 503 with Retry-After says when, and pauses nobody else', async () => {
    const pause = vi.fn<(ms?: number) => void>()
    const client = await clientFor(answering(503, '', { 'retry-after': '0' }), { account: { acquire: () => Promise.resolve(), pause } })
    expect(await failureOf(client.call({ method: 'GET', path: '/x' }, context))).toMatchObject({
      failure: 'transient',
      retryAfterMs: 1_000,
    })
    expect(pause).not.toHaveBeenCalled()
  })

  test.each([200, 404])('headers of a %d reach the budget', async (status) => {
    const observe = vi.fn<(headers: Asked['headers']) => void>()
    const client = await clientFor(answering(status, '{}', { 'x-ratelimit-remaining': '3' }), {
      account: { acquire: () => Promise.resolve(), observe },
    })
    await orMissing(client.call({ method: 'GET', path: '/x' }, context))
    expect(observe.mock.calls[0]?.[0]).toMatchObject({ 'x-ratelimit-remaining': '3' })
  })

  test('an adapter may know better what a status means', async () => {
    const asked: Asked[] = []
    const client = await clientFor(answering(409, '{"code":"busy"}', { 'x-why': 'lock' }), {
      classify: (status, _body, about) => {
        asked.push(about)
        return status === 409 ? 'transient' : undefined
      },
    })
    expect(await failureOf(client.call({ method: 'GET', path: '/x' }, context))).toMatchObject({ failure: 'transient' })
    expect(asked).toMatchObject([{ method: 'GET', path: '/api/x', headers: { 'x-why': 'lock' } }])
  })

  test('only what is missing is undefined', async () => {
    const missing = await clientFor(answering(404, '{}'))
    expect(await orMissing(missing.call({ method: 'GET', path: '/x' }, context))).toBeUndefined()
    const broken = await clientFor(answering(500, '{}'))
    await expect(orMissing(broken.call({ method: 'GET', path: '/x' }, context))).rejects.toMatchObject({ status: 500 })
  })

  test('a success that is not JSON is transient', async () => {
    const client = await clientFor(answering(200, '<html>login</html>'))
    expect(await failureOf(client.call({ method: 'GET', path: '/x' }, context))).toMatchObject({ failure: 'transient' })
  })

  test('no connection, a lost answer and no answer in time are transient', async () => {
    const lost = await clientFor((request) => request.socket.resetAndDestroy())
    expect(await failureOf(lost.call({ method: 'POST', path: '/x', body: {} }, context))).toMatchObject({ failure: 'transient' })
    const silent = await clientFor(() => undefined, { timeoutMs: 50 })
    const late = await failureOf(silent.call({ method: 'GET', path: '/x' }, context))
    expect(late).toMatchObject({ failure: 'transient' })
    expect(late.message).toContain('no answer in time')
    const nobody = await clientFor(() => undefined)
    await new Promise((resolve) => open.at(-1)?.server.close(resolve))
    expect((await failureOf(nobody.call({ method: 'GET', path: '/x' }, context))).message).toContain('cannot be reached')
  })

  test('the caller’s abort ends the call', async () => {
    let requests = 0
    const client = await clientFor(() => requests++)
    const controller = new AbortController()
    const pending = failureOf(client.call({ method: 'GET', path: '/x' }, { signal: controller.signal }))
    await vi.waitFor(() => expect(requests).toBe(1))
    controller.abort()
    expect((await pending).message).toBe('the call was cancelled')
    await failureOf(client.call({ method: 'GET', path: '/x' }, { signal: controller.signal }))
    expect(requests).toBe(1)
  })
})

describe('a token', () => {
  /** A cloud that takes only the tokens of `good`, and gives out `t1`, `t2`, … */
  async function cloud(...good: readonly string[]) {
    let made = 0
    const token = new TokenCache({ fetch: () => Promise.resolve({ value: `t${++made}` }) })
    const seen: (string | undefined)[] = []
    const listener: RequestListener = (request, response) => {
      seen.push(request.headers.authorization)
      const isGood = good.some((one) => request.headers.authorization === `Bearer ${one}`)
      answering(isGood ? 200 : 401, `{"message":"token ${request.headers.authorization?.slice(7)} is bad"}`)(request, response)
    }
    return { client: await clientFor(listener, { headers: () => ({}), token }), seen }
  }

  test('is renewed after a 401, once, and kept', async () => {
    const { client, seen } = await cloud('t2')
    await client.call({ method: 'GET', path: '/x' }, context)
    await client.call({ method: 'GET', path: '/x' }, context)
    expect(seen).toEqual(['Bearer t1', 'Bearer t2', 'Bearer t2'])
  })

  test('that is refused when it is new means wrong credentials, and is not told', async () => {
    const { client, seen } = await cloud()
    const failure = await failureOf(client.call({ method: 'GET', path: '/x' }, context))
    expect([failure.failure, failure.message, seen.length]).toEqual(['credentials', 'token [redacted] is bad (GET /api/x, 401)', 2])
  })
})
