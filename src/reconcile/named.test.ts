import { expect, test } from 'vitest'
import { type World, workspaceWorld } from './testing.ts'

const OUT = { ruleRefs: [{ resource: 'security-group-rules/out' }] }
const MORE = { ruleRefs: [{ resource: 'security-group-rules/out' }, { resource: 'security-group-rules/more' }] }
const INLINE = { rules: [{ direction: 'ingress', version: 'IPv4', protocol: 'tcp', ports: { list: [22] } }] }

/** A security group that refers to a rule, both in order, in a cloud that takes its time. */
async function setUp(): Promise<World> {
  const world = workspaceWorld({ cloudMs: 3_000 })
  await world.run(30_000)
  world.create('SecurityGroupRule', 'w', 'out', { direction: 'egress' })
  world.create('SecurityGroup', 'w', 'web', { ...OUT, ...INLINE })
  await world.run(60_000)
  expect(state(world)).toEqual(['active', 'Available'])
  return world
}

const group = (world: World) => world.get('SecurityGroup', 'w', 'web')
const state = (world: World) => [
  group(world)?.status?.state,
  group(world)?.status?.conditions?.find(({ type }) => type === 'Ready')?.reason,
]
const edit = (world: World, spec: object) => world.edit('SecurityGroup', 'w', 'web', { spec })

test('a change in the same breath as the end of what the object named is made, and the object says what is missing', async () => {
  const world = await setUp()
  await world.delete('SecurityGroupRule', 'w', 'out')
  await edit(world, { rules: [] })
  await world.run(60_000)
  expect(world.get('SecurityGroupRule', 'w', 'out')).toBeUndefined()
  expect(state(world)).toEqual(['active', 'PartlyApplied'])
  await edit(world, { ...INLINE })
  await world.run(60_000)
  expect(state(world)).toEqual(['active', 'PartlyApplied'])
})

test('a change of labels is none of the spec', async () => {
  const world = await setUp()
  await world.delete('SecurityGroupRule', 'w', 'out')
  await world.run(60_000)
  await world.edit('SecurityGroup', 'w', 'web', { metadata: { labels: { turn: 'two' } } })
  await world.run(60_000)
  expect(state(world)).toEqual(['active', 'PartlyApplied'])
})

test('a change that names what is not there waits for it, also through changes of something else', async () => {
  const world = await setUp()
  await edit(world, MORE)
  await world.run(60_000)
  expect(state(world)).toEqual(['updating', 'ReferenceNotFound'])
  await edit(world, { rules: [] })
  await world.run(60_000)
  expect(state(world)).toEqual(['updating', 'ReferenceNotFound'])
  world.create('SecurityGroupRule', 'w', 'more', { direction: 'egress' })
  await world.run(60_000)
  expect(state(world)).toEqual(['active', 'Available'])
})

test('what moves up in a list because an element was taken out is nothing new', async () => {
  const world = await setUp()
  world.create('SecurityGroupRule', 'w', 'more', { direction: 'egress' })
  await edit(world, MORE)
  await world.run(60_000)
  await world.delete('SecurityGroupRule', 'w', 'more')
  await edit(world, { ruleRefs: MORE.ruleRefs.slice(1) })
  await world.run(60_000)
  expect(state(world)).toEqual(['active', 'PartlyApplied'])
})
