import { describe, expect, it } from 'vitest'
import { KUBERNETES } from './builtin.ts'
import { KubeClient } from './client.ts'
import type { Request, Transport } from './transport.ts'

const { ConfigMap } = KUBERNETES
const PATH = '/api/v1/namespaces/ns/configmaps'
const signal = new AbortController().signal

/** A client whose requests are seen, and answered one after the other. */
function rig(...answers: unknown[]) {
  const seen: Request[] = []
  const send = (request: Request) => (seen.push(request), Promise.resolve(answers.shift()))
  const client = new KubeClient({ send, lines: send, close: () => Promise.resolve() } as unknown as Transport)
  const asked = () => {
    const [{ method, path, contentType, body, idempotent, verb }] = seen.splice(0) as [Request]
    const [pathname, query = ''] = path.split('?')
    return { method, pathname, query: Object.fromEntries(new URLSearchParams(query)), contentType, body, idempotent, verb }
  }
  return { client, seen, asked }
}
const BODY = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'ns' } }

describe('a request', () => {
  it('reads, and may be sent again', async () => {
    const { client, asked, seen } = rig(BODY)
    expect(await client.get(ConfigMap, 'ns', 'a', signal)).toBe(BODY)
    expect(seen[0]?.signal).toBe(signal)
    expect(asked()).toMatchObject({ method: 'GET', pathname: `${PATH}/a`, query: {}, verb: 'get', idempotent: true })
  })

  it('creates and replaces once', async () => {
    const { client, asked } = rig()
    await client.create(ConfigMap, 'ns', BODY)
    expect(asked()).toMatchObject({ method: 'POST', pathname: PATH, query: {}, body: BODY, idempotent: false })
    await client.create(ConfigMap, 'ns', BODY, signal, { fieldManager: 'a b&c' })
    expect(asked()).toMatchObject({ query: { fieldManager: 'a b&c' } })
    await client.replace(ConfigMap, BODY)
    expect(asked()).toMatchObject({ method: 'PUT', pathname: `${PATH}/a`, body: BODY, verb: 'update', idempotent: false })
  })

  it('applies as often as it must, and takes over only when told', async () => {
    const { client, asked } = rig()
    const type = 'application/apply-patch+yaml'
    await client.apply(ConfigMap, BODY, { fieldManager: 'm' })
    expect(asked()).toMatchObject({
      method: 'PATCH',
      pathname: `${PATH}/a`,
      contentType: type,
      query: { fieldManager: 'm', force: 'false' },
      idempotent: true,
    })
    await client.apply(ConfigMap, BODY, { fieldManager: 'm', force: true, subresource: 'status' })
    expect(asked()).toMatchObject({ pathname: `${PATH}/a/status`, query: { fieldManager: 'm', force: 'true' } })
  })

  it('patches once', async () => {
    const { client, asked } = rig()
    await client.patch(ConfigMap, 'ns', 'a', { type: 'merge', body: {} })
    expect(asked()).toMatchObject({
      method: 'PATCH',
      pathname: `${PATH}/a`,
      query: {},
      contentType: 'application/merge-patch+json',
      idempotent: false,
    })
    await client.patch(ConfigMap, 'ns', 'a', { type: 'json', body: [], subresource: 'status', fieldManager: 'm' })
    expect(asked()).toMatchObject({
      pathname: `${PATH}/a/status`,
      query: { fieldManager: 'm' },
      contentType: 'application/json-patch+json',
    })
  })

  it('deletes what it means', async () => {
    const { client, asked } = rig()
    await client.delete(ConfigMap, 'ns', 'a')
    expect(asked()).toMatchObject({
      method: 'DELETE',
      pathname: `${PATH}/a`,
      body: { kind: 'DeleteOptions', preconditions: {} },
      idempotent: true,
    })
    await client.delete(ConfigMap, 'ns', 'a', { uid: 'u', resourceVersion: '7', propagationPolicy: 'Orphan' })
    const { body } = asked()
    expect(body).toEqual({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid: 'u', resourceVersion: '7' },
      propagationPolicy: 'Orphan',
    })
  })

  it('of any other kind is sent again only when it reads', async () => {
    const { client, asked } = rig()
    await client.raw('GET', '/version')
    expect(asked()).toMatchObject({ method: 'GET', pathname: '/version', idempotent: true })
    await client.raw('POST', '/x', { a: 1 }, { contentType: 't' })
    expect(asked()).toMatchObject({ method: 'POST', body: { a: 1 }, contentType: 't', idempotent: false })
  })
})

describe('a list', () => {
  const page = (next: string | undefined, ...names: string[]) => ({
    items: names.map((name) => ({ metadata: { name } })),
    metadata: { resourceVersion: '9', ...(next === undefined ? {} : { continue: next }) },
  })

  it('is followed page by page, with what items of built-in kinds leave out', async () => {
    const { client, seen } = rig(page('n&1', 'a', 'b'), page('', 'c'))
    const pages: unknown[] = []
    for await (const one of client.list(ConfigMap, { namespace: 'ns', labelSelector: 'a=b,c', fieldSelector: 'd=e' })) pages.push(one)
    const item = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })
    expect(pages).toEqual([
      { items: [item('a'), item('b')], resourceVersion: '9' },
      { items: [item('c')], resourceVersion: '9' },
    ])
    const queries = seen.map(({ path }) => Object.fromEntries(new URLSearchParams(path.split('?')[1])))
    const query = { labelSelector: 'a=b,c', fieldSelector: 'd=e', limit: '500' }
    expect(queries).toEqual([query, { ...query, continue: 'n&1' }])
  })

  it('of nothing is empty', async () => {
    const { client } = rig({ items: null, metadata: { resourceVersion: '7' } })
    expect(await client.list(ConfigMap, {}).next()).toEqual({ done: false, value: { items: [], resourceVersion: '7' } })
  })

  it('of one item tells how far the history is', async () => {
    const { client, asked } = rig(page('more', 'a'))
    expect(await client.versionOf(ConfigMap, { namespace: 'ns' })).toBe(9)
    expect(asked()).toMatchObject({ pathname: PATH, query: { limit: '1' } })
  })
})

describe('a watch', () => {
  it('goes on from a version, or begins with all there is', async () => {
    const { client, asked } = rig()
    const base = { watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds: '300' }
    await client.watch(ConfigMap, { namespace: 'ns', timeoutSeconds: 300, resourceVersion: '7', labelSelector: 'a', signal })
    expect(asked()).toMatchObject({ pathname: PATH, query: { ...base, resourceVersion: '7', labelSelector: 'a' } })
    await client.watch(ConfigMap, { timeoutSeconds: 300, signal })
    const { query } = asked()
    expect(query).toEqual({ ...base, sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' })
  })
})
