import { expect, test } from 'vitest'
import type { Step } from './gate-testing.ts'
import type { Replica, ReplicaOptions } from './replica-testing.ts'
import { createWorld, type World } from './testing.ts'

const CLEAN = { doubles: [], leaks: [], losses: [], foreign: [] }
const VOLUME = { sizeGB: 5, skuRef: { resource: 'skus/rd100' } }
const NAMESPACE = 'seca-acme--prod'
const PATIENCE = { timeout: 1_200_000 }
/** Longer than a Lease, the wait for it, and the longest backoff. */
const LONG = 180_000

/** Workspace `prod`, a volume in it and an instance on that, asked for in one breath. */
async function ask(world: World): Promise<void> {
  world.create('Workspace', 't', 'prod', {})
  await world.run(10_000)
  world.create('BlockStorage', NAMESPACE, 'disk', VOLUME)
  world.create('Instance', NAMESPACE, 'vm', {
    skuRef: { resource: 'skus/ds' },
    zone: 'a',
    bootVolume: { deviceRef: { resource: 'block-storages/disk' } },
  })
}

/** Deletes all of it again. */
async function give(world: World): Promise<void> {
  for (const [kind, namespace, name] of [
    ['Instance', NAMESPACE, 'vm'],
    ['BlockStorage', NAMESPACE, 'disk'],
    ['Workspace', 't', 'prod'],
  ] as const)
    if (world.get(kind, namespace, name) !== undefined) await world.delete(kind, namespace, name)
}

const states = (world: World) =>
  [world.get('Workspace', 't', 'prod'), world.get('BlockStorage', NAMESPACE, 'disk'), world.get('Instance', NAMESPACE, 'vm')].map(
    (object) => object?.status?.state,
  )

const objects = (world: World) => world.cloud.objects().map(({ type }) => type)

interface Life {
  readonly world: World
  readonly replica: Replica
  readonly standby: Replica
}

/** Two processes, and all that is asked for and given back; `onStep` may do something to the one that leads. */
async function life(onStep: (step: Step, life: Life) => void = () => undefined, options: ReplicaOptions = {}) {
  const world = createWorld({ cloudMs: 300 })
  const replica = world.replica(options)
  await world.run(5_000)
  const standby = world.replica(options)
  world.onStep = (step) => onStep(step, { world, replica, standby })
  await ask(world)
  await world.run(LONG)
  const made = { states: states(world), objects: objects(world), audit: world.audit() }
  await give(world)
  await world.run(LONG)
  return { world, replica, standby, made, left: { states: states(world), objects: objects(world), audit: world.audit() } }
}

const MADE = { states: ['active', 'active', 'active'], objects: ['projects', 'volumes', 'servers'], audit: CLEAN }
const LEFT = { states: [undefined, undefined, undefined], objects: [], audit: CLEAN }

test('one process of two leads, makes everything once, and takes it down again', async () => {
  const { made, left, replica, standby } = await life()
  expect([made, left, replica.isLeading, standby.isLeading]).toEqual([MADE, LEFT, true, false])
})

test('with real informers as well', async () => {
  const { made, left } = await life(undefined, { informers: true })
  expect([made, left]).toEqual([MADE, LEFT])
})

test('when nothing happens nothing is written but the Lease, all day', PATIENCE, async () => {
  const world = createWorld()
  world.replica()
  await ask(world)
  await world.run(60_000)
  world.cluster.writes.length = 0
  await world.run(86_400_000)
  expect([world.cluster.writes, states(world), world.audit()]).toEqual([[], MADE.states, CLEAN])
})

test('told to end, it lets the next one in at once', async () => {
  const world = createWorld()
  const first = world.replica()
  await world.run(5_000)
  const second = world.replica()
  first.terminate()
  await world.run(5_000)
  expect([first.isLeading, second.isLeading]).toEqual([false, true])
})

/** Every moment of the process that leads, in which something may happen to it. */
async function moments(): Promise<{ index: number; what: string; when: Step['when'] }[]> {
  const seen: { index: number; what: string; when: Step['when'] }[] = []
  await life(({ actor, what, when, index }, { replica }) => {
    if (actor === replica && !what.includes('/leases/')) seen.push({ index, what, when })
  })
  return seen
}

/** Each moment is a life of its own: all of them in the full set, some of them always. */
const STRIDE = Number(process.env['SECA_TEST_STRIDE'] ?? 8)
const OFFSET = Math.floor(STRIDE / 2)
async function everywhere(strike: (life: Life) => void): Promise<{ count: number; wrong: object[] }> {
  const found: object[] = []
  const all = await moments()
  for (const moment of all.filter((_one, index) => index % STRIDE === OFFSET)) {
    let isStruck = false
    const { made, left } = await life((step, it) => {
      if (step.index !== moment.index || isStruck) return
      isStruck = true
      strike(it)
    })
    const isRight = JSON.stringify([made, left]) === JSON.stringify([MADE, LEFT])
    if (!isRight || !isStruck) found.push({ ...moment, isStruck, made, left })
  }
  return { count: all.length, wrong: found }
}

test('killed at any moment, another one goes on', PATIENCE, async () => {
  const { count, wrong } = await everywhere(({ replica }) => replica.kill())
  expect([count > 50, wrong]).toEqual([true, []])
})
test('killed at any moment, what was on its way arriving all the same', PATIENCE, async () => {
  const { count, wrong } = await everywhere(({ replica }) => replica.kill('arrives'))
  expect([count > 50, wrong]).toEqual([true, []])
})
test('cut off at any moment', PATIENCE, async () => {
  const { count, wrong } = await everywhere(({ replica }) => replica.cut())
  expect([count > 50, wrong]).toEqual([true, []])
})
test('stopped at any moment for longer than its Lease', PATIENCE, async () => {
  const { count, wrong } = await everywhere(({ replica }) => replica.stop(40_000))
  expect([count > 50, wrong]).toEqual([true, []])
})

test('one that leads again and has not heard of a deletion makes nothing for an object that is gone', async () => {
  const world = createWorld({ cloudMs: 300 })
  const first = world.replica()
  await world.run(5_000)
  const second = world.replica()
  world.create('Workspace', 't', 'prod', {})
  await world.run(10_000)
  let tell = (): void => undefined
  world.onStep = ({ actor, what, when }) => {
    // What is about to be made is in its status, and its id is not.
    if (actor !== first || when !== 'leaving' || !what.includes('POST') || !what.includes('volumes')) return
    world.onStep = () => undefined
    tell = first.holdWatches()
    first.stop(200_000)
  }
  world.create('BlockStorage', NAMESPACE, 'disk', VOLUME)
  await world.run(150_000)
  expect([second.isLeading, objects(world)]).toEqual([true, ['projects', 'volumes']])
  await world.delete('BlockStorage', NAMESPACE, 'disk')
  await world.run(60_000)
  expect([first.state, objects(world)]).toEqual(['running', ['projects']])
  second.terminate()
  await world.run(60_000)
  expect([first.isLeading, objects(world)]).toEqual([true, ['projects']])
  tell()
  await world.run(LONG)
  expect([world.audit(), objects(world)]).toEqual([CLEAN, ['projects']])
})
