import { expect, test } from 'vitest'
import { FINALIZER, MANAGED_LABEL, TENANT_LABEL, WORKSPACE_LABEL } from '../src/kinds/names.ts'
import { createWorld, plainCloud, type World, workspaceWorld } from '../src/reconcile/testing.ts'

const OWN = 'seca-acme--prod'
const ready = (world: World, kind = 'Workspace', namespace = 't', name = 'prod') =>
  world.get(kind, namespace, name)?.status?.conditions?.find(({ type }) => type === 'Ready')
const isThere = (world: World) => world.get('Workspace', 't', 'prod') !== undefined

/** A world with workspace `prod` in a namespace that the controllers made. */
async function made(): Promise<World> {
  const world = createWorld()
  world.create('Workspace', 't', 'prod', {})
  await world.run(1_000)
  expect(ready(world)).toMatchObject({ status: 'True' })
  return world
}

test('a new workspace is active at once, in a namespace of its own', async () => {
  const world = await made()
  expect(world.namespace(OWN)?.metadata.labels).toEqual({ [TENANT_LABEL]: 'acme', [WORKSPACE_LABEL]: 'prod', [MANAGED_LABEL]: 'true' })
})

test('an empty workspace is gone at once: its namespace was told to go and is not waited for', async () => {
  const world = await made()
  await world.delete('Workspace', 't', 'prod')
  await world.run(900)
  expect(isThere(world)).toBe(false)
  expect(world.namespace(OWN)?.metadata.deletionTimestamp).toBeDefined()
})

test('a workspace with content stays until the last of it is gone, in the cloud too', async () => {
  const { adapter, objects } = plainCloud()
  const slow = { ...adapter, delete: () => Promise.resolve() }
  const world = createWorld({ adapters: { Workspace: adapter, PublicIp: slow } })
  world.create('Workspace', 't', 'prod', {})
  await world.run(1_000)
  world.create('PublicIp', OWN, 'ip', { version: 'IPv4' })
  await world.run(1_000)
  await world.delete('Workspace', 't', 'prod')
  await world.run(60_000)
  expect(ready(world)).toMatchObject({ reason: 'DeletionBlocked', message: expect.stringContaining('PublicIp "ip"') })
  expect(world.namespace(OWN)?.metadata.deletionTimestamp).toBeUndefined()
  // What is being deleted counts as content until the cloud says that it is gone.
  await world.delete('PublicIp', OWN, 'ip')
  await world.run(60_000)
  expect(ready(world)).toMatchObject({ reason: 'Deleting' })
  expect(world.namespace(OWN)?.metadata.deletionTimestamp).toBeUndefined()
  expect(objects.size).toBe(2)
  for (const [tag] of objects) if (tag.includes('public-ips')) objects.delete(tag)
  await world.run(10_000)
  expect([isThere(world), objects.size]).toEqual([false, 0])
})

test('the namespace stays as long as the cloud keeps the workspace', async () => {
  const { adapter } = plainCloud()
  const world = createWorld({ adapters: { Workspace: { ...adapter, delete: () => Promise.resolve() } } })
  world.create('Workspace', 't', 'prod', {})
  await world.run(1_000)
  await world.delete('Workspace', 't', 'prod')
  await world.run(60_000)
  expect(isThere(world)).toBe(true)
  expect(world.namespace(OWN)?.metadata.deletionTimestamp).toBeUndefined()
})

test('what the cluster has and the cache has not seen yet keeps the workspace', async () => {
  const world = await made()
  const catchUp = world.cluster.holdWatches()
  world.create('PublicIp', OWN, 'late', { version: 'IPv4' }, { metadata: { finalizers: ['other/held'] } })
  await world.delete('Workspace', 't', 'prod')
  world.cache.store('Workspace').set(world.get('Workspace', 't', 'prod')!)
  await world.run(10_000)
  expect(isThere(world)).toBe(true)
  expect(ready(world)).toMatchObject({ reason: 'Deleting', message: expect.stringContaining('PublicIp "late"') })
  catchUp()
  world.cluster.sweep(OWN)
  world.cluster.change('PublicIp', OWN, 'late', { metadata: { finalizers: [FINALIZER] } })
  await world.run(10_000)
  expect(isThere(world)).toBe(false)
})

test('a new workspace of the name waits for the old namespace, says so, and goes on by itself', async () => {
  const world = await made()
  const old = world.namespace(OWN)?.metadata.uid
  await world.delete('Workspace', 't', 'prod')
  await world.run(500)
  world.create('Workspace', 't', 'prod', {})
  await world.run(2_000)
  expect(world.get('Workspace', 't', 'prod')?.status?.state).toBe('pending')
  expect(ready(world)).toMatchObject({ reason: 'NamespaceNotReady', message: expect.stringContaining(OWN) })
  expect(world.cluster.sweep(OWN)).toBe(true)
  await world.run(500)
  expect(ready(world)).toMatchObject({ status: 'True' })
  expect(world.namespace(OWN)?.metadata.uid).not.toBe(old)
  expect(world.namespace(OWN)?.metadata.deletionTimestamp).toBeUndefined()
})

test('also when the watch has not told yet that the old namespace is going', async () => {
  const world = await made()
  const catchUp = world.cluster.holdWatches()
  await world.delete('Workspace', 't', 'prod')
  world.cache.store('Workspace').set(world.get('Workspace', 't', 'prod')!)
  await world.run(500)
  expect(isThere(world)).toBe(false)
  const anew = world.create('Workspace', 't', 'prod', {})
  world.cache.store('Workspace').set(structuredClone(anew) as never)
  await world.run(500)
  expect(ready(world)).toMatchObject({ reason: 'NamespaceNotReady' })
  catchUp()
  world.cluster.sweep(OWN)
  await world.run(500)
  expect(ready(world)).toMatchObject({ status: 'True' })
})

test('an adopted namespace loses its labels and stays; a new workspace of the name does not take it back', async () => {
  const world = workspaceWorld()
  await world.run(1_000)
  await world.delete('Workspace', 't', 'prod')
  await world.run(900)
  expect(isThere(world)).toBe(false)
  expect(world.namespace('w')?.metadata).toMatchObject({ labels: {} })
  expect(world.namespace('w')?.metadata.deletionTimestamp).toBeUndefined()
  world.create('Workspace', 't', 'prod', {})
  await world.run(1_000)
  expect(ready(world)).toMatchObject({ status: 'True' })
  expect(world.cache.namespaceOf({ tenant: 'acme', workspace: 'prod' })).toBe(OWN)
})

test('nor while the watch has not told yet that the labels are gone', async () => {
  const world = workspaceWorld()
  await world.run(1_000)
  world.cluster.holdWatches()
  await world.delete('Workspace', 't', 'prod')
  world.cache.store('Workspace').set(world.get('Workspace', 't', 'prod')!)
  await world.run(500)
  expect(isThere(world)).toBe(false)
  expect(world.cache.namespaceOf({ tenant: 'acme', workspace: 'prod' })).toBeUndefined()
})

test.each([
  ['made here', { [MANAGED_LABEL]: 'true' }],
  ['adopted', {}],
])('a namespace of that name that is another one by now (%s) is left alone', async (_how, more) => {
  const labels = { [TENANT_LABEL]: 'acme', [WORKSPACE_LABEL]: 'prod', ...more }
  const world = createWorld()
  world.addNamespace('w', labels)
  world.create('Workspace', 't', 'prod', {})
  await world.run(1_000)
  world.cluster.holdWatches()
  world.cluster.sweep('w')
  const anew = world.addNamespace('w', labels)
  await world.delete('Workspace', 't', 'prod')
  world.cache.store('Workspace').set(world.get('Workspace', 't', 'prod')!)
  await world.run(5_000)
  expect(world.namespace('w')).toEqual(anew)
})

test('an assignment of that name that is another one by now is left alone', async () => {
  const world = await made()
  const assign = (workspaces: string[]) => world.create('RoleAssignment', 't', 'a', { subs: ['a'], roles: ['r'], scopes: [{ workspaces }] })
  assign(['prod'])
  await world.run(1_000)
  const catchUp = world.cluster.holdWatches()
  await world.delete('RoleAssignment', 't', 'a')
  assign(['test'])
  await world.delete('Workspace', 't', 'prod')
  world.cache.store('Workspace').set(world.get('Workspace', 't', 'prod')!)
  await world.run(1_000)
  catchUp()
  expect(isThere(world)).toBe(false)
  expect(world.get('RoleAssignment', 't', 'a')?.spec).toMatchObject({ scopes: [{ workspaces: ['test'] }] })
})

test('an adopted namespace keeps its labels while there is anything in it', async () => {
  const world = workspaceWorld()
  await world.run(1_000)
  const catchUp = world.cluster.holdWatches()
  world.create('PublicIp', 'w', 'late', { version: 'IPv4' })
  await world.delete('Workspace', 't', 'prod')
  world.cache.store('Workspace').set(world.get('Workspace', 't', 'prod')!)
  await world.run(5_000)
  expect(world.namespace('w')?.metadata.labels).toMatchObject({ [WORKSPACE_LABEL]: 'prod' })
  catchUp()
  await world.run(1_000)
  await world.delete('PublicIp', 'w', 'late')
  await world.run(5_000)
  expect(isThere(world)).toBe(false)
})

test('a namespace that is in the way is named; one of that name that is going is waited for', async () => {
  const world = createWorld()
  world.addNamespace(OWN, {})
  world.create('Workspace', 't', 'prod', {})
  await world.run(1_000)
  expect(ready(world)).toMatchObject({ reason: 'NamespaceNotReady', message: expect.stringContaining('label it') })
  await world.deleteNamespace(OWN)
  await world.run(6_000)
  expect(ready(world)).toMatchObject({ reason: 'NamespaceNotReady', message: expect.stringContaining('being deleted') })
  world.cluster.sweep(OWN)
  await world.run(1_500)
  expect(ready(world)).toMatchObject({ status: 'True' })
})

test('a workspace namespace deleted behind its workspace comes back', async () => {
  const world = await made()
  await world.deleteNamespace(OWN)
  await world.run(1_000)
  expect(ready(world)).toMatchObject({ reason: 'NamespaceNotReady' })
  world.cluster.sweep(OWN)
  await world.run(500)
  expect(ready(world)).toMatchObject({ status: 'True' })
  expect(world.namespace(OWN)?.metadata.deletionTimestamp).toBeUndefined()
})

test('a tenant that is deleted takes workspace and content along', async () => {
  const world = await made()
  world.create('PublicIp', OWN, 'ip', { version: 'IPv4' })
  await world.run(1_000)
  await world.deleteNamespace('t')
  world.cluster.sweep('t')
  await world.run(10_000)
  expect([isThere(world), world.get('PublicIp', OWN, 'ip')]).toEqual([false, undefined])
  expect(world.namespace(OWN)?.metadata.deletionTimestamp).toBeDefined()
})

test('role assignments about the workspace alone go with it', async () => {
  const world = await made()
  const assign = (name: string, ...scopes: object[]) => world.create('RoleAssignment', 't', name, { subs: ['a'], roles: ['r'], scopes })
  assign('own', { workspaces: ['prod'] })
  assign('shared', { workspaces: ['prod', 'test'] })
  assign('other', { workspaces: ['test'] })
  assign('both', { workspaces: ['prod'] }, { workspaces: [] })
  await world.run(1_000)
  await world.delete('Workspace', 't', 'prod')
  await world.run(1_000)
  const left = ['own', 'shared', 'other', 'both'].filter((name) => world.get('RoleAssignment', 't', name) !== undefined)
  expect(left).toEqual(['shared', 'other', 'both'])
})

test('a namespace that loses its labels keeps the workspace: no second one is made, nothing goes, and labels put back heal it at once', async () => {
  const world = workspaceWorld()
  await world.run(10_000)
  world.create('PublicIp', 'w', 'ip', { version: 'IPv4' })
  await world.run(10_000)
  expect(world.get('Workspace', 't', 'prod')?.status).toMatchObject({ resourceCount: 1, namespace: 'w' })
  const label = (name: string | null) => world.cluster.changeNamespace('w', { metadata: { labels: { [WORKSPACE_LABEL]: name } } })
  label(null)
  await world.run(10_000)
  expect(ready(world)).toMatchObject({ reason: 'NamespaceNotReady', message: expect.stringContaining('holds PublicIp "ip"') })
  expect(world.get('Workspace', 't', 'prod')?.status).toMatchObject({ resourceCount: 1, namespace: 'w' })
  expect(world.namespace(OWN)).toBeUndefined()
  label('prod')
  await world.run()
  expect(ready(world)).toMatchObject({ status: 'True' })
  expect(ready(world, 'PublicIp', 'w', 'ip')).toMatchObject({ status: 'True' })
  label(null)
  await world.delete('Workspace', 't', 'prod')
  await world.run(10_000)
  expect(ready(world)).toMatchObject({ reason: 'DeletionBlocked', message: expect.stringContaining('namespace w lost its labels') })
  label('prod')
  await world.delete('PublicIp', 'w', 'ip')
  await world.run(10_000)
  expect([isThere(world), world.namespace('w')?.metadata.labels]).toEqual([false, {}])
})
