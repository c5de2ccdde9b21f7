import { setTimeout as sleep } from 'node:timers/promises'
import { BlockStorage } from '../../src/kinds/storage/block-storage.ts'
import { residentMemory } from './process.ts'
import { total } from './prometheus.ts'
import type { Figure } from './report.ts'
import { quantile } from './throughput.ts'
import { inParallel, makeWorkspaces, places, volume, workspacesFor } from './volumes.ts'
import { type Running, until, type World } from './world.ts'
import { since, sum, type Writes, writesSoFar } from './writes.ts'

const MIB = 1024 * 1024
/** V8 gives memory back when the process has been idle for some seconds. */
const SETTLE_MS = 30_000
const FILL_TIMEOUT_MS = 900_000

const isVolume = ({ kind }: Readonly<Record<string, string>>) => kind === 'BlockStorage'

/** Reconciles of volumes that have ended, by a process's own count. */
async function reconciles(controllers: Running): Promise<number> {
  return total(await controllers.metrics(), 'seca_reconciles_total', isVolume)
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
  /** Seconds from the start of the process. */
  readonly cold: { readonly inSync: number; readonly reconciled: number }
  /** Milliseconds from a user's change until the cloud was told, while all resources were looked at after a restart. */
  readonly latencies: readonly number[]
  readonly noOps: { readonly seconds: number; readonly count: number; readonly calls: number; readonly writes: Writes }
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

  controllers = await world.startControllers()
  const cold = await measureCold(controllers, resources)
  log(`cold start: in sync after ${cold.inSync.toFixed(1)} s, all looked at after ${cold.reconciled.toFixed(1)} s`)
  await note(controllers, resources, true)
  await controllers.stop()

  controllers = await world.startControllers(['--drift-interval=1s'])
  const latencies = await measureLatency(world, namespaces, resources, controllers)
  log(`user changes while all is looked at: p50 ${quantile(latencies, 0.5).toFixed(0)} ms, p99 ${quantile(latencies, 0.99).toFixed(0)} ms`)
  await until('the restart is over', async () => ((await reconciles(controllers)) >= resources ? true : undefined), {
    timeoutMs: FILL_TIMEOUT_MS,
    everyMs: 1_000,
  })
  const noOps = await measureNoOps(world, controllers)
  log(`${(noOps.count / noOps.seconds).toFixed(0)} looks per second`)
  await controllers.stop()
  return { resources, memory, fillRate, idle, cold, latencies, noOps }
}

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
  const reconciled = await until(
    'every volume was looked at',
    async () => ((await reconciles(controllers)) >= resources ? seconds() : undefined),
    { timeoutMs: FILL_TIMEOUT_MS, everyMs: 500 },
  )
  return { inSync, reconciled }
}

const CHANGES_PER_SECOND = 20
const CHANGES = 200

/**
 * Users grow volumes at random while the controllers, just started, look at everything. Timed from before the user's
 * request to when the cloud carried out the change: later than the first call of the provider by that call.
 */
async function measureLatency(world: World, namespaces: readonly string[], resources: number, controllers: Running): Promise<number[]> {
  const before = (await world.cloud.mutations()).at(-1)?.seq ?? 0
  const sent = new Map<string, number>()
  const all = [...places(namespaces, 0, resources)]
  const changing: Promise<unknown>[] = []
  const changes = Math.min(CHANGES, Math.floor(resources / 4))
  for (let count = 0; count < changes; count++) {
    // The last ones first: they are at the end of whatever line there is.
    const place = all[resources - 1 - Math.floor((count * resources) / (2 * changes))]
    if (place === undefined) break
    sent.set(place.name, Date.now())
    const body = { spec: { sizeGB: 60 } }
    changing.push(world.client.patch(BlockStorage.gvr, place.namespace, place.name, { type: 'merge', body }))
    await sleep(1_000 / CHANGES_PER_SECOND)
  }
  await Promise.all(changing)
  const latencies = await until(
    `the cloud has all ${changes} changes`,
    async () => {
      const seen = (await world.cloud.mutations(before)).filter(({ action }) => action === 'change')
      const times = seen.map(({ tag, at }) => at - (sent.get(tag.slice(tag.lastIndexOf('/') + 1)) ?? at))
      return times.length >= changes ? times : undefined
    },
    { timeoutMs: FILL_TIMEOUT_MS, everyMs: 1_000 },
  )
  if ((await reconciles(controllers)) < changes) throw new Error('the changes were not made by these controllers')
  return latencies
}

async function measureNoOps(world: World, controllers: Running): Promise<Scale['noOps']> {
  const before = await writesSoFar(world)
  // Counted by the cloud: a look that asked nobody would be no look.
  const asked = async () => (await world.cloud.stats()).requests['GET volumes'] ?? 0
  const [count, calls, start] = [await reconciles(controllers), await asked(), performance.now()]
  await sleep(15_000)
  const looked = (await reconciles(controllers)) - count
  const seconds = (performance.now() - start) / 1000
  return { seconds, count: looked, calls: (await asked()) - calls, writes: since(before, await writesSoFar(world)) }
}

export function scaleFigures({ resources, memory, fillRate, idle, cold, latencies, noOps }: Scale): Figure[] {
  const count = resources.toLocaleString('en')
  const perMinute = (sum(idle.writes) * 60) / idle.seconds
  const rate = noOps.count / noOps.seconds
  // A smaller run says nothing about it.
  const atScale = (met: boolean) => (resources >= 10_000 ? { met } : {})
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
      name: 'looks at settled objects',
      value: `${rate.toFixed(0)}/s`,
      aim: '≥ 300/s',
      met: rate >= 300,
      note: `reconciles that change nothing, over ${noOps.seconds.toFixed(0)} s: ${noOps.count}, for which the cloud counted ${noOps.calls} requests; ${sum(noOps.writes)} writes`,
    },
    ...memory.map(({ resources: held, bytes, restarted }): Figure => {
      const isLast = held === resources
      return {
        name: `memory of the controllers, ${held.toLocaleString('en')} volumes${restarted ? ', restarted' : ''}`,
        value: `${(bytes / MIB).toFixed(0)} MiB`,
        ...(isLast && { aim: '≤ 256 MiB at 10,000', ...atScale(bytes <= 256 * MIB) }),
      }
    }),
    { name: `cold start, ${count} volumes: stores in sync`, value: `${cold.inSync.toFixed(1)} s` },
    {
      name: 'cold start: everything looked at once',
      value: `${cold.reconciled.toFixed(1)} s`,
      aim: '≤ 60 s at 10,000',
      ...atScale(cold.reconciled <= 60),
    },
    {
      name: 'user change to cloud during that, p50 / p99',
      value: `${quantile(latencies, 0.5).toFixed(0)} / ${quantile(latencies, 0.99).toFixed(0)} ms`,
      note: `${latencies.length} changes, ${CHANGES_PER_SECOND} a second, from before the user's request to the change in the cloud`,
    },
  ]
}
