import { setTimeout as sleep } from 'node:timers/promises'
import { BlockStorage } from '../../src/kinds/storage/block-storage.ts'
import type { Call } from '../openstack/faults.ts'
import { byService, byShape } from './openstack-calls.ts'
import { makeTenant } from './openstack-life.ts'
import { makePlace, type OpenStackWorld } from './openstack-world.ts'
import { cpuSeconds, residentMemory } from './process.ts'
import { total } from './prometheus.ts'
import type { Figure } from './report.ts'
import { inParallel, volume } from './volumes.ts'
import { type Running, until } from './world.ts'

const MIB = 1024 * 1024
/** V8 gives memory back when the process has been idle for some seconds. */
const SETTLE_MS = 30_000
const FILL_TIMEOUT_MS = 1_800_000
/** Requests a second, and seconds between looks, as when nobody says otherwise. */
const BUDGET = 20
const DEFAULT_INTERVAL_S = 600
/** The interval of what is measured here. */
const INTERVAL_S = 20
const HOUR_S = 3_600

interface Idle {
  readonly objects: string
  readonly intervals: number
  readonly calls: readonly Call[]
}

export interface Drift {
  readonly objects: number
  readonly idle: readonly Idle[]
  /** With the default interval, for so long; absent: not watched. */
  readonly watched?: { readonly seconds: number; readonly calls: readonly Call[] }
  readonly fill: { readonly seconds: number; readonly calls: readonly Call[]; readonly cpu: number }
  readonly pass: { readonly seconds: number; readonly calls: readonly Call[]; readonly cpu: number; readonly looked: number }
  readonly memory: readonly { readonly when: string; readonly bytes: number }[]
}

interface Options {
  readonly objects: number
  /** Intervals over which idle requests are counted. */
  readonly intervals: number
  readonly watchMs: number
  readonly log: (line: string) => void
}

/** A tenant, and then many volumes as well, left alone. */
export async function measureDrift(world: OpenStackWorld, { objects, intervals, watchMs, log }: Options): Promise<Drift> {
  const memory: { when: string; bytes: number }[] = []
  const note = async (controllers: Running, when: string) => {
    await sleep(SETTLE_MS)
    const bytes = residentMemory(controllers.pid)
    memory.push({ when, bytes })
    log(`${when}: ${(bytes / MIB).toFixed(0)} MiB`)
  }
  let controllers = await world.startControllers([`--drift-interval=${INTERVAL_S}s`])
  const tenant = await makeTenant(world, 'tenant')
  for (const one of tenant) await world.apply(one)
  await world.allReady(tenant)
  await world.quiet()
  const idle = [await measureIdle(world, 'a tenant', tenant.length, intervals)]
  await controllers.stop()

  controllers = await world.startControllers()
  await note(controllers, `a tenant of ${tenant.length} objects`)
  const fill = await makeVolumes(world, controllers, objects)
  log(`${objects} volumes ready after ${fill.seconds.toFixed(0)} s, ${fill.calls.length} requests`)
  await note(controllers, `${objects} volumes more`)
  await controllers.stop()

  await world.setBudget(BUDGET)
  controllers = await world.startControllers([`--drift-interval=${INTERVAL_S}s`])
  await until('the first pass is over', async () => ((await swept(controllers)) >= objects ? true : undefined), {
    timeoutMs: FILL_TIMEOUT_MS,
    everyMs: 250,
  })
  const pass = await measurePass(world, controllers, objects)
  log(
    `a pass over ${objects} volumes: ${pass.seconds.toFixed(1)} s, ${pass.calls.length} requests, ${(pass.cpu * 1000).toFixed(0)} ms of CPU`,
  )
  idle.push(await measureIdle(world, `a tenant and ${objects} volumes`, objects + tenant.length, intervals))
  await note(controllers, 'after drift passes')
  await controllers.stop()
  const watched = watchMs === 0 ? undefined : await watch(world, watchMs, log)
  return { objects, idle, fill, pass, memory, ...(watched && { watched }) }
}

const swept = async (controllers: Running) => total(await controllers.metrics(), 'seca_swept_objects_total')

async function measureIdle({ calls, quiet }: OpenStackWorld, objects: string, count: number, intervals: number): Promise<Idle> {
  await quiet()
  const from = calls.length
  await sleep(intervals * INTERVAL_S * 1000)
  return { objects: `${objects} (${count.toLocaleString('en')} objects)`, intervals, calls: calls.slice(from) }
}

async function makeVolumes(world: OpenStackWorld, controllers: Running, count: number): Promise<Drift['fill']> {
  const place = await makePlace(world, 'many')
  const { namespace = '' } = place.of('BlockStorage', '').metadata
  await world.quiet()
  const [from, cpu, start] = [world.calls.length, cpuSeconds(controllers.pid), performance.now()]
  const before = await ready(controllers)
  const names = Array.from({ length: count }, (_, index) => `v${index}`)
  await inParallel(names, (name) => world.client.create(BlockStorage.gvr, namespace, volume(namespace, name)))
  await until(`${count} volumes are ready`, async () => ((await ready(controllers)) - before >= count ? true : undefined), {
    timeoutMs: FILL_TIMEOUT_MS,
    everyMs: 250,
  })
  const seconds = (performance.now() - start) / 1000
  return { seconds, calls: world.calls.slice(from), cpu: cpuSeconds(controllers.pid) - cpu }
}

const ready = async (controllers: Running) =>
  total(await controllers.metrics(), 'seca_time_to_ready_seconds_count', ({ kind }) => kind === 'BlockStorage')

/** From the first request after a pause to the last one before the next. */
async function measurePass(world: OpenStackWorld, controllers: Running, objects: number): Promise<Drift['pass']> {
  await world.quiet()
  const looked = await swept(controllers)
  const from = world.calls.length
  const cpu = cpuSeconds(controllers.pid)
  await until('a pass begins', () => (world.calls.length > from ? true : undefined), { timeoutMs: FILL_TIMEOUT_MS, everyMs: 10 })
  const start = performance.now()
  let [last, at] = [0, start]
  await until(
    'a pass is over',
    async () => {
      if (world.calls.length > last) [last, at] = [world.calls.length, performance.now()]
      return performance.now() - at > 2_000 && (await swept(controllers)) - looked >= objects ? true : undefined
    },
    { timeoutMs: FILL_TIMEOUT_MS, everyMs: 20 },
  )
  return {
    seconds: (at - start) / 1000,
    calls: world.calls.slice(from),
    cpu: cpuSeconds(controllers.pid) - cpu,
    looked: (await swept(controllers)) - looked,
  }
}

/** Nothing is scaled here. */
async function watch(world: OpenStackWorld, ms: number, log: (line: string) => void): Promise<NonNullable<Drift['watched']>> {
  const controllers = await world.startControllers()
  await world.quiet()
  log(`watching for ${ms / 60_000} minutes with the default settings`)
  const [from, start] = [world.calls.length, performance.now()]
  await sleep(ms)
  const seconds = (performance.now() - start) / 1000
  const calls = world.calls.slice(from)
  await controllers.stop()
  return { seconds, calls }
}

export function driftFigures({ objects, idle, watched, fill, pass, memory }: Drift): Figure[] {
  const count = objects.toLocaleString('en')
  return [
    {
      name: `create to Ready, ${count} volumes`,
      value: `${(objects / fill.seconds).toFixed(1)} volumes/s`,
      note: `${(fill.calls.length / objects).toFixed(1)} requests and ${((fill.cpu / objects) * 1000).toFixed(1)} ms of the controllers' CPU each`,
    },
    {
      name: `a drift pass over ${pass.looked.toLocaleString('en')} objects, at ${BUDGET} requests a second`,
      value: `${pass.calls.length} requests, ${pass.seconds.toFixed(1)} s`,
      aim: `≤ ${Math.ceil(objects / 20)} requests`,
      met: pass.calls.length <= Math.ceil(objects / 20),
      note: `${byService(pass.calls)}; ${pass.cpu.toFixed(2)} s of the controllers' CPU`,
    },
    ...idle.map(({ objects: held, intervals, calls }): Figure => ({
      name: `requests in an idle hour, ${held}`,
      value: ((calls.length / intervals) * (HOUR_S / DEFAULT_INTERVAL_S)).toFixed(0),
      note: `${calls.length} in ${intervals} intervals of ${INTERVAL_S} s (${byService(calls)}), scaled to 6 of 10 minutes; a token an hour comes on top`,
    })),
    ...(watched === undefined
      ? []
      : [
          {
            name: `requests in ${(watched.seconds / 60).toFixed(0)} minutes with the default interval, all of them`,
            value: String(watched.calls.length),
            note: byService(watched.calls),
          },
        ]),
    ...memory.map(({ when, bytes }) => ({ name: `memory of the controllers, ${when}`, value: `${(bytes / MIB).toFixed(0)} MiB` })),
  ]
}

/** For the file with all figures. */
export function driftDetail({ idle, watched, fill, pass, ...rest }: Drift): object {
  return {
    ...rest,
    idle: idle.map((one) => ({ ...one, calls: byShape(one.calls) })),
    ...(watched && { watched: { ...watched, calls: byShape(watched.calls) } }),
    fill: { ...fill, calls: byShape(fill.calls) },
    pass: { ...pass, calls: byShape(pass.calls) },
  }
}
