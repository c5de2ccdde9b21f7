import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FINALIZER } from '../src/kinds/names.ts'
import type { Resource } from '../src/kinds/resource.ts'
import { failure } from '../src/kube/memory-testing.ts'
import { createWorld, type World } from '../src/reconcile/testing.ts'

const PERMISSIONS = { permissions: [{ provider: 'seca.storage', resources: ['*'], verb: ['get'] }] }
const assignmentOf = (roles: readonly string[]) => ({ subs: ['ann'], roles, scopes: [{ workspaces: ['prod'] }] })

async function withRole(name = 'reader'): Promise<World> {
  const world = createWorld()
  world.create('Role', 't', name, PERMISSIONS)
  await world.run()
  return world
}

function assign(world: World, name: string, roles: readonly string[], namespace = 't', metadata = {}): Resource {
  return world.create('RoleAssignment', namespace, name, assignmentOf(roles), { metadata })
}

const rolesOf = (world: World, name: string, namespace = 't') =>
  (world.get('RoleAssignment', namespace, name)?.spec as { roles: string[] } | undefined)?.roles
const isThere = (world: World, name = 'reader') => world.get('Role', 't', name) !== undefined
const patches = (world: World, name: string) => world.cluster.writes.filter((write) => write === `patch roleassignments t/${name}`).length

test('deleting a role takes its name out of the assignments of its tenant, and nothing else', async () => {
  const world = await withRole()
  world.addNamespace('other', { 'secapi.cloud/tenant': 'else' })
  assign(world, 'a', ['reader', 'writer', 'reader'])
  assign(world, 'b', ['writer', 'readers', 'Reader'])
  assign(world, 'c', ['reader'])
  assign(world, 'd', ['reader'], 'other')
  await world.run()
  await world.delete('Role', 't', 'reader')
  expect(isThere(world)).toBe(true)
  await world.run(5_000)
  expect(isThere(world)).toBe(false)
  expect([rolesOf(world, 'a'), rolesOf(world, 'b'), rolesOf(world, 'c')]).toEqual([['writer'], ['writer', 'readers', 'Reader'], []])
  expect(rolesOf(world, 'd', 'other')).toEqual(['reader'])
  expect(world.get('RoleAssignment', 't', 'a')?.spec).toEqual(assignmentOf(['writer']))
  expect([patches(world, 'a'), patches(world, 'b')]).toEqual([1, 0])
})

test('an assignment left without roles stays, active, and says so', async () => {
  const world = await withRole()
  assign(world, 'c', ['reader'])
  await world.run()
  const before = world.get('RoleAssignment', 't', 'c')?.status?.conditions
  expect(before?.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'True', reason: 'Available' })
  await world.delete('Role', 't', 'reader')
  await world.run(5_000)
  const { status } = world.get('RoleAssignment', 't', 'c')!
  expect(status?.state).toBe('active')
  expect(status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'True', reason: 'NoRoles' })
  await world.edit('RoleAssignment', 't', 'c', { spec: { roles: ['writer'] } })
  await world.run(5_000)
  const after = world.get('RoleAssignment', 't', 'c')?.status?.conditions
  expect(after?.find(({ type }) => type === 'Ready')).toMatchObject({ reason: 'Available' })
})

test('an assignment that the cache does not have yet is reached too', async () => {
  const world = await withRole()
  const catchUp = world.cluster.holdWatches()
  assign(world, 'late', ['reader'])
  expect(world.cache.get('RoleAssignment', 't/late')).toBeUndefined()
  await world.delete('Role', 't', 'reader')
  world.cache.store('Role').set(world.get('Role', 't', 'reader')!)
  await world.run()
  catchUp()
  expect(rolesOf(world, 'late')).toEqual([])
})

test('once per deletion: what comes back afterwards, through Git, stays', async () => {
  const world = await withRole()
  // Somebody else holds the role for longer.
  await world.edit('Role', 't', 'reader', { metadata: { finalizers: [FINALIZER, 'other/held'] } })
  assign(world, 'a', ['reader'])
  await world.delete('Role', 't', 'reader')
  await world.run(5_000)
  expect(rolesOf(world, 'a')).toEqual([])
  expect(world.get('Role', 't', 'reader')?.metadata.finalizers).toEqual(['other/held'])
  await world.edit('RoleAssignment', 't', 'a', { spec: { roles: ['reader'] } })
  await world.edit('Role', 't', 'reader', { metadata: { annotations: { any: 'change' } } })
  await world.run(3_600_000)
  expect(rolesOf(world, 'a')).toEqual(['reader'])
})

test('a pass that was cut short is taken up again, and reaches every assignment', async () => {
  const world = await withRole()
  for (let n = 0; n < 30; n++) assign(world, `a${n}`, ['reader', 'writer'])
  await world.run()
  let left = 12
  world.cluster.beforeWrite = (write) => {
    if (write.startsWith('patch roleassignments') && left-- <= 0) throw failure(0, 'ECONNREFUSED')
  }
  await world.delete('Role', 't', 'reader')
  await world.run()
  expect(isThere(world)).toBe(true)
  world.cluster.beforeWrite = () => undefined
  const before = world.cluster.writes.length
  await world.run(5_000)
  expect(isThere(world)).toBe(false)
  for (let n = 0; n < 30; n++) expect(rolesOf(world, `a${n}`)).toEqual(['writer'])
  expect(world.cluster.writes.slice(before).filter((write) => write.startsWith('patch roleassignments'))).toHaveLength(18)
})

test('thousands of assignments cost one write each, and those that do not name it none', async () => {
  const world = await withRole()
  for (let n = 0; n < 2_000; n++) assign(world, `a${n}`, [n % 2 === 0 ? 'reader' : 'writer'])
  world.agenda.due.clear()
  await world.delete('Role', 't', 'reader')
  const before = world.cluster.writes.length
  await world.reconcile('Role', 't', 'reader')
  expect(isThere(world)).toBe(false)
  expect(world.cluster.writes.slice(before).filter((write) => write.startsWith('patch roleassignments'))).toHaveLength(1_000)
})

test('a refusal of the cluster holds the role, is named, and keeps no other assignment from losing it', async () => {
  const world = await withRole()
  for (const name of ['a', 'b', 'c']) assign(world, name, ['reader'])
  await world.run()
  world.cluster.beforeWrite = (write) => {
    if (write === 'patch roleassignments t/b') throw failure(403, 'Forbidden')
  }
  await world.delete('Role', 't', 'reader')
  await world.run(5_000)
  const { status } = world.get('Role', 't', 'reader')!
  expect(status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    status: 'False',
    reason: 'DeletionBlocked',
    message: expect.stringContaining('"b"'),
  })
  expect([rolesOf(world, 'a'), rolesOf(world, 'b'), rolesOf(world, 'c')]).toEqual([[], ['reader'], []])
  world.cluster.beforeWrite = () => undefined
  await world.run(90_000)
  expect([isThere(world), rolesOf(world, 'b')]).toEqual([false, []])
})

test('a role that goes with its tenant holds nothing up and touches no assignment', async () => {
  const world = await withRole()
  assign(world, 'a', ['reader'], 't', { finalizers: ['other/held'] })
  await world.run()
  const before = patches(world, 'a')
  await world.deleteNamespace('t')
  world.cluster.sweep('t')
  await world.run(5_000)
  expect(isThere(world)).toBe(false)
  expect(patches(world, 'a')).toBe(before)
})

test('what is on its way out is not written to: assignments of a live tenant, and all of one that goes', async () => {
  const world = await withRole()
  assign(world, 'going', ['reader'], 't', { finalizers: ['other/held'] })
  await world.delete('RoleAssignment', 't', 'going')
  await world.delete('Role', 't', 'reader')
  await world.run(5_000)
  expect([isThere(world), rolesOf(world, 'going')]).toEqual([false, ['reader']])

  const other = await withRole()
  assign(other, 'a', ['reader'])
  await other.deleteNamespace('t')
  await other.delete('Role', 't', 'reader')
  await other.run(5_000)
  expect([isThere(other), rolesOf(other, 'a')]).toEqual([false, ['reader']])
})

test('nor does it hold up a namespace that is no tenant’s, or lost its label', async () => {
  const world = await withRole()
  world.addNamespace('n', {})
  world.create('Role', 'n', 'stray', PERMISSIONS)
  await world.run()
  await world.delete('Role', 'n', 'stray')
  await world.run(5_000)
  expect(world.get('Role', 'n', 'stray')).toBeUndefined()
})

test('a role of the same name that comes later keeps what is assigned to it', async () => {
  const world = await withRole()
  assign(world, 'old', ['reader'])
  await world.run()
  await world.delete('Role', 't', 'reader')
  expect(() => world.create('Role', 't', 'reader', PERMISSIONS)).toThrow('AlreadyExists')
  await world.run(5_000)
  world.create('Role', 't', 'reader', PERMISSIONS)
  assign(world, 'new', ['reader'])
  await world.run(3_600_000)
  expect([rolesOf(world, 'old'), rolesOf(world, 'new')]).toEqual([[], ['reader']])
})

test('uninstalling the kind, and an orphaned role, leave the names', async () => {
  for (const prepare of [
    (world: World) => world.edit('Role', 't', 'reader', { metadata: { annotations: { 'secapi.cloud/deletion-policy': 'Orphan' } } }),
    (world: World) => Promise.resolve(world.cluster.uninstall('roles.authorization.secapi.cloud')),
  ]) {
    const world = await withRole()
    assign(world, 'a', ['reader'])
    await prepare(world)
    await world.delete('Role', 't', 'reader')
    await world.run(5_000)
    expect([isThere(world), rolesOf(world, 'a')]).toEqual([false, ['reader']])
  }
})

test('whatever is written to the assignments meanwhile is kept (generated)', async () => {
  const roles = fc.uniqueArray(fc.constantFrom('reader', 'writer', 'owner'), { minLength: 0, maxLength: 3 })
  const edit = fc.record({
    at: fc.nat(8),
    roles: fc.option(roles, { nil: undefined }),
    subs: fc.option(fc.constantFrom(['bob'], ['eve']), { nil: undefined }),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ roles, edits: fc.array(edit, { maxLength: 3 }) }), { minLength: 1, maxLength: 4 }),
      async (plan) => {
        const world = await withRole()
        plan.forEach(({ roles: held }, index) => assign(world, `a${index}`, held))
        await world.run()
        /** What people wrote last: the model. */
        const wanted = plan.map(({ roles: held }) => ({ roles: held as string[], subs: ['ann'] }))
        let writes = 0
        const pending = plan.flatMap(({ edits }, index) => edits.map((one) => ({ ...one, index })))
        world.cluster.beforeWrite = (write) => {
          if (!write.startsWith('patch roleassignments')) return
          writes += 1
          for (const { at, index, ...change } of pending) {
            if (at !== writes) continue
            const spec = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
            world.cluster.change('RoleAssignment', 't', `a${index}`, { spec })
            Object.assign(wanted[index]!, spec)
          }
        }
        await world.delete('Role', 't', 'reader')
        await world.run(60_000)
        expect(isThere(world)).toBe(false)
        plan.forEach((_, index) => {
          const spec = world.get('RoleAssignment', 't', `a${index}`)?.spec as { roles: string[]; subs: string[] }
          const { subs, roles: last } = wanted[index]!
          expect(spec.subs).toEqual(subs)
          // A name that was written after this one was done may be there.
          expect(spec.roles.filter((one) => one !== 'reader')).toEqual(last.filter((one) => one !== 'reader'))
          expect(!last.includes('reader') && spec.roles.includes('reader')).toBe(false)
        })
      },
    ),
    { numRuns: 60 },
  )
})
