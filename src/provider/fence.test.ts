import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { ProviderError } from './errors.ts'
import { HttpClient } from './http.ts'

const context = { signal: new AbortController().signal }
let isHeld = true
let asked = 0
const fence = {
  check() {
    asked++
    if (!isHeld) throw new ProviderError('transient', 'leadership is not sure')
  },
}
afterEach(() => {
  isHeld = true
  asked = 0
})

/** A cloud that says what it saw, and a client with one connection; `hold` keeps answers back. */
async function cloud({ hold = false, acquire = () => Promise.resolve() } = {}) {
  const seen: string[] = []
  const held: ServerResponse[] = []
  const arrived = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    request.resume()
    if (hold) held.push(response)
    else response.end('{}')
    arrived.resolve()
  })
  let connections = 0
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const client = new HttpClient({
    baseUrl: `http://127.0.0.1:${port}`,
    account: { acquire, fence },
    headers: () => ({}),
    secrets: [],
    connections: 1,
  })
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await client.close()
  })
  const answer = () => {
    hold = false
    for (const response of held.splice(0)) response.end('{}')
  }
  return { seen, client, answer, arrived: arrived.promise, connections: () => connections }
}

const outcome = (pending: Promise<unknown>) =>
  pending.then(
    () => 'answered',
    (error: ProviderError) => `${error.failure}: ${error.message}`,
  )

describe('the fence', () => {
  it('lets changes out while it holds, and is not asked for what changes nothing', async () => {
    const { client, seen } = await cloud()
    await client.call({ method: 'GET', path: '/a' }, context)
    await client.call({ method: 'POST', path: '/token', changes: false }, context)
    expect(asked).toBe(0)
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) await client.call({ method, path: '/b' }, context)
    expect([asked, seen.length]).toEqual([4, 6])
  })

  it('stops every change, whatever the body, and leaves the connection to reads', async () => {
    const { client, seen, connections } = await cloud()
    await client.call({ method: 'GET', path: '/a' }, context)
    isHeld = false
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const)
      expect(await outcome(client.call({ method, path: '/b', body: { size: 1 } }, context))).toBe('transient: leadership is not sure')
    expect(await outcome(client.call({ method: 'GET', path: '/c', changes: true }, context))).toBe('transient: leadership is not sure')
    await client.call({ method: 'GET', path: '/d' }, context)
    expect([seen, connections()]).toEqual([['GET /a', 'GET /d'], 1])
  })

  it('is asked when a connection is free, not when the request is queued for one', async () => {
    const { client, seen, answer, arrived } = await cloud({ hold: true })
    const first = outcome(client.call({ method: 'GET', path: '/slow' }, context))
    await arrived
    const queued = outcome(client.call({ method: 'POST', path: '/volumes', body: {} }, context))
    const read = outcome(client.call({ method: 'GET', path: '/after' }, context))
    // All three are with the pool by now.
    await new Promise((resolve) => setImmediate(resolve))
    expect(asked).toBe(0)
    isHeld = false
    answer()
    expect(await Promise.all([first, queued, read])).toEqual(['answered', 'transient: leadership is not sure', 'answered'])
    expect([asked, seen]).toEqual([1, ['GET /slow', 'GET /after']])
  })

  it('is asked after the budget, and after the connection is made', async () => {
    const turn = Promise.withResolvers<void>()
    const { client, seen } = await cloud({ acquire: () => turn.promise })
    const pending = outcome(client.call({ method: 'POST', path: '/volumes' }, context))
    isHeld = false
    turn.resolve()
    expect(await pending).toBe('transient: leadership is not sure')
    expect(seen).toEqual([])
  })

  it('is asked again for each request over a connection that is there', async () => {
    const { client, seen } = await cloud()
    const changes = Array.from({ length: 5 }, (_, index) => outcome(client.call({ method: 'POST', path: `/${index}` }, context)))
    expect(await Promise.all(changes)).toEqual(Array.from({ length: 5 }, () => 'answered'))
    expect([asked, seen.length]).toEqual([5, 5])
  })
})
