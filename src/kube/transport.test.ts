import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createMetrics } from '../observe/metrics.ts'
import { KubeClient } from './client.ts'
import { Credentials, type Session } from './credentials.ts'
import { type ApiError, isConflict, isGone, isInvalid, isNotFound } from './errors.ts'
import { CONFIG_MAPS, fixed, serve, type Seen, until } from './testing.ts'
import { Transport } from './transport.ts'

async function server(handler: (seen: Seen) => void, options?: { timeoutMs?: number }) {
  const made = await serve(handler, options)
  onTestFinished(made.close)
  return made
}

const status = (code: number, reason: string, details?: object) => ({
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  code,
  reason,
  message: `because ${reason}`,
  details,
})
const failure = async (promise: Promise<unknown>): Promise<ApiError> =>
  promise.then(
    () => Promise.reject(new Error('no failure')),
    (error: ApiError) => error,
  )

test('refusals become ApiError with causes, and hold no token', async () => {
  const causes = [{ field: 'spec.size', reason: 'FieldValueInvalid', message: 'too small' }]
  const { client } = await server((seen) => {
    const code = Number(seen.path.split('/').at(-1))
    seen.json(code, status(code, 'Some', { causes }))
  })
  const get = (code: number) => failure(client.get(CONFIG_MAPS, 'ns', String(code)))
  const invalid = await get(422)
  expect(invalid).toMatchObject({ status: 422, reason: 'Some', causes, code: 'KubernetesRefused' })
  expect(invalid.message).toContain('because Some')
  expect([isInvalid(invalid), isNotFound(await get(404)), isConflict(await get(409)), isGone(await get(410))]).toEqual([
    true,
    true,
    true,
    true,
  ])
  expect((await get(404)).code).toBe('NotFound')
  expect((await get(409)).code).toBe('Conflict')
  expect(JSON.stringify(invalid) + String(invalid.stack)).not.toContain('canary')
})

test('Retry-After is honoured for every verb, a bounded number of times', async () => {
  let left = 2
  const { client, seen } = await server((request) =>
    left-- > 0 ? request.json(429, status(429, 'TooManyRequests'), { 'retry-after': '0' }) : request.json(201, { made: true }),
  )
  expect(await client.create(CONFIG_MAPS, 'ns', { metadata: { name: 'a' } })).toEqual({ made: true })
  expect(seen).toHaveLength(3)
  left = 100
  expect(await failure(client.create(CONFIG_MAPS, 'ns', {}))).toMatchObject({ status: 429, retryAfterMs: 0, code: 'KubernetesUnavailable' })
  expect(seen).toHaveLength(3 + 4)
})

test('a long Retry-After, and a failure without one, are the caller’s to wait for', async () => {
  const { client, seen } = await server((request) =>
    request.json(503, status(503, 'ServiceUnavailable'), request.path.endsWith('long') ? { 'retry-after': '600' } : {}),
  )
  expect(await failure(client.get(CONFIG_MAPS, 'ns', 'long'))).toMatchObject({ status: 503, retryAfterMs: 600_000 })
  expect(await failure(client.get(CONFIG_MAPS, 'ns', 'none'))).toMatchObject({ status: 503, retryAfterMs: undefined })
  expect(seen).toHaveLength(2)
})

test('a reset is tried again when that is safe', async () => {
  let left = 2
  const { client, seen } = await server((request) => (left-- > 0 ? request.request.socket.destroy() : request.json(200, { ok: true })))
  expect(await client.get(CONFIG_MAPS, 'ns', 'a')).toEqual({ ok: true })
  expect(seen).toHaveLength(3)
  left = 1
  const error = await failure(client.create(CONFIG_MAPS, 'ns', {}))
  expect(error).toMatchObject({ status: 0, code: 'KubernetesUnavailable' })
  expect(seen).toHaveLength(4)
})

test('nobody there: a POST is tried again too, then says so', async () => {
  const free = createServer()
  const port = await new Promise<number>((resolve) => free.listen(0, '127.0.0.1', () => resolve((free.address() as { port: number }).port)))
  await new Promise((resolve) => free.close(resolve))
  const metrics = createMetrics()
  const credentials = fixed({ server: `http://127.0.0.1:${port}`, tls: {}, headers: {} })
  const client = new KubeClient(new Transport({ credentials, userAgent: 'test', metrics, random: () => 0 }))
  const error = await failure(client.create(CONFIG_MAPS, 'ns', {}))
  expect(error).toMatchObject({ status: 0, reason: 'ECONNREFUSED' })
  expect(await metrics.registry.metrics()).toContain('seca_kube_requests_total{verb="create",resource="configmaps",code="ECONNREFUSED"} 4')
  await client.close()
  expect((await failure(client.get(CONFIG_MAPS, 'ns', 'a'))).reason).toBe('Closed')
})

test('an answer that does not come ends in a timeout, an abort ends at once', async () => {
  const { client, seen } = await server(() => undefined, { timeoutMs: 500 })
  expect(await failure(client.get(CONFIG_MAPS, 'ns', 'a'))).toMatchObject({ status: 0, reason: 'UND_ERR_HEADERS_TIMEOUT' })
  const stop = new AbortController()
  const calling = failure(client.get(CONFIG_MAPS, 'ns', 'b', stop.signal))
  await until(() => seen.length === 2)
  stop.abort(new Error('enough'))
  expect((await calling).message).toBe('enough')
  expect((await failure(client.get(CONFIG_MAPS, 'ns', 'c', stop.signal))).message).toBe('enough')
  expect(seen).toHaveLength(2)
})

test('401 loads the credentials again, once', async () => {
  let valid = 'Bearer 2'
  const { port } = await server((seen) =>
    seen.request.headers.authorization === valid ? seen.json(200, {}) : seen.json(401, status(401, 'Unauthorized')),
  )
  let loads = 0
  const load = (): Promise<Session> =>
    Promise.resolve({ server: `http://127.0.0.1:${port}`, tls: {}, headers: { authorization: `Bearer ${++loads}` } })
  const client = new KubeClient(
    new Transport({ credentials: new Credentials({ load, files: () => [], expires: false }), userAgent: 'test' }),
  )
  onTestFinished(() => client.close())
  await client.get(CONFIG_MAPS, 'ns', 'a')
  expect(loads).toBe(2)
  valid = 'Bearer never'
  expect(await failure(client.get(CONFIG_MAPS, 'ns', 'a'))).toMatchObject({ status: 401, code: 'KubernetesRefused' })
  expect(loads).toBe(3)
})

test('requests keep their connections', async () => {
  const { client, server: http } = await server((seen) => seen.json(200, {}))
  let connections = 0
  http.on('connection', () => connections++)
  for (let i = 0; i < 20; i++) await client.get(CONFIG_MAPS, 'ns', 'a')
  // A second one may be opened while the first still ends its answer.
  expect(connections).toBeLessThanOrEqual(2)
  await Promise.all(Array.from({ length: 200 }, () => client.get(CONFIG_MAPS, 'ns', 'a')))
  expect(connections).toBeLessThanOrEqual(24)
})

test('the requests of each verb', async () => {
  const { client, seen } = await server((request) => request.json(200, { items: [], metadata: { resourceVersion: '1' } }))
  await client.apply(
    CONFIG_MAPS,
    { metadata: { name: 'a/b', namespace: 'ns' }, data: {} },
    { fieldManager: 'me too', force: true, subresource: 'status' },
  )
  await client.patch(CONFIG_MAPS, 'ns', 'a', { type: 'json', body: [{ op: 'test', path: '/metadata/uid', value: 'u' }] })
  await client.patch(CONFIG_MAPS, 'ns', 'a', { type: 'merge', body: {}, fieldManager: 'me' })
  await client.replace(CONFIG_MAPS, { metadata: { name: 'a', namespace: 'ns' }, data: { x: 'y' } })
  await client.delete(CONFIG_MAPS, 'ns', 'a', { uid: 'u', resourceVersion: '7', propagationPolicy: 'Background' })
  for await (const page of client.list({ ...CONFIG_MAPS, group: 'g.io', namespaced: false }, { labelSelector: 'a=b', pageSize: 2 }))
    expect(page.resourceVersion).toBe('1')
  const lines = seen.map(({ method, path, query, request }) => `${method} ${path}?${query} ${request.headers['content-type'] ?? ''}`)
  expect(lines).toEqual([
    'PATCH /api/v1/namespaces/ns/configmaps/a%2Fb/status?fieldManager=me+too&force=true application/apply-patch+yaml',
    'PATCH /api/v1/namespaces/ns/configmaps/a? application/json-patch+json',
    'PATCH /api/v1/namespaces/ns/configmaps/a?fieldManager=me application/merge-patch+json',
    'PUT /api/v1/namespaces/ns/configmaps/a? application/json',
    'DELETE /api/v1/namespaces/ns/configmaps/a? application/json',
    'GET /apis/g.io/v1/configmaps?labelSelector=a%3Db&limit=2 ',
  ])
  expect(JSON.parse(seen[4]?.body ?? '')).toMatchObject({
    kind: 'DeleteOptions',
    preconditions: { uid: 'u', resourceVersion: '7' },
    propagationPolicy: 'Background',
  })
})

test('lists go on page by page', async () => {
  const { client, seen } = await server(({ query, json }) =>
    query.get('continue') === null
      ? json(200, { items: [{ metadata: { name: 'a' } }], metadata: { resourceVersion: '9', continue: 'next' } })
      : json(200, { items: null, metadata: { resourceVersion: '9' } }),
  )
  const pages = await Array.fromAsync(client.list(CONFIG_MAPS, { namespace: 'ns' }))
  expect(pages).toEqual([
    { items: [{ metadata: { name: 'a' }, apiVersion: 'v1', kind: 'ConfigMap' }], resourceVersion: '9' },
    { items: [], resourceVersion: '9' },
  ])
  expect(seen.map(({ query }) => query.toString())).toEqual(['limit=500', 'limit=500&continue=next'])
})

test('lines survive any cut', async () => {
  const text = JSON.stringify({ word: 'größer 🎈' })
  const bytes = Buffer.from(`${text}\n${text}\n\n${text}\n{"cut`)
  const { client, seen } = await server(async ({ response }) => {
    response.writeHead(200)
    for (const byte of bytes) {
      response.write(Buffer.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    response.end()
  })
  const lines = await client.watch(CONFIG_MAPS, { timeoutSeconds: 300, signal: new AbortController().signal })
  expect((await Array.fromAsync(lines)).flat()).toEqual([text, text, text])
  expect(seen[0]?.query.get('allowWatchBookmarks')).toBe('true')
})

test('the consumer’s pace is the socket’s pace', async () => {
  // Far more than the buffers between us hold.
  const total = 1_000
  const line = `${'x'.repeat(99_999)}\n`
  let sent = 0
  const { client } = await server(({ response }) => {
    response.writeHead(200)
    const fill = () => {
      while (sent < total) {
        sent++
        if (!response.write(line)) return
      }
      if (!response.writableEnded) response.end()
    }
    response.on('drain', fill)
    fill()
  })
  const lines = await client.watch(CONFIG_MAPS, { timeoutSeconds: 300, signal: new AbortController().signal })
  let count = 0
  let sentWhileHeldUp = total
  for await (const batch of lines) {
    if (count === 0) {
      // Held up at the first batch, until the server has stopped too.
      for (let before = -1; before < sent; await new Promise((resolve) => setTimeout(resolve, 200))) before = sent
      sentWhileHeldUp = sent
    }
    count += batch.length
  }
  expect(sentWhileHeldUp).toBeLessThan(total)
  expect(count).toBe(total)
})

test('what is applied goes as YAML can take it, what is patched as JSON', async () => {
  const { transport, seen } = await server((request) => request.json(200, {}))
  const body = { message: 'it\u0092s' }
  const request = { method: 'PATCH', path: '/x', verb: 'apply', resource: 'x', idempotent: true, body } as const
  await transport.send({ ...request, contentType: 'application/apply-patch+yaml' })
  await transport.send({ ...request, contentType: 'application/merge-patch+json' })
  expect(seen.map((one) => one.body)).toEqual([String.raw`{"message":"it\u0092s"}`, JSON.stringify(body)])
})
