import { BlockStorage } from '../../src/kinds/storage/block-storage.ts'
import type { Resource } from '../../src/kinds/resource.ts'
import { casesFor, creation, listPath, type Side, unchanged, WORKSPACE } from './api-cases.ts'
import { type Client, type JobResult, merged, type Shot } from './api-load.ts'
import type { ApiWorld } from './api-world.ts'
import { residentMemory } from './process.ts'
import { total } from './prometheus.ts'
import { quantile } from './throughput.ts'
import { inParallel, makeWorkspaces } from './volumes.ts'
import { until, type World } from './world.ts'

/** One operation on one side at one concurrency, in one round. */
export interface Cell {
  readonly operation: string
  readonly side: Side
  readonly concurrency: number
  readonly perSecond: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  /** CPU milliseconds per request, by process. */
  readonly cpu: Readonly<Record<string, number>>
  /** Part of the time that the API's main thread waited for a CPU: what else the machine does stands in its way. */
  readonly waited: number
  readonly clientCpu: number
  readonly kilobytes: number
}

export interface ApiFigures {
  readonly objects: number
  readonly cells: readonly Cell[]
  /** GETs at a fixed rate, per round. */
  readonly open: readonly Cell[]
  /** Requests that the API's reads made at kube-apiserver: by its own count, and by kube-apiserver's. */
  readonly touched: { readonly own: number; readonly apiserver: number; readonly reads: number }
  /** Resident bytes of the API: with all objects before the first request, and at the end. */
  readonly memory: { readonly start: number; readonly end: number; readonly apiserver: number }
  readonly labels: Readonly<Record<string, { readonly raw: string; readonly other?: string | undefined }>>
}

export interface MeasureOptions {
  readonly rounds: number
  readonly ms: number
  readonly concurrencies: readonly number[]
  /** Only operations whose names begin so; absent: all. */
  readonly only?: string | undefined
  readonly log: (line: string) => void
}

const OBJECTS = 500
const OPEN_RATE = 500
/** A server that has just started compiles its code on the first thousands of requests; what is measured is one that runs. */
const WARM_UP = [32, 8]
/** Each measurement is this many short ones, both sides in turn: what else the machine does meets both. */
const SLICES = 4

export async function measureApi(world: World, api: ApiWorld, client: Client, options: MeasureOptions): Promise<ApiFigures> {
  const { rounds, ms, concurrencies, only = '', log } = options
  const memory = { start: 0, end: 0, apiserver: 0 }
  await fill(world, api, log)
  memory.start = residentMemory(api.pid)
  const pids = { api: api.pid, 'kube-apiserver': world.pids['kube-apiserver'] ?? 0, etcd: world.pids['etcd'] ?? 0 }
  let counter = 100
  const run = async (side: Side, shots: readonly Shot[], concurrency: number, forMs: number, rate?: number): Promise<JobResult> => {
    const server = side === 'api' ? api.api : api.kube
    const result = await client.run({ server, shots, concurrency, ms: forMs, counter, pids, ...(rate === undefined ? {} : { rate }) })
    counter = result.counter
    return result
  }
  const touched = { own: 0, apiserver: 0, reads: 0 }
  /** The API's reads, with a look at kube-apiserver before and after. */
  const watched = async (work: () => Promise<JobResult>): Promise<JobResult> => {
    const before = await requestsSoFar(world, api)
    const result = await work()
    const after = await requestsSoFar(world, api)
    touched.own += after.own - before.own
    touched.apiserver += after.apiserver - before.apiserver
    touched.reads += result.latencies.length
    return result
  }
  const cells: Cell[] = []
  const open: Cell[] = []
  const labels: Record<string, { raw: string; other?: string | undefined }> = {}
  for (let round = 0; round <= rounds; round++) {
    const isWarmUp = round === 0
    for (const { name, isRead, raw, other, shots } of casesFor(await read(world))) {
      if (!name.startsWith(only)) continue
      labels[name] = { raw, other }
      const sides = (Object.keys(shots) as Side[]).filter((side) => shots[side] !== undefined)
      for (const concurrency of isWarmUp ? WARM_UP : concurrencies) {
        const results = new Map<Side, JobResult[]>()
        for (let slice = 0; slice < SLICES; slice++)
          for (const side of slice % 2 === 0 ? sides : sides.toReversed()) {
            const work = () => run(side, shots[side] ?? [], concurrency, ms / SLICES)
            const result = isRead && side === 'api' ? await watched(work) : await work()
            results.set(side, [...(results.get(side) ?? []), result])
          }
        if (!isWarmUp) for (const [side, all] of results) cells.push(cellOf(name, side, concurrency, merged(all)))
        if (!isWarmUp) log(`round ${round}: ${name} × ${concurrency}: ${summary(cells.slice(-sides.length))}`)
      }
      if (isRead) continue
      for (const concurrency of isWarmUp ? WARM_UP : concurrencies) {
        const result = await run('api', unchanged(await read(world)), concurrency, ms)
        if (!isWarmUp) cells.push(cellOf('PUT, unchanged', 'api', concurrency, result))
      }
    }
    if (!'GET'.startsWith(only)) continue
    const gets = casesFor(await read(world))[0]?.shots ?? {}
    for (const side of ['api', 'raw'] as const) {
      const work = () => run(side, gets[side] ?? [], 64, Math.max(ms, 4_000), OPEN_RATE)
      const result = side === 'api' ? await watched(work) : await work()
      if (!isWarmUp) open.push(cellOf(`GET at ${OPEN_RATE}/s`, side, 64, result))
    }
    if (!isWarmUp)
      log(
        `round ${round}: GET at ${OPEN_RATE}/s, p99: ${open
          .slice(-2)
          .map(({ side, p99 }) => `${side} ${p99.toFixed(1)} ms`)
          .join(', ')}`,
      )
  }
  memory.end = residentMemory(api.pid)
  memory.apiserver = residentMemory(pids['kube-apiserver'])
  return { objects: OBJECTS, cells, open, touched, memory, labels }
}

/** Volumes made through the API, and brought to `active` by the controllers, which then stop: only clients write from then on. */
export async function fill(world: World, api: ApiWorld, log: (line: string) => void): Promise<void> {
  const controllers = await world.startControllers()
  await makeWorkspaces(world.client, [WORKSPACE])
  const names = Array.from({ length: OBJECTS }, (_, index) => `volume-${String(index).padStart(4, '0')}`)
  const { fetch, Agent } = await import('undici')
  const dispatcher = new Agent({ connect: { ca: api.api.ca } })
  const call = async ({ method, path, headers, body }: Shot): Promise<unknown> => {
    const answer = await fetch(api.api.origin + path, {
      method,
      headers: { ...api.api.headers, ...headers },
      dispatcher,
      ...(body === undefined ? {} : { body }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return JSON.parse(text)
  }
  await until('the API lists the workspace', async () => ((await call({ method: 'GET', path: listPath })) as object) && true, {
    timeoutMs: 30_000,
    everyMs: 100,
  })
  await inParallel(names, (name) => call(creation(name)))
  await until(
    'the volumes are active',
    async () => {
      const { items } = (await call({ method: 'GET', path: listPath })) as { items: { status: { state: string } }[] }
      return items.length === OBJECTS && items.every(({ status }) => status.state === 'active') ? true : undefined
    },
    { timeoutMs: 120_000, everyMs: 500 },
  )
  await dispatcher.close()
  await controllers.stop()
  log(`${OBJECTS} volumes are active`)
}

export async function read(world: World): Promise<Resource[]> {
  const objects: Resource[] = []
  const namespace = `seca-bench--${WORKSPACE}`
  for await (const page of world.client.list<Resource>(BlockStorage.gvr, { namespace })) objects.push(...page.items)
  return objects
}

/** Requests for our kinds, and reviews, besides watches. */
async function requestsSoFar(world: World, api: ApiWorld): Promise<{ own: number; apiserver: number }> {
  const [own, apiserver] = await Promise.all([api.metrics(), world.apiserverMetrics()])
  const isOurs = ({ group = '', resource = '', verb = '' }: Readonly<Record<string, string>>) =>
    verb !== 'WATCH' && (group.endsWith('secapi.cloud') || resource.endsWith('reviews'))
  return {
    own: total(own, 'seca_kube_requests_total', ({ verb }) => verb !== 'watch'),
    apiserver: total(apiserver, 'apiserver_request_total', isOurs),
  }
}

function cellOf(
  operation: string,
  side: Side,
  concurrency: number,
  { latencies, seconds, bytes, cpu, waited, clientCpu }: JobResult,
): Cell {
  const count = latencies.length
  const at = (q: number) => latencies[Math.min(count - 1, Math.floor(q * count))] ?? Number.NaN
  return {
    operation,
    side,
    concurrency,
    perSecond: count / seconds,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    cpu: Object.fromEntries(Object.entries(cpu).map(([name, used]) => [name, (used * 1000) / count])),
    waited: (waited['api'] ?? 0) / seconds,
    clientCpu: (clientCpu * 1000) / count,
    kilobytes: bytes / 1024 / count,
  }
}

const summary = (cells: readonly Cell[]) => cells.map(({ side, perSecond }) => `${side} ${perSecond.toFixed(0)}/s`).join(', ')

/** Median over the rounds of what `value` picks. */
export function medianOf(cells: readonly Cell[], value: (cell: Cell) => number): number {
  return quantile(cells.map(value), 0.5)
}
