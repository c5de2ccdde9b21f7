import { setTimeout as sleep } from 'node:timers/promises'
import { BlockStorage } from '../../src/kinds/storage/block-storage.ts'
import { residentMemory } from './process.ts'
import { total } from './prometheus.ts'
import type { Figure } from './report.ts'
import { quantile } from './throughput.ts'
import { addHangingAccount, HANGING } from './hanging.ts'
import { inParallel, makeWorkspaces, places, volume, workspacesFor } from './volumes.ts'
import { type Running, until, type World } from './world.ts'
import { since, sum, type Writes, writesSoFar } from './writes.ts'

const MIB = 1024 * 1024
/** V8 gives memory back when the process has been idle for some seconds. */
const SETTLE_MS = 30_000
const FILL_TIMEOUT_MS = 900_000

/** Requests a second of the account, as many as when its CloudProvider does not say. */
const BUDGET = 20

const isVolume = ({ kind }: Readonly<Record<string, string>>) => kind === 'BlockStorage'

/** Volumes that sweeps went through, by a process's own count. */
async function swept(controllers: Running): Promise<number> {
  return total(await controllers.metrics(), 'seca_swept_objects_total', isVolume)
}

/** Volumes that have become ready, by a process's own count. */
async function becameReady(controllers: Running): Promise<number> {
  return total(await controllers.metrics(), 'seca_time_to_ready_seconds_count', isVolume)
}

interface Scale {
  readonly resources: number
  /** Resident memory in bytes, by number of resources; `restarted` after the cold start with all of them. */
  readonly memory: readonly { readonly resources: number; readonly bytes: number; readonly restarted?: true }[]
  /** Volumes per second while they were made. */
  readonly fillRate: number
  readonly idle: { readonly seconds: number; readonly writes: Writes; readonly requests: number }
  /** Seconds from the start of the process; with {@link BUDGET}, as everything below. */
  readonly cold: { readonly inSync: number; readonly looked: number }
  /** Milliseconds from a user's change until the cloud was told, while passes go on without a pause. */
  readonly latencies: readonly number[]
  /** The same, beside an account whose cloud does not answer. */
  readonly besideHanging: readonly number[]
  /** Passes without a pause. */
  readonly passes: { readonly seconds: number; readonly count: number; readonly calls: number; readonly writes: Writes }
}

export interface ScaleOptions {
  readonly resources: number
  readonly idleMs: number
  readonly log: (line: string) => void
}

export async function measureScale(world: World, { resources, idleMs, log }: ScaleOptions): Promise<Scale> {
  const memory: { resources: number; bytes: number; restarted?: true }[] = []
  const note = async (controllers: Running, count: number, restarted = false) => {
    await sleep(SETTLE_MS)
    const bytes = residentMemory(controllers.pid)
    memory.push({ resources: count, bytes, ...(restarted && { restarted }) })
    log(`${count} resources: ${(bytes / MIB).toFixed(0)} MiB`)
  }
  let controllers = await world.startControllers()
  const namespaces = await makeWorkspaces(world.client, workspacesFor(resources))
  await note(controllers, 0)
  const start = performance.now()
  let paused = 0
  let from = 0
  for (const to of [Math.ceil(resources / 10), resources]) {
    const wanted = to
    await inParallel(places(namespaces, from, to), ({ namespace, name }) =>
      world.client.create(BlockStorage.gvr, namespace, volume(namespace, name)),
    )
    await until(`${to} volumes are ready`, async () => ((await becameReady(controllers)) >= wanted ? true : undefined), {
      timeoutMs: FILL_TIMEOUT_MS,
      everyMs: 500,
    })
    const before = performance.now()
    if (to === resources) break
    await note(controllers, to)
    paused += performance.now() - before
    from = to
  }
  const fillRate = resources / ((performance.now() - start - paused) / 1000)
  log(`${resources} volumes made at ${fillRate.toFixed(0)}/s`)
  await note(controllers, resources)
  const idle = await measureIdle(world, controllers, idleMs)
  log(`idle: ${sum(idle.writes)} writes in ${idle.seconds.toFixed(0)} s`)
  await controllers.stop()

  await world.setBudget(BUDGET)
  controllers = await world.startControllers()
  const cold = await measureCold(controllers, resources)
  log(`cold start: in sync after ${cold.inSync.toFixed(1)} s, all looked at after ${cold.looked.toFixed(1)} s`)
  await note(controllers, resources, true)
  await controllers.stop()

  controllers = await world.startControllers(['--drift-interval=1s'])
  await until('the first pass is over', async () => ((await swept(controllers)) >= resources ? true : undefined), {
    timeoutMs: FILL_TIMEOUT_MS,
    everyMs: 500,
  })
  const passes = await measurePasses(world, controllers, resources)
  log(`a pass over ${resources} volumes: ${passes.seconds.toFixed(1)} s, ${passes.calls} requests`)
  const latencies = await measureLatency(world, namespaces, resources, 60)
  log(`user changes during passes: ${text(latencies)}`)
  const hanging = await addHangingAccount(world.client)
  const besideHanging = await measureLatency(world, namespaces, resources, 70)
  log(`beside an account that hangs: ${text(besideHanging)}`)
  await controllers.stop()
  await hanging.close()
  return { resources, memory, fillRate, idle, cold, latencies, besideHanging, passes }
}

const text = (latencies: readonly number[]) =>
  `p50 ${quantile(latencies, 0.5).toFixed(0)} ms, p99 ${quantile(latencies, 0.99).toFixed(0)} ms`

async function measureIdle(world: World, controllers: Running, idleMs: number): Promise<Scale['idle']> {
  const asked = async () =>
    total(await controllers.metrics(), 'seca_kube_requests_total', ({ resource, verb }) => resource !== 'leases' && verb !== 'watch')
  const [before, requests, start] = [await writesSoFar(world), await asked(), performance.now()]
  await sleep(idleMs)
  const writes = since(before, await writesSoFar(world))
  return { seconds: (performance.now() - start) / 1000, writes, requests: (await asked()) - requests }
}

/** `startControllers` resolves when the stores are in sync. */
async function measureCold(controllers: Running, resources: number): Promise<Scale['cold']> {
  const seconds = () => (performance.now() - controllers.startedAt) / 1000
  const inSync = seconds()
  const looked = await until('every volume was looked at', async () => ((await swept(controllers)) >= resources ? seconds() : undefined), {
    timeoutMs: FILL_TIMEOUT_MS,
    everyMs: 500,
  })
  return { inSync, looked }
}

/** The next whole pass; there is no pause between two. */
async function measurePasses(world: World, controllers: Running, resources: number): Promise<Scale['passes']> {
  const before = await writesSoFar(world)
  // Counted by the cloud: a look that asked nobody would be no look.
  const asked = async () => (await world.cloud.stats()).requests['GET volumes'] ?? 0
  const [from, calls, start] = [await swept(controllers), await asked(), performance.now()]
  const count = await until(
    'a pass is over',
    async () => {
      const looked = (await swept(controllers)) - from
      return looked >= resources ? looked : undefined
    },
    { timeoutMs: FILL_TIMEOUT_MS, everyMs: 250 },
  )
  const seconds = (performance.now() - start) / 1000
  return { seconds, count, calls: (await asked()) - calls, writes: since(before, await writesSoFar(world)) }
}

/** Each takes three requests of the account's {@link BUDGET}. */
const CHANGES_PER_SECOND = 3
const CHANGES = 100

/**
 * Users grow volumes at random. Timed from before the user's request to when the cloud carried out the change: later than the first
 * call of the provider by that call.
 */
async function measureLatency(world: World, namespaces: readonly string[], resources: number, sizeGB: number): Promise<number[]> {
  const before = (await world.cloud.mutations()).at(-1)?.seq ?? 0
  const sent = new Map<string, number>()
  const all = [...places(namespaces, 0, resources)]
  const changing: Promise<unknown>[] = []
  const changes = Math.min(CHANGES, Math.floor(resources / 4))
  for (let count = 0; count < changes; count++) {
    const place = all[Math.floor((count * resources) / changes)]
    if (place === undefined) break
    sent.set(place.name, Date.now())
    changing.push(world.client.patch(BlockStorage.gvr, place.namespace, place.name, { type: 'merge', body: { spec: { sizeGB } } }))
    await sleep(1_000 / CHANGES_PER_SECOND)
  }
  await Promise.all(changing)
  return until(
    `the cloud has all ${changes} changes`,
    async () => {
      const seen = (await world.cloud.mutations(before)).filter(({ action }) => action === 'change')
      const times = seen.map(({ tag, at }) => at - (sent.get(tag.slice(tag.lastIndexOf('/') + 1)) ?? at))
      return times.length >= changes ? times : undefined
    },
    { timeoutMs: FILL_TIMEOUT_MS, everyMs: 1_000 },
  )
}

export function scaleFigures({ resources, memory, fillRate, idle, cold, latencies, besideHanging, passes }: Scale): Figure[] {
  const count = resources.toLocaleString('en')
  const perMinute = (sum(idle.writes) * 60) / idle.seconds
  const isLarge = resources >= 50_000
  // A smaller run says nothing about it.
  const atScale = (met: boolean) => (resources >= 10_000 ? { met } : {})
  const latency = (name: string, times: readonly number[]): Figure => ({
    name: `user change to cloud ${name}, p50 / p99`,
    value: `${quantile(times, 0.5).toFixed(0)} / ${quantile(times, 0.99).toFixed(0)} ms`,
    aim: 'p99 ≤ 2 s',
    met: quantile(times, 0.99) <= 2_000,
    note: `${times.length} changes, ${CHANGES_PER_SECOND} a second, from before the user's request to the change in the cloud`,
  })
  const [mib, seconds] = isLarge ? [1_024, 300] : [256, 60]
  return [
    { name: `create to Ready, ${count} volumes`, value: `${fillRate.toFixed(0)} volumes/s` },
    {
      name: `writes per minute when idle, ${count} volumes`,
      value: perMinute.toFixed(1),
      aim: '0',
      met: sum(idle.writes) === 0,
      note: `by anybody, Leases excluded, over ${idle.seconds.toFixed(0)} s; requests of the controllers other than Leases and watches: ${idle.requests}`,
    },
    {
      name: `a whole drift pass, ${count} volumes, at ${BUDGET} requests a second`,
      value: `${passes.seconds.toFixed(1)} s`,
      aim: '≤ 600 s',
      ...atScale(passes.seconds <= 600),
      note: `${passes.count} looks, for which the cloud counted ${passes.calls} requests; ${sum(passes.writes)} writes`,
    },
    ...memory.map(({ resources: held, bytes, restarted }): Figure => {
      const isLast = held === resources
      return {
        name: `memory of the controllers, ${held.toLocaleString('en')} volumes${restarted ? ', restarted' : ''}`,
        value: `${(bytes / MIB).toFixed(0)} MiB`,
        ...(isLast && { aim: `≤ ${mib} MiB`, ...atScale(bytes <= mib * MIB) }),
      }
    }),
    { name: `cold start, ${count} volumes: stores in sync`, value: `${cold.inSync.toFixed(1)} s` },
    {
      name: `cold start: everything looked at once, at ${BUDGET} requests a second`,
      value: `${cold.looked.toFixed(1)} s`,
      aim: `≤ ${seconds} s`,
      ...atScale(cold.looked <= seconds),
    },
    latency('during passes without a pause', latencies),
    latency(`beside an account of ${HANGING} workspaces whose cloud does not answer`, besideHanging),
  ]
}
