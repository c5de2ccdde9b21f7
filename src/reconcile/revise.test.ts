import { expect, test } from 'vitest'
import { kindNamed } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import { failure } from '../kube/memory-testing.ts'
import { reviseField } from './revise.ts'
import { createWorld } from './testing.ts'

const kind = kindNamed('RoleAssignment') as Kind
const { signal } = new AbortController()

function setUp(roles: readonly string[] = ['a', 'b']) {
  const world = createWorld()
  const object = world.create('RoleAssignment', 't', 'x', { subs: ['ann'], roles })
  const revise = (value: unknown) => (value as string[]).filter((one) => one !== 'a')
  const client = world.cluster.client
  const run = () => reviseField({ client, kind, object, path: '/spec/roles', revise, signal })
  const spec = () => world.get('RoleAssignment', 't', 'x')?.spec
  return { world, object, run, spec }
}

test('rewrites the field and nothing else; what is right already is not written', async () => {
  const { world, run, spec } = setUp()
  await run()
  expect(spec()).toEqual({ subs: ['ann'], roles: ['b'] })
  const { world: other, run: again } = setUp(['b'])
  await again()
  expect([world.cluster.writes.length, other.cluster.writes.length]).toEqual([1, 0])
})

test('another field that changes meanwhile is kept, without another try', async () => {
  const { world, run, spec } = setUp()
  world.cluster.beforeWrite = () => world.cluster.change('RoleAssignment', 't', 'x', { spec: { subs: ['bob'] } })
  await run()
  expect(spec()).toEqual({ subs: ['bob'], roles: ['b'] })
  expect(world.cluster.writes).toHaveLength(1)
})

test('the same field that changes meanwhile is looked at again', async () => {
  const { world, run, spec } = setUp()
  let changes = 0
  world.cluster.beforeWrite = () => {
    if (changes++ < 2) world.cluster.change('RoleAssignment', 't', 'x', { spec: { roles: ['a', 'c', `d${changes}`] } })
  }
  await run()
  expect(spec()).toEqual({ subs: ['ann'], roles: ['c', 'd2'] })
})

test('who changes it for ever is told, not fought for ever', async () => {
  const { world, run } = setUp()
  let changes = 0
  world.cluster.beforeWrite = () => world.cluster.change('RoleAssignment', 't', 'x', { spec: { roles: ['a', `d${changes++}`] } })
  await expect(run()).rejects.toMatchObject({ status: 422 })
  expect(changes).toBe(5)
})

test('a refused value is thrown at once; what is gone is fine', async () => {
  const { world, run } = setUp()
  world.cluster.beforeWrite = () => {
    throw failure(422, 'Invalid')
  }
  await expect(run()).rejects.toMatchObject({ status: 422 })
  expect(world.cluster.writes).toHaveLength(1)
  world.cluster.beforeWrite = () => undefined
  await world.delete('RoleAssignment', 't', 'x')
  await run()
})

test('a later object of the name is left alone, whatever it holds', async () => {
  for (const roles of [
    ['a', 'b'],
    ['a', 'c'],
  ]) {
    const { world, run, spec } = setUp()
    await world.delete('RoleAssignment', 't', 'x')
    world.create('RoleAssignment', 't', 'x', { subs: ['eve'], roles })
    await run()
    expect(spec()).toEqual({ subs: ['eve'], roles })
  }
})
