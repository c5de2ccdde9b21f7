import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BlockStorage, RoleAssignment, Workspace } from '../../src/kinds/index.ts'
import type { Resource } from '../../src/kinds/resource.ts'
import { eventually, type Stack, startStack } from '../support/harness.ts'
import { wipe } from '../support/audit.ts'
import { ALICE, Paths, type Replica, startReplica, until } from '../support/seca.ts'
import { Tenant } from '../support/tenant.ts'

const SKU = { resource: 'skus/rd500' }
const volume = (sizeGB: number, more: object = {}) => ({ spec: { sizeGB, skuRef: SKU }, ...more })

let stack: Stack
let api: Replica
let tenant: Tenant
let paths: Paths
beforeAll(async () => {
  stack = await startStack()
  api = await startReplica()
  tenant = await Tenant.make(stack)
  await tenant.ready('Workspace', 'prod')
  paths = new Paths(tenant.name)
})
afterAll(async () => {
  await api.stop()
  await wipe(stack).finally(() => stack.stop())
})

const volumePath = (name: string) => paths.in('seca.storage', `block-storages/${name}`)
const stored = (name: string) => stack.client.get<Resource<typeof BlockStorage>>(BlockStorage.gvr, tenant.space, name)
const put = (name: string, body: unknown, headers: Record<string, string> = {}) => api.send('PUT', volumePath(name), { body, headers })

/** As text, keys in order: sees `__proto__`, which `toEqual` does not. */
const inOrder = (value: unknown): string =>
  JSON.stringify(value, (_key, field: unknown) =>
    typeof field === 'object' && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : field,
  )

async function made(name: string, body: object = volume(10)) {
  const reply = await put(name, body)
  expect(reply.status, JSON.stringify(reply.body)).toBe(201)
  return until(api, volumePath(name), 'active')
}

describe('PUT', () => {
  it('creates with 201 and Location, and is read back at once', async () => {
    const created = await put('first', volume(10, { labels: { env: 'x' } }))
    expect([created.status, created.headers.get('location')]).toEqual([201, volumePath('first')])
    expect(created.body).toMatchObject({
      labels: { env: 'x' },
      metadata: { name: 'first', verb: 'PUT', kind: 'block-storage', tenant: tenant.name, workspace: 'prod', region: 'eu-1' },
      spec: { sizeGB: 10, skuRef: SKU },
      status: { state: 'pending', sizeGB: 10 },
    })
    const read = await api.send('GET', volumePath('first'))
    expect(read.status).toBe(200)
    expect(read.body.metadata).toMatchObject({ verb: 'GET' })
    const active = await until(api, volumePath('first'), 'active')
    expect(active.status.conditions.map(({ state }) => state)).toEqual(['active', 'creating', 'pending'])
    expect((await stored('first')).metadata).toMatchObject({ labels: { env: 'x' }, namespace: tenant.space })
  })

  it('replaces everything that SECA clients set, and leaves alone what they cannot', async () => {
    await made(
      'full',
      volume(10, { labels: { a: '1', 'ns:x': 'y z' }, annotations: { n: 'm', 'secapi.cloud/paused': 'true' }, extensions: { e: 'f' } }),
    )
    await stack.client.patch(BlockStorage.gvr, tenant.space, 'full', {
      type: 'merge',
      body: { metadata: { labels: { 'app.kubernetes.io/name': 'kept' }, annotations: { 'secapi.cloud/drift': 'Observe' } } },
    })
    await eventually(() =>
      expect(api.cache.get('BlockStorage', `${tenant.space}/full`)?.metadata.annotations).toHaveProperty(['secapi.cloud/drift']),
    )
    const replaced = await put('full', volume(20, { labels: { b: '2' } }))
    expect(replaced.status).toBe(200)
    expect(replaced.body).toMatchObject({ labels: { b: '2' }, spec: { sizeGB: 20 }, status: { state: 'active' } })
    expect(replaced.body).not.toHaveProperty('annotations')
    expect(replaced.body).not.toHaveProperty('extensions')
    const object = await stored('full')
    expect(object.metadata.labels).toEqual({ b: '2', 'app.kubernetes.io/name': 'kept' })
    expect(Object.keys(object.metadata.annotations ?? {}).toSorted()).toEqual(['secapi.cloud/drift', 'secapi.cloud/requested'])
    expect(object.extensions).toBeUndefined()
    // With it the volume would be left in the cloud at the end.
    await tenant.annotate('BlockStorage', 'full', { 'secapi.cloud/drift': null })
  })

  it('brings back labels and annotations byte for byte', async () => {
    const labels = { plain: 'x', free: 'any thing: ü', 'ns:key': '', 'kubernetes.io/name': 'mine', __proto__x: '1' }
    const annotations = { 'a key with spaces': 'b', 'secapi.cloud/deletion-policy': 'Orphan', note: '"\\ \n' }
    const { body } = await put('bytes', volume(10, { labels, annotations }))
    expect(body).toMatchObject({ labels, annotations })
    expect((await stored('bytes')).metadata.annotations).not.toHaveProperty('secapi.cloud/deletion-policy')
    const found = await api.send('GET', `${paths.in('seca.storage', 'block-storages')}?labels=${encodeURIComponent('ns:key,free=any*')}`)
    expect(found.body.items.map(({ metadata }) => metadata.name)).toEqual(['bytes'])
  })

  it('records every PUT, even one that changes nothing, as updating and active', async () => {
    const states: string[] = (await made('again')).status.conditions.map(({ state }) => state)
    for (let round = 0; round < 4; round++) {
      const reply = await put('again', volume(10))
      expect([reply.status, reply.body.status.state, reply.body.status.conditions.map(({ state }) => state)]).toEqual([
        200,
        'active',
        states,
      ])
      // No write of the controllers can come before this read: it is of this replica's memory.
      const active = await until(api, volumePath('again'), 'active')
      states.unshift('active', 'updating')
      expect(active.status.conditions.map(({ state }) => state)).toEqual(states)
      expect(active.status.conditions.map(({ lastTransitionAt }) => lastTransitionAt)).toEqual(
        active.status.conditions
          .map(({ lastTransitionAt }) => lastTransitionAt)
          .toSorted()
          .toReversed(),
      )
      expect((await stored('again')).metadata.generation).toBe(1)
    }
  })

  it('tolerates what SDKs send along', async () => {
    const body = {
      labels: null,
      metadata: { name: '', createdAt: '0001-01-01T00:00:00Z', resourceVersion: 0, verb: '', region: '' },
      spec: { sizeGB: 10, skuRef: { ...SKU, ref: 'unknown', tenant: null }, sourceImageRef: null, unknown: { deep: 1 } },
      status: { conditions: null },
      more: true,
    }
    const { status, body: answer } = await put('sdk', body)
    expect([status, answer.spec]).toEqual([201, { sizeGB: 10, skuRef: SKU }])
    const workspace = await api.send('PUT', paths.of('seca.workspace', 'workspaces/bare'), { body: { spec: null } })
    expect([workspace.status, workspace.body.spec]).toEqual([201, {}])
    const none = await api.send('PUT', paths.of('seca.workspace', 'workspaces/bare'), { body: { labels: { a: 'b' } } })
    expect([none.status, none.body.labels]).toEqual([200, { a: 'b' }])
  })

  it.each([
    ['no JSON', '{', 400, '/'],
    ['a key twice', '{"spec":{"sizeGB":1,"sizeGB":2}}', 400, '/'],
    ['no object', '[]', 422, '/'],
    ['no spec', {}, 422, '/spec'],
    ['out of range', volume(0), 422, '/spec/sizeGB'],
    ['wrong type', volume(1, { labels: { a: 1 } }), 422, '/labels/a'],
    ['too long', volume(1, { labels: { a: 'x'.repeat(64) } }), 422, '/labels/a'],
    ['region that is not served', volume(1, { metadata: { region: 'nowhere' } }), 422, '/metadata/region'],
  ])('refuses %s', async (_name, body, status, pointer) => {
    const reply = await put('refused', body)
    expect([reply.status, reply.body.sources[0]?.pointer, reply.body.sources[0]?.parameter]).toEqual([status, pointer, 'body'])
    expect((await api.send('GET', volumePath('refused'))).status).toBe(404)
  })

  it('refuses other types, encodings and large bodies', async () => {
    expect((await put('refused', volume(1), { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await put('refused', volume(1), { 'content-encoding': 'gzip' })).status).toBe(415)
    expect((await put('refused', volume(1, { x: 'x'.repeat(1_048_576) }))).status).toBe(413)
    expect((await put('refused', volume(1), { accept: 'text/html' })).status).toBe(406)
  })

  it('refuses to change what is fixed, and to shrink', async () => {
    await made('fixed', volume(20))
    const shrunk = await put('fixed', volume(10))
    expect([shrunk.status, shrunk.body.sources]).toEqual([422, [{ pointer: '/spec/sizeGB', parameter: 'body' }]])
    const other = await put('fixed', { spec: { sizeGB: 20, skuRef: { resource: 'skus/rd2k' } } })
    expect([other.status, other.body.sources[0]?.pointer]).toEqual([422, '/spec/skuRef'])
  })

  it('tells the apiserver’s own refusals as 422 as well', async () => {
    const reply = await api.send('PUT', paths.in('seca.network', 'networks/has.dot'), {
      body: { spec: { cidr: { ipv4: '10.0.0.0/16' }, skuRef: { resource: 'n1k' } } },
    })
    expect([reply.status, reply.body.detail]).toEqual([422, expect.stringContaining('DNS label')])
  })

  it('lets nobody change the system roles, nor take their names', async () => {
    const role = { spec: { permissions: [{ provider: 'seca.compute', resources: ['*'], verb: ['get'] }] } }
    expect((await api.send('PUT', paths.of('seca.authorization', 'roles/seca.admin'), { body: role })).status).toBe(409)
    expect((await api.send('PUT', paths.of('seca.authorization', 'roles/seca.mine'), { body: role })).status).toBe(422)
    expect((await api.send('PUT', paths.of('seca.authorization', 'roles/mine'), { body: role })).status).toBe(201)
  })

  it('makes who creates a workspace its admin, through the direct door only', async () => {
    const as = { door: 'aggregated', username: 'bob', groups: [], extra: {} } as const
    const aggregated = `/apis/seca.workspace/v1/tenants/${tenant.name}/workspaces`
    expect((await api.send('PUT', paths.of('seca.workspace', 'workspaces/mine'), { body: {}, as: ALICE })).status).toBe(201)
    expect((await api.send('PUT', `${aggregated}/theirs`, { body: {}, as })).status).toBe(201)
    const assignment = await stack.client.get<Resource>(RoleAssignment.gvr, tenant.home, 'creator.mine')
    expect(assignment.spec).toEqual({
      subs: ['alice'],
      roles: ['seca.workspace-admin'],
      scopes: [{ regions: ['eu-1'], workspaces: ['mine'] }],
    })
    await expect(stack.client.get(RoleAssignment.gvr, tenant.home, 'creator.theirs')).rejects.toMatchObject({ status: 404 })
  })

  it('gives the creator’s role to the creator of this very workspace, and overwrites nobody’s assignment', async () => {
    const home = paths.of('seca.workspace', 'workspaces/again')
    const bob = { ...ALICE, subject: 'bob' } as const
    const creators = async () => {
      const { items } = (await api.send('GET', paths.of('seca.authorization', 'role-assignments'))).body
      return items
        .filter(({ metadata }) => metadata.name.startsWith('creator.again'))
        .map(({ metadata, spec }) => [metadata.name, (spec as { subs: string[] }).subs])
    }
    expect((await api.send('PUT', home, { body: {}, as: ALICE })).status).toBe(201)
    expect(await creators()).toEqual([['creator.again', ['alice']]])
    await until(api, home, 'active')
    expect((await api.send('DELETE', home)).status).toBe(202)
    await eventually(async () => expect((await api.send('GET', home)).status).toBe(404))
    expect(await creators()).toEqual([])
    const own = { spec: { subs: ['carol'], roles: ['seca.admin'], scopes: [{}] } }
    const taken = paths.of('seca.authorization', 'role-assignments/creator.again')
    expect((await api.send('PUT', taken, { body: own })).status).toBe(201)
    expect((await api.send('PUT', home, { body: {}, as: bob })).status).toBe(201)
    expect(await creators()).toEqual([
      ['creator.again', ['carol']],
      [expect.stringMatching(/^creator\.again\.[0-9a-f]{10}$/), ['bob']],
    ])
  })

  it('keeps the spec of a workspace as it was sent, or refuses it with its place', async () => {
    const path = paths.of('seca.workspace', 'workspaces/free')
    const send = async (text: string) => {
      const reply = await api.send('PUT', path, { body: `{"spec":${text}}` })
      if (reply.status === 422) return reply.body.sources.map(({ pointer }) => pointer)
      expect([200, 201], JSON.stringify(reply.body)).toContain(reply.status)
      // What the cluster holds, not what this replica remembers.
      const { region, ...spec } = (await stack.client.get<Resource>(Workspace.gvr, tenant.home, 'free')).spec as Record<string, unknown>
      expect([region, inOrder(spec), inOrder(reply.body.spec)]).toEqual(['eu-1', inOrder(JSON.parse(text)), inOrder(JSON.parse(text))])
      return []
    }
    expect(await send('{"a":{"b":[1,{"c":null}]},"n":9007199254740993,"region":"x","s":"\\ud800"}')).toEqual(
      expect.arrayContaining(['/spec/a/b/1/c', '/spec/n', '/spec/region', '/spec/s']),
    )
    for (const text of [
      '{"__proto__":{"a":1},"constructor":[],"":{"":0},".":1,"f:x":{"k:{}":1},"a/b~c":{},"v:1":"","i:0":[]}',
      '{"__proto__":{"b":[{"__proto__":2}]},"a":[[],{},"\\u0000",1.50,1e3,-7.25,9007199254740992,5e-324]}',
      '{"a":{"x":{"y":1}},"b":{}}',
      '{"a":[1],"b":"text"}',
      '{"a":"","b":{"c":{}}}',
      '{}',
    ])
      expect(await send(text)).toEqual([])
    const key = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a', 'b', '__proto__', 'region', ''))
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }), { maxKeys: 6 }), async (spec) => {
        await send(JSON.stringify(spec))
      }),
      { numRuns: 300 },
    )
  })

  it('waits for the namespace of a workspace that was just made', async () => {
    const fresh = new Paths(tenant.name, 'fresh')
    expect((await api.send('PUT', paths.of('seca.workspace', 'workspaces/fresh'), { body: {} })).status).toBe(201)
    expect((await api.send('PUT', fresh.in('seca.storage', 'block-storages/x'), { body: volume(10) })).status).toBe(201)
  })
})

describe('if-unmodified-since', () => {
  it('is exact', async () => {
    const { metadata } = await made('exact')
    const version = String(metadata.resourceVersion)
    expect((await put('exact', volume(11), { 'if-unmodified-since': String(metadata.resourceVersion - 1) })).status).toBe(412)
    const done = await put('exact', volume(11), { 'if-unmodified-since': version })
    expect(done.status).toBe(200)
    expect(done.body.metadata.resourceVersion).toBeGreaterThan(metadata.resourceVersion)
    expect((await put('exact', volume(12), { 'if-unmodified-since': version })).status).toBe(412)
    expect((await api.send('DELETE', volumePath('exact'), { headers: { 'if-unmodified-since': version } })).status).toBe(412)
    expect((await put('none', volume(1), { 'if-unmodified-since': '1' })).status).toBe(404)
    for (const value of ['x', '-1', '1.5', 'Wed, 21 Oct 2015 07:28:00 GMT', '1, 1', ''])
      expect((await put('exact', volume(12), { 'if-unmodified-since': value })).status).toBe(400)
  })

  it('lets one of several writers win, always, whatever replica they use', async () => {
    const other = await startReplica()
    try {
      await made('race', volume(10))
      for (let round = 1; round <= 15; round++) {
        const { metadata } = await until(api, volumePath('race'), 'active')
        await until(other, volumePath('race'), 'active')
        const headers = { 'if-unmodified-since': String(metadata.resourceVersion) }
        const replies = await Promise.all(
          [api, other, api, other].map((replica, index) =>
            replica.send('PUT', volumePath('race'), {
              body: volume(10 + round, { labels: { writer: String(index), round: String(round) } }),
              headers,
            }),
          ),
        )
        expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 412, 412, 412])
        const winner = replies.find(({ status }) => status === 200)
        expect((await stored('race')).metadata.labels).toEqual(winner?.body.labels)
      }
    } finally {
      await other.stop()
    }
  })

  it('without it, every writer gets through and the last one stays', async () => {
    await made('busy')
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, index) => put('busy', volume(10, { labels: { writer: String(index) } }))),
    )
    expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200))
    const last = replies.toSorted((one, two) => one.body.metadata.resourceVersion - two.body.metadata.resourceVersion).at(-1)
    expect((await stored('busy')).metadata.labels).toEqual(last?.body.labels)
    expect(last?.body.labels).toEqual({ writer: '7' })
    // However few of them the controllers saw, each is in the history.
    const { status } = await until(api, volumePath('busy'), 'active')
    expect(status.conditions.filter(({ state }) => state === 'updating')).toHaveLength(8)
  })

  it('without it, a crowd gets through too, at two replicas', async () => {
    await made('crowd')
    const other = await startReplica()
    try {
      const replies = await Promise.all(
        Array.from({ length: 64 }, (_, index) =>
          (index % 2 === 0 ? api : other).send('PUT', volumePath('crowd'), { body: volume(10, { labels: { writer: String(index) } }) }),
        ),
      )
      expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 64 }, () => 200))
    } finally {
      await other.stop()
    }
  })

  it('two that create at once: one creates, the other replaces', async () => {
    const replies = await Promise.all([put('twice', volume(10, { labels: { n: '1' } })), put('twice', volume(10, { labels: { n: '2' } }))])
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 201])
  })
})

describe('GitOps', () => {
  it('keeps its fields: 409 names the owner', async () => {
    const gitops = tenant.of('BlockStorage', 'git', { sizeGB: 10, skuRef: SKU }, { labels: { env: 'git' } })
    await stack.client.apply(BlockStorage.gvr, gitops as never, { fieldManager: 'kustomize-controller' })
    await until(api, volumePath('git'), 'active')
    const refused = await put('git', volume(20, { labels: { env: 'git' } }))
    expect([refused.status, refused.body.detail, refused.body.sources[0]?.pointer]).toEqual([
      409,
      expect.stringContaining('"kustomize-controller"'),
      '/spec/sizeGB',
    ])
    const removed = await put('git', volume(10))
    expect([removed.status, removed.body.sources[0]?.pointer]).toEqual([409, '/labels/env'])
    // What GitOps does not own is free, and its next apply finds no conflict.
    expect((await put('git', volume(10, { labels: { env: 'git', own: 'x' } }))).status).toBe(200)
    await stack.client.apply(BlockStorage.gvr, gitops as never, { fieldManager: 'kustomize-controller' })
    expect((await until(api, volumePath('git'), 'active')).labels).toEqual({ env: 'git', own: 'x' })
  })
})

describe('DELETE', () => {
  it('answers 202 until it is gone, then 404', async () => {
    await made('gone')
    const [first, second] = [await api.send('DELETE', volumePath('gone')), await api.send('DELETE', volumePath('gone'))]
    expect([first.status, second.status].every((status) => status === 202 || status === 404)).toBe(true)
    expect(first.status).toBe(202)
    const read = await api.send('GET', volumePath('gone'))
    const deleting = { metadata: { deletedAt: expect.any(String) }, status: { state: 'deleting' } }
    expect(read.body).toMatchObject(read.status === 404 ? { status: 404 } : deleting)
    await eventually(async () => expect((await api.send('GET', volumePath('gone'))).status).toBe(404))
    expect((await api.send('DELETE', volumePath('gone'))).status).toBe(404)
  })

  it('shows what is being deleted when asked, and refuses to change it', async () => {
    await made('held')
    const hold = (finalizers: readonly string[]) =>
      stack.client.patch(BlockStorage.gvr, tenant.space, 'held', { type: 'merge', body: { metadata: { finalizers } } })
    await hold([...((await stored('held')).metadata.finalizers ?? []), 'example.com/hold'])
    await stack.client.delete(BlockStorage.gvr, tenant.space, 'held')
    const deleting = await until(api, volumePath('held'), 'deleting')
    expect(deleting.metadata['deletedAt']).toEqual(expect.any(String))
    const names = async (accept: string) =>
      (await api.send('GET', paths.in('seca.storage', 'block-storages'), { headers: { accept } })).body.items.map(
        ({ metadata }) => metadata.name,
      )
    expect(await names('application/json')).not.toContain('held')
    expect(await names('application/json; deleted=true')).toContain('held')
    expect(await names('application/json; deleted=only')).toEqual(['held'])
    expect((await put('held', volume(10))).status).toBe(409)
    expect((await api.send('DELETE', volumePath('held'))).status).toBe(202)
    await eventually(async () => expect((await stored('held')).metadata.finalizers).toEqual(['example.com/hold']))
    await hold([])
    await eventually(async () => expect((await api.send('GET', volumePath('held'))).status).toBe(404))
  })

  it('is 409 for a workspace that holds something', async () => {
    const home = paths.of('seca.workspace', 'workspaces/full')
    expect((await api.send('PUT', home, { body: {} })).status).toBe(201)
    const inside = new Paths(tenant.name, 'full').in('seca.storage', 'block-storages/x')
    expect((await api.send('PUT', inside, { body: volume(10) })).status).toBe(201)
    const refused = await api.send('DELETE', home)
    expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining('block-storage "x"')])
    expect((await api.send('DELETE', inside)).status).toBe(202)
    await eventually(async () => expect((await api.send('DELETE', home)).status).toBe(202))
    await eventually(async () => expect((await api.send('GET', home)).status).toBe(404))
  })
})
