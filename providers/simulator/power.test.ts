import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isNewRequest } from '../../src/resolve/requests.ts'
import { REQUESTED, RESTART_REQUESTED } from '../../src/kinds/names.ts'
import type { Resource } from '../../src/kinds/resource.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import { type World, workspaceWorld } from '../../src/reconcile/testing.ts'
import { adapterOf } from '../../src/provider/adapter.ts'
import type { Order, Place } from '../../src/provider/translation.ts'
import { type CloudObject, SimulatorClient } from './client.ts'
import { switchesOf } from './cloud/characters.ts'
import { type Action, Cloud } from './cloud/cloud.ts'
import { Refusal } from '../stand-in/model.ts'
import { show } from './cloud/sight.ts'
import { blockStorage } from './block-storage.ts'
import { simulator } from './index.ts'
import { instance } from './instance.ts'
import { workspace } from './workspace.ts'

/** The adapter's client without HTTP: the cloud in the test's time. `trouble` may throw before a call. */
function clientOf(cloud: Cloud, trouble: () => void): SimulatorClient {
  const call = <T>(work: () => T): Promise<T> => {
    try {
      trouble()
      cloud.settle()
      return Promise.resolve(work())
    } catch (thrown) {
      return Promise.reject(thrown instanceof Refusal ? new ProviderError('transient', thrown.message) : (thrown as Error))
    }
  }
  const shown = (id: string) => show(cloud, cloud.find(id)) as unknown as CloudObject
  const body = ({ name, mark, clientToken, labels, notes, fields }: Order) =>
    Object.fromEntries(
      Object.entries({ name, tag: mark?.tag, client_token: clientToken, labels, metadata: notes, ...fields }).filter(
        ([, value]) => value !== undefined,
      ),
    )
  return {
    lookup: 'tag',
    keepsNotes: true,
    facts: SimulatorClient.prototype.facts,
    find: ({ type }: Place, { tag }: { tag: string }) => call(() => cloud.store.tagged(type, tag).map(({ id }) => shown(id))),
    get: (_place: Place, id: string) => call(() => (cloud.store.get(id) ? shown(id) : undefined)),
    create: ({ type }: Place, order: Order) => call(() => shown(cloud.create(type, body(order), 'api').object.id)),
    change: (_place: Place, id: string, order: Order) => call(() => void cloud.change(id, body(order), 'api')),
    act: (_place: Place, id: string, verb: Action, order: Order) => call(() => void cloud.act(id, verb, body(order))),
    delete: (_place: Place, id: string) => call(() => void cloud.delete(id)),
  } as unknown as SimulatorClient
}

const SPEC = { skuRef: { resource: 'skus/ds' }, zone: 'a', bootVolume: { deviceRef: { resource: 'block-storages/boot' } } }

interface Machine {
  readonly world: World
  readonly cloud: Cloud
  readonly vm: () => Resource
  /** Every state that a reader could see: `creating off`, `active on`… */
  readonly seen: string[]
  fail: boolean
}

async function machine(latencyMs: number, powerState?: 'on' | 'off'): Promise<Machine> {
  let now = () => 0
  const cloud = new Cloud({
    conduct: { latencyMs, latencyByType: { projects: 0, volumes: 0 }, quotas: {}, strict: false },
    switches: switchesOf([]),
    now: () => now(),
  })
  const it = { fail: false } as { -readonly [K in keyof Machine]: Machine[K] }
  const client = clientOf(cloud, () => {
    if (it.fail) throw new ProviderError('transient', 'the cloud is away')
  })
  const adapters = {
    Workspace: adapterOf(client, workspace),
    BlockStorage: adapterOf(client, blockStorage),
    Instance: adapterOf(client, instance),
  }
  const world = workspaceWorld({ adapters: adapters as never, capabilities: simulator.capabilities })
  now = () => world.agenda.now
  await world.run(1_000)
  world.create('BlockStorage', 'w', 'boot', { sizeGB: 50, skuRef: { resource: 'skus/rd100' } })
  await world.run(1_000)
  world.create('Instance', 'w', 'vm', powerState === undefined ? SPEC : { ...SPEC, powerState })
  Object.assign(it, { world, cloud, vm: () => world.get('Instance', 'w', 'vm')!, seen: [] })
  return it
}

const powerOf = ({ status }: Resource) => (status as { powerState?: string } | undefined)?.powerState ?? 'off'
const wanted = ({ spec }: Resource) => (spec as { powerState?: string }).powerState ?? 'off'
const stateOf = (object: Resource) =>
  object.status?.state === 'active' && isNewRequest(object) ? 'updating' : (object.status?.state ?? 'pending')

/** What a reader sees now, checked: `active` is only said of a machine whose power is what is wanted, what is recorded, and what the cloud has. */
function look({ vm, cloud, seen }: Machine): string {
  const object = vm()
  const state = stateOf(object)
  cloud.settle()
  const server = [...cloud.store.all('servers').values()][0]
  const isTrue = powerOf(object) === wanted(object) && server?.fields['power'] === wanted(object)
  expect(state === 'active' && !isTrue).toBe(false)
  const last = `${state} ${powerOf(object)}`
  if (seen.at(-1) !== last) seen.push(last)
  return last
}

const pass = (it: Machine, ms: number): Promise<void> => it.world.run(ms, () => void look(it))

/** As POST start, stop and restart write; false when the machine's state or power forbids it. */
async function act(it: Machine, action: Action): Promise<boolean> {
  const object = it.vm()
  if (stateOf(object) !== 'active' || powerOf(object) !== (action === 'start' ? 'off' : 'on')) return false
  const token = `${Number.parseInt(object.metadata.annotations?.[REQUESTED] ?? '0', 10) + 1}@${new Date(it.world.agenda.now).toISOString()}`
  const annotations = { [REQUESTED]: token, ...(action === 'restart' ? { [RESTART_REQUESTED]: token } : {}) }
  const spec = action === 'restart' ? {} : { spec: { powerState: action === 'start' ? 'on' : 'off' } }
  await it.world.edit('Instance', 'w', 'vm', { ...spec, metadata: { annotations } })
  return true
}

const boots = ({ cloud }: Machine) => Number([...cloud.store.all('servers').values()][0]?.fields['boots'])

test('a machine that its cloud boots on creation is not active before it is off', async () => {
  for (const latencyMs of [0, 300, 5_000]) {
    const it = await machine(latencyMs)
    await pass(it, 30_000)
    expect(it.seen.filter((one) => one.startsWith('active'))).toEqual(['active off'])
    expect(boots(it)).toBe(1)
  }
})

test('right after it became active, it can be started, restarted and stopped; each shows as updating until it is done', async () => {
  const it = await machine(300)
  await pass(it, 10_000)
  for (const [action, power] of [
    ['start', 'on'],
    ['restart', 'on'],
    ['stop', 'off'],
    ['start', 'on'],
  ] as const) {
    it.seen.length = 0
    expect(await act(it, action)).toBe(true)
    expect(look(it)).toMatch(/^updating/)
    await pass(it, 10_000)
    expect(it.seen.filter((one) => one.startsWith('active'))).toEqual([`active ${power}`])
  }
  expect(boots(it)).toBe(4)
})

test('a restart that could not be asked for yet does not count as handled, however long the cloud is away', async () => {
  const it = await machine(300, 'on')
  await pass(it, 10_000)
  const before = boots(it)
  it.fail = true
  expect(await act(it, 'restart')).toBe(true)
  await pass(it, 60_000)
  expect(it.seen.at(-1)).toBe('updating on')
  it.fail = false
  await pass(it, 90_000)
  expect([it.seen.at(-1), boots(it)]).toEqual(['active on', before + 1])
})

test('whatever is asked for, and whenever: active means the power that is wanted, recorded and there (generated)', async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('act' as const), action: fc.constantFrom<Action>('start', 'stop', 'restart') }),
    fc.record({ do: fc.constant('spec' as const), powerState: fc.constantFrom('on', 'off', null) }),
    fc.record({ do: fc.constant('put' as const) }),
    fc.record({ do: fc.constant('away' as const), isAway: fc.boolean() }),
    fc.record({ do: fc.constant('lag' as const), isLagging: fc.boolean() }),
    fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 30, 400, 5_000) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(0, 50, 700), fc.array(step, { minLength: 1, maxLength: 14 }), async (latencyMs, steps) => {
      const it = await machine(latencyMs)
      let catchUp = () => undefined as void
      let count = 100
      for (const one of steps) {
        if (one.do === 'act') await act(it, one.action)
        else if (one.do === 'spec') await it.world.edit('Instance', 'w', 'vm', { spec: { powerState: one.powerState } })
        else if (one.do === 'put')
          await it.world.edit('Instance', 'w', 'vm', { metadata: { annotations: { [REQUESTED]: `${count++}@x` } } })
        else if (one.do === 'away') it.fail = one.isAway
        else if (one.do === 'lag') {
          catchUp()
          if (one.isLagging) catchUp = it.world.cluster.holdWatches()
        } else await pass(it, one.ms)
        look(it)
      }
      catchUp()
      it.fail = false
      await pass(it, 120_000)
      expect(look(it)).toBe(`active ${wanted(it.vm())}`)
    }),
    { numRuns: 60 },
  )
})
