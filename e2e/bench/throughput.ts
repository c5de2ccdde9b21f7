import { BlockStorage } from '../../src/kinds/storage/block-storage.ts'
import type { Resource } from '../../src/kinds/resource.ts'
import { cpuSeconds } from './process.ts'
import { rawWrites } from './raw.ts'
import type { Figure } from './report.ts'
import { createUntilReady, deleteUntilGone, makeWorkspaces } from './volumes.ts'
import { applyObject } from '../../src/processes/install.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import type { World } from './world.ts'
import { since, sum, type Writes, writesSoFar } from './writes.ts'

interface Throughput {
  readonly volumes: number
  /** Volumes per second, one per round, ours and the bare client's. */
  readonly ours: readonly number[]
  readonly raw: readonly number[]
  readonly deletes: readonly number[]
  /** CPU milliseconds per volume, create to Ready, by process; `bare: …` in the rounds of the bare client. */
  readonly cpu: Readonly<Record<string, readonly number[]>>
  readonly writes: Writes
  readonly deleteWrites: Writes
}

const RAW_NAMESPACE = 'seca-bench-raw'

/**
 * Rounds of the same number of volumes, ours and a bare client in turn, so that both see the same machine. The bare client's
 * namespace belongs to no tenant, and the controllers are down while it works.
 */
export async function measureThroughput(world: World, volumes: number, rounds: number, log: (line: string) => void): Promise<Throughput> {
  const { client } = world
  await applyObject(client, KUBERNETES.Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: RAW_NAMESPACE } })
  const result = { volumes, ours: [] as number[], raw: [] as number[], deletes: [] as number[], cpu: {} as Record<string, number[]> }
  let writes: Writes = new Map()
  let deleteWrites: Writes = new Map()
  for (let round = 0; round <= rounds; round++) {
    const isWarmUp = round === 0
    const names = Array.from({ length: isWarmUp ? Math.min(100, volumes) : volumes }, (_, index) => `r${round}-${index}`)
    const controllers = await world.startControllers()
    const [namespace = ''] = isWarmUp ? await makeWorkspaces(client, ['throughput']) : ['seca-bench--throughput']
    // The process that has just started compiles its code on the first objects it sees.
    await createUntilReady(client, namespace, WARM_UP)
    const before = await writesSoFar(world)
    const ours = await metered({ ...world.pids, controllers: controllers.pid, client: process.pid }, () =>
      createUntilReady(client, namespace, names),
    )
    await settled(world)
    const created = await writesSoFar(world)
    const ready = await client.get<Resource>(BlockStorage.gvr, namespace, names[0] ?? '')
    const deletion = await deleteUntilGone(client, namespace, names)
    await settled(world)
    const deleted = await writesSoFar(world)
    await deleteUntilGone(client, namespace, WARM_UP)
    await controllers.stop()
    let raw: Metered = { seconds: 0, cpu: {} }
    await rawWrites(world.kubeconfig, { namespace: RAW_NAMESPACE, names, ready }, async (work) => {
      raw = await metered({ ...world.pids, client: process.pid }, work)
    })
    if (isWarmUp) continue
    result.ours.push(names.length / ours.seconds)
    result.deletes.push(names.length / deletion)
    result.raw.push(names.length / raw.seconds)
    for (const [name, seconds] of Object.entries(ours.cpu)) (result.cpu[name] ??= []).push((seconds * 1000) / names.length)
    for (const [name, seconds] of Object.entries(raw.cpu)) (result.cpu[`bare: ${name}`] ??= []).push((seconds * 1000) / names.length)
    writes = since(before, created)
    deleteWrites = since(created, deleted)
    log(`round ${round}: ${result.ours.at(-1)?.toFixed(0)}/s, bare client ${result.raw.at(-1)?.toFixed(0)}/s`)
  }
  return { ...result, writes, deleteWrites }
}

interface Metered {
  readonly seconds: number
  /** CPU seconds by process. */
  readonly cpu: Readonly<Record<string, number>>
}

async function metered(pids: Readonly<Record<string, number>>, work: () => Promise<unknown>): Promise<Metered> {
  const before = Object.entries(pids).map(([name, pid]) => [name, pid, cpuSeconds(pid)] as const)
  const start = performance.now()
  await work()
  const seconds = (performance.now() - start) / 1000
  return { seconds, cpu: Object.fromEntries(before.map(([name, pid, at]) => [name, cpuSeconds(pid) - at])) }
}

const WARM_UP = Array.from({ length: 50 }, (_, index) => `warm-${index}`)

/** Until no event or late status write comes any more. */
async function settled(world: World): Promise<void> {
  let last = -1
  for (let now = sum(await writesSoFar(world)); now !== last; now = sum(await writesSoFar(world))) {
    last = now
    await new Promise((resolve) => setTimeout(resolve, 3_000))
  }
}

export function throughputFigures({ volumes, ours, raw, deletes, cpu, writes, deleteWrites }: Throughput): Figure[] {
  const ratios = ours.map((value, index) => value / (raw[index] ?? 1))
  const ratio = median(ratios)
  const spent = (isBare: boolean) =>
    Object.entries(cpu)
      .filter(([name]) => name.startsWith('bare: ') === isBare)
      .reduce((all, [, values]) => all + median(values), 0)
  const byCpu = spent(true) / spent(false)
  const isVolume = (what: string) => / blockstorages(\/status)?$/.test(what)
  const isEvent = (what: string) => what.endsWith(' events')
  const per = (count: number) => (count / volumes).toFixed(2)
  const others = (all: Writes) => sum(all, (what) => !isVolume(what) && !isEvent(what))
  const mine = (sum(writes, isVolume) - volumes) / volumes
  return [
    {
      name: `create to Ready, ${volumes} volumes`,
      value: `${median(ours).toFixed(0)} volumes/s`,
      aim: '≥ 60 % of the bare client',
      // Other load on the machine may favour either side by the clock; CPU time tells then.
      met: Math.min(ratio, byCpu) >= 0.6,
      note: `${percent(ratio)} of the ${median(raw).toFixed(0)} volumes/s whose writes a bare undici client gets through (medians of ${ours.length} rounds, in turn; single rounds ${ratios.map(percent).join(', ')})`,
    },
    {
      name: 'CPU per volume, create to Ready',
      value: `${median(cpu['controllers'] ?? []).toFixed(1)} ms`,
      note: `of the controllers; by CPU of all processes together the ratio above would be ${percent(byCpu)}: ${Object.entries(cpu)
        .filter(([name]) => name !== 'controllers')
        .map(([name, values]) => `${name} ${median(values).toFixed(1)}`)
        .join(', ')}`,
    },
    {
      name: 'delete to gone',
      value: `${median(deletes).toFixed(0)} volumes/s`,
    },
    {
      name: 'writes per volume, create to Ready',
      value: mine.toFixed(2),
      aim: '≤ 4',
      met: mine <= 4,
      note: `besides the user's create; finalizer included: ${list(writes, isVolume, volumes)}. Events ${per(sum(writes, isEvent))}, all else ${others(writes)} in total (${list(writes, (what) => !isVolume(what) && !isEvent(what))})`,
    },
    {
      name: 'writes per volume, delete to gone',
      value: per(sum(deleteWrites, isVolume) - volumes),
      note: `besides the user's delete: ${list(deleteWrites, isVolume, volumes)}. Events ${per(sum(deleteWrites, isEvent))}, all else ${others(deleteWrites)} in total`,
    },
  ]
}

function list(writes: Writes, matches: (what: string) => boolean, per = 1): string {
  return (
    [...writes]
      .filter(([what]) => matches(what))
      .map(([what, count]) => `${what} ${per === 1 ? count : (count / per).toFixed(2)}`)
      .join(', ') || 'none'
  )
}

const percent = (ratio: number): string => `${(ratio * 100).toFixed(0)} %`

function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}
