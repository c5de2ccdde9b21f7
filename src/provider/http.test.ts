import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { HttpClient, type HttpFailure, type HttpOptions, orMissing, parseRetryAfter } from './http.ts'

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
          seen = { method, url, authorization: headers.authorization, type: headers['content-type'], body: JSON.parse(chunk.toString()) }
          response.end('{"id":"vol-1"}')
        })
      },
      { account: { acquire } },
    )
    const request = { method: 'POST', path: '/volumes', query: { tag: 'a/b c', none: undefined }, body: { size: 1 } } as const
    expect(await client.call(request, context)).toEqual({ id: 'vol-1' })
    expect(seen).toEqual({
      method: 'POST',
      url: '/api/volumes?tag=a%2Fb+c',
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
    [403, 'credentials'],
    [404, 'rejected'],
    [409, 'rejected'],
    [422, 'rejected'],
    [408, 'transient'],
    [429, 'throttled'],
    [500, 'transient'],
    [503, 'transient'],
  ])('%d is %s', async (status, failure) => {
    const client = await clientFor(answering(status, '{"message":"no such size"}'))
    const error = await failureOf(client.call({ method: 'GET', path: '/x' }, context))
    expect(error).toMatchObject({ failure, status })
    expect(error.message).toBe(`no such size (GET /api/x, ${status})`)
  })

  test.each([
    ['{"error":{"code":"Q","message":"quota"}}', 'quota'],
    ['{"badRequest":{"message":"bad size","code":400}}', 'bad size'],
    ['{"messages":[{"errorCode":"1","message":"wrong"}]}', 'wrong'],
    ['{"errors":[{"detail":"deep"}]}', 'deep'],
    ['<html>Bad Gateway</html>', 'the cloud refused the request'],
    ['', 'the cloud refused the request'],
  ])('the words of %s', async (body, words) => {
    const client = await clientFor(answering(400, body))
    expect((await failureOf(client.call({ method: 'GET', path: '/x' }, context))).message).toBe(`${words} (GET /api/x, 400)`)
  })

  test('tell no secret, even when the cloud does', async () => {
    const client = await clientFor(answering(401, `{"message":"token ${SECRET} has expired"}`))
    expect((await failureOf(client.call({ method: 'GET', path: '/x' }, context))).message).toContain('token [redacted] has expired')
  })

  test('throttling pauses the account for as long as the cloud says', async () => {
    const pause = vi.fn<(ms: number) => void>()
    const client = await clientFor(answering(429, '', { 'retry-after': '7' }), { account: { acquire: () => Promise.resolve(), pause } })
    expect(await failureOf(client.call({ method: 'GET', path: '/x' }, context))).toMatchObject({ failure: 'throttled', retryAfterMs: 7000 })
    expect(pause).toHaveBeenCalledExactlyOnceWith(7000)
  })

  test('an adapter may know better what a status means', async () => {
    const client = await clientFor(answering(409, '{"code":"busy"}'), { classify: (status) => (status === 409 ? 'transient' : undefined) })
    expect(await failureOf(client.call({ method: 'GET', path: '/x' }, context))).toMatchObject({ failure: 'transient' })
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

test.each([
  ['120', 120_000],
  ['0', 0],
  ['0.5', 500],
  ['Wed, 21 Oct 2015 07:28:10 GMT', 10_000],
  ['Wed, 21 Oct 2015 07:27:00 GMT', 0],
  ['soon', undefined],
  [undefined, undefined],
])('Retry-After %s is %s ms', (header, ms) => expect(parseRetryAfter(header, Date.parse('Wed, 21 Oct 2015 07:28:00 GMT'))).toBe(ms))
