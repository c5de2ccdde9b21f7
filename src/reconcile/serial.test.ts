import { expect, test } from 'vitest'
import type { Capability, ResourceAdapter } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import { plainCloud, workspaceWorld } from './testing.ts'

const LANE: Capability = { object: 'own', updates: ['spec'], create: 'idempotent', lookup: 'tag', settleMs: 0, lane: 'workspace' }
const COUNT = 30
/** What the cloud takes for one operation. */
const BUSY_MS = 150

test('objects that take turns in a cloud wait for each other only as long as the cloud takes', async () => {
  const cloud = plainCloud()
  const busyUntil = new Map<string, number>()
  let underWay = 0
  let most = 0
  const begin = (tag: string) => {
    underWay = [...busyUntil.values()].filter((until) => until > world.time.now).length + 1
    most = Math.max(most, underWay)
    busyUntil.set(tag, world.time.now + BUSY_MS)
  }
  const adapter: ResourceAdapter = {
    ...cloud.adapter,
    async observe(desired, context) {
      const seen = await cloud.adapter.observe(desired, context)
      return seen && (busyUntil.get(desired.tag) ?? 0) > world.time.now ? { ...seen, drift: [], busy: 'at it' } : seen
    },
    create(desired, context) {
      begin(desired.tag)
      return cloud.adapter.create(desired, context)
    },
    async update(desired, seen, context) {
      begin(desired.tag)
      return cloud.adapter.update?.(desired, seen, context)
    },
  }
  const world = workspaceWorld({
    adapters: { Workspace: plainCloud().adapter, BlockStorage: adapter },
    capabilities: { Workspace: { ...LANE, lane: 'none' }, BlockStorage: LANE },
  })
  await world.run(1_000)
  const names = Array.from({ length: COUNT }, (_, index) => `v${index}`)
  const active = () => names.filter((name) => world.get('BlockStorage', 'w', name)?.status?.state === 'active').length
  for (const name of names) world.create('BlockStorage', 'w', name, { sizeGB: 5, skuRef: { resource: 'skus/rd100' } })
  await world.run(COUNT * 4 * BUSY_MS)
  expect([active(), most]).toEqual([COUNT, 1])
  // Who waits does not ask the cloud.
  expect(cloud.calls.filter((call) => call === 'observe').length).toBeLessThan(COUNT * 7)
  const before = cloud.calls.length
  for (const name of names) await world.edit('BlockStorage', 'w', name, { spec: { sizeGB: 6 } })
  await world.run(COUNT * 4 * BUSY_MS)
  expect([active(), most, cloud.calls.slice(before).filter((call) => call === 'update').length]).toEqual([COUNT, 1, COUNT])
})

test('what the cloud says "not now" to is tried ever later, and says so', async () => {
  const cloud = plainCloud()
  let tries = 0
  const world = workspaceWorld({
    adapters: {
      Workspace: plainCloud().adapter,
      BlockStorage: {
        ...cloud.adapter,
        delete() {
          tries++
          return Promise.reject(new ProviderError('waiting', 'is in use by a snapshot'))
        },
      },
    },
  })
  await world.run(1_000)
  world.create('BlockStorage', 'w', 'v', { sizeGB: 5, skuRef: { resource: 'skus/rd100' } })
  await world.run(10_000)
  await world.delete('BlockStorage', 'w', 'v')
  await world.run(60_000)
  expect(world.get('BlockStorage', 'w', 'v')?.status?.conditions?.[0]).toMatchObject({ message: 'is in use by a snapshot' })
  expect([tries > 5, tries < 40]).toEqual([true, true])
})

test('who is refused lets others in: what is in the way may need a turn of its own', async () => {
  const cloud = plainCloud()
  const isThere = (name: string) => [...cloud.objects.keys()].some((tag) => tag.endsWith(`/${name}`))
  const adapter: ResourceAdapter = {
    ...cloud.adapter,
    delete(desired, seen, context) {
      if (desired.path.name === 'used' && isThere('user')) return Promise.reject(new ProviderError('waiting', 'is in use by user'))
      return cloud.adapter.delete(desired, seen, context)
    },
  }
  const world = workspaceWorld({
    adapters: { Workspace: plainCloud().adapter, BlockStorage: adapter },
    capabilities: { Workspace: { ...LANE, lane: 'none' }, BlockStorage: LANE },
  })
  await world.run(1_000)
  for (const name of ['used', 'user']) world.create('BlockStorage', 'w', name, { sizeGB: 5, skuRef: { resource: 'skus/rd100' } })
  await world.run(10_000)
  await world.delete('BlockStorage', 'w', 'used')
  await world.run(1_000)
  await world.delete('BlockStorage', 'w', 'user')
  await world.run(30_000)
  expect([isThere('used'), isThere('user'), world.get('BlockStorage', 'w', 'used')]).toEqual([false, false, undefined])
})
