import { creation, WORKSPACE } from './api-cases.ts'
import type { Client, JobResult } from './api-load.ts'
import { read } from './api-measure.ts'
import type { ApiWorld } from './api-world.ts'
import type { Figure } from './report.ts'
import { quantile } from './throughput.ts'
import { makeWorkspaces } from './volumes.ts'
import { until, type World } from './world.ts'
import { since, sum, writesSoFar } from './writes.ts'

const CALLERS = 32
/** What clients keep beside controllers at work: without yielding it was 42 %. */
const SHARE_AIM = 0.6

/** One burst of creating PUTs. */
interface Burst {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
}

export interface BurstFigures {
  readonly callers: number
  /** With no controllers running, and while they bring what is made to Ready. */
  readonly alone: readonly Burst[]
  readonly beside: readonly Burst[]
  /** Seconds from the end of a burst until all of it was Ready. */
  readonly readyAfter: readonly number[]
  /** Writes per volume to Ready, besides the PUT's own. */
  readonly writes: readonly number[]
}

/** Creating PUTs of many callers at once, with and without controllers at work beside them, in turn. */
export async function measureBurst(
  world: World,
  api: ApiWorld,
  client: Client,
  options: { readonly rounds: number; readonly ms: number; readonly log: (line: string) => void },
): Promise<BurstFigures> {
  const { rounds, ms, log } = options
  let controllers = await world.startControllers()
  await makeWorkspaces(world.client, [WORKSPACE])
  let counter = 10_000
  const burst = async (): Promise<JobResult> => {
    const shots = Array.from({ length: CALLERS }, () => creation('volume-@count@'))
    const result = await client.run({ server: api.api, shots, concurrency: CALLERS, ms, counter, pids: {} })
    counter = result.counter
    return result
  }
  /** The cloud is counted first: lists of thousands would be in the way of what is waited for. */
  const allReady = async () => {
    const creates = sum(await writesSoFar(world), (what) => what === 'POST blockstorages')
    const options = { timeoutMs: 300_000, everyMs: 200 }
    await until('the volumes are made', async () => (await world.cloud.stats()).objects['volumes'] === creates || undefined, options)
    await until(
      'the volumes are active',
      async () => (await read(world)).every(({ status }) => status?.state === 'active') || undefined,
      options,
    )
  }
  // Everything that compiles has.
  await burst()
  await allReady()
  const alone: Burst[] = []
  const beside: Burst[] = []
  const readyAfter: number[] = []
  const writes: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const before = await writesSoFar(world)
    const with_ = await burst()
    const end = performance.now()
    await allReady()
    readyAfter.push((performance.now() - end) / 1000)
    const made = since(before, await writesSoFar(world))
    const creates = sum(made, (what) => what === 'POST blockstorages')
    writes.push((sum(made, (what) => /blockstorages/.test(what)) - creates) / creates)
    beside.push(burstOf(with_))
    await controllers.stop()
    alone.push(burstOf(await burst()))
    controllers = await world.startControllers()
    await allReady()
    log(
      `round ${round}: beside the controllers ${beside.at(-1)!.perSecond.toFixed(0)} PUTs/s, alone ${alone.at(-1)!.perSecond.toFixed(0)}/s, Ready ${readyAfter.at(-1)!.toFixed(1)} s after`,
    )
  }
  await controllers.stop()
  return { callers: CALLERS, alone, beside, readyAfter, writes }
}

function burstOf({ latencies, seconds }: JobResult): Burst {
  const sorted = [...latencies]
  return { perSecond: sorted.length / seconds, p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) }
}

export function burstFigures({ callers, alone, beside, readyAfter, writes }: BurstFigures): Figure[] {
  const rate = (bursts: readonly Burst[]) => median(bursts.map(({ perSecond }) => perSecond))
  const words = (bursts: readonly Burst[]) =>
    `${rate(bursts).toFixed(0)}/s: p50 ${median(bursts.map(({ p50 }) => p50)).toFixed(0)} ms, p99 ${median(bursts.map(({ p99 }) => p99)).toFixed(0)} ms`
  const share = median(beside.map(({ perSecond }, round) => perSecond / (alone[round]?.perSecond ?? Number.NaN)))
  return [
    { name: `creating PUTs of ${callers} callers, no controllers`, value: words(alone) },
    {
      name: 'the same while the controllers bring them to Ready',
      value: words(beside),
      aim: `≥ ${SHARE_AIM * 100} % of the rate without`,
      met: share >= SHARE_AIM,
      note: `${(share * 100).toFixed(0)} % (median of the rounds' own ratios)`,
    },
    { name: 'all of them Ready after the burst', value: `${median(readyAfter).toFixed(1)} s` },
    { name: 'writes per volume to Ready, besides the PUT', value: median(writes).toFixed(2), aim: '2', met: median(writes) < 2.1 },
  ]
}

const median = (values: readonly number[]) => quantile(values, 0.5)
