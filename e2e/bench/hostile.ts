import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, fetch } from 'undici'
import { applyObject } from '../../src/processes/install.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import { RoleAssignment } from '../../src/kinds/authorization/role-assignment.ts'
import { Workspace } from '../../src/kinds/workspace/workspace.ts'
import { tenantNamespace } from '../../src/embedded/seed.ts'
import { REGION } from '../support/names.ts'
import { casesFor, unchanged } from './api-cases.ts'
import { type Client, type JobResult, startClient } from './api-load.ts'
import { fill, read } from './api-measure.ts'
import type { ApiWorld } from './api-world.ts'
import { startAttack, type Statuses } from './hostile-attacker.ts'
import { type Attack, type AttackShot, attacks, EVIL } from './hostile-attacks.ts'
import { grid } from './report.ts'
import { total } from './prometheus.ts'
import { quantile } from './throughput.ts'
import { inParallel, volume } from './volumes.ts'
import { until, type World } from './world.ts'
import { BlockStorage } from '../../src/kinds/storage/block-storage.ts'

/** What the victim saw, milliseconds. */
interface Sight {
  readonly get: { readonly p50: number; readonly p99: number }
  readonly put: { readonly p50: number; readonly p99: number }
  /** Longest wait for /livez. */
  readonly live: number
  readonly load: Load
}

/** What the processes did meanwhile: tells what the API held up itself from what waited for one of the machine's CPUs. */
interface Load {
  /** Delay of the API's event loop, milliseconds; waiting for a CPU included. */
  readonly loop: { readonly p99: number; readonly max: number }
  /** Part of the time that the API's main thread was ready to run and had no CPU. */
  readonly waited: number
  /** CPUs used, by process. */
  readonly cpu: Readonly<Record<string, number>>
}

interface HostileRow {
  readonly name: string
  readonly by: string
  readonly calm: Sight
  readonly attacked: Sight
  readonly statuses: Statuses
  /** The victim's requests were not all answered with success. */
  readonly failure?: string
}

export interface HostileOptions {
  readonly rounds: number
  readonly ms: number
  /** Only attacks whose names contain this; absent: all. */
  readonly only?: string | undefined
  readonly log: (line: string) => void
}

/** The aims of architecture §6 "No request costs others". */
export const AIMS = { p99: 50, live: 250 } as const
/** Requests a second of the victim: a tenant at work. */
const RATES = { get: 100, put: 10 } as const
const MALLORY = 'mallory'
/** Volumes that the attacker has for its lists. */
const OWN = 2_000

/** One attacker after the other with every attack; a victim in another tenant works at a steady rate, once before and once meanwhile. */
export async function measureHostile(world: World, api: ApiWorld, { rounds, ms, only = '', log }: HostileOptions): Promise<HostileRow[]> {
  await fill(world, api, log)
  await makeEvil(world)
  const [admin, nobody] = [await api.tokenOf(MALLORY), await api.tokenOf('nobody')]
  const headersOf = { administrator: bearer(admin), nobody: bearer(nobody), stranger: {} }
  const dispatcher = new Agent({ connect: { ca: api.api.ca } })
  const call = async ({ method, path, headers }: Omit<AttackShot, 'body'>, body?: string) =>
    (
      await fetch(api.api.origin + path, {
        method,
        headers: { ...bearer(admin), ...headers },
        dispatcher,
        ...(body === undefined ? {} : { body }),
      })
    ).status
  await until('the attacker has its rights', async () => (await call({ method: 'GET', path: listOf(EVIL) })) === 200 || undefined, {
    timeoutMs: 30_000,
    everyMs: 100,
  })
  let clients = [startClient(), startClient()] as const
  const rows: HostileRow[] = []
  try {
    await watch(world, api, clients, dispatcher, ms)
    for (let round = 1; round <= rounds; round++)
      for (const attack of attacks(nobody).filter(({ name }) => name.includes(only))) {
        await prepare(attack, call, log)
        const calm = await watch(world, api, clients, dispatcher, ms)
        const running = await startAttack({ server: { ...api.api, headers: headersOf[attack.by] }, attack })
        let attacked: Sight = NOTHING
        let failure: string | undefined
        try {
          await sleep(500)
          attacked = await watch(world, api, clients, dispatcher, ms)
        } catch (error) {
          failure = String(error).slice(0, 300)
          // They may still be busy with what failed.
          for (const client of clients) client.stop()
          clients = [startClient(), startClient()]
        }
        const row = {
          name: attack.name,
          by: attack.by,
          calm,
          attacked,
          statuses: await running.stop(),
          ...(failure === undefined ? {} : { failure }),
        }
        rows.push(row)
        log(`round ${round}: ${row.name} (${row.by}): ${describe(row)}`)
        await settle(call)
      }
  } finally {
    for (const client of clients) client.stop()
    await dispatcher.close()
  }
  return rows
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}`, accept: 'application/json' })
const listOf = (tenant: string) => `/providers/seca.storage/v1/tenants/${tenant}/workspaces/${tenant}/block-storages`
const UNKNOWN = { p50: Number.NaN, p99: Number.NaN, max: Number.NaN }
const NOTHING: Sight = { get: UNKNOWN, put: UNKNOWN, live: Number.NaN, load: { loop: UNKNOWN, waited: Number.NaN, cpu: {} } }

/** A tenant whose administrator means no good. */
async function makeEvil({ client }: World): Promise<void> {
  const tenant = tenantNamespace(EVIL)
  const namespace = tenant.metadata.name
  const workspace = `${namespace}--${EVIL}`
  await applyObject(client, KUBERNETES.Namespace, tenant)
  await applyObject(client, KUBERNETES.Namespace, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: workspace, labels: { ...tenant.metadata.labels, 'secapi.cloud/workspace': EVIL } },
  })
  await applyObject(client, Workspace.gvr, {
    apiVersion: Workspace.apiVersion,
    kind: Workspace.kind,
    metadata: { name: EVIL, namespace },
    spec: { region: REGION },
  })
  await applyObject(client, RoleAssignment.gvr, {
    apiVersion: RoleAssignment.apiVersion,
    kind: RoleAssignment.kind,
    metadata: { name: 'mallory', namespace },
    spec: { subs: [MALLORY], roles: ['seca.admin'], scopes: [{ tenants: [EVIL] }] },
  })
  await inParallel(
    Array.from({ length: OWN }, (_, index) => `own-${index}`),
    (name) => client.create(BlockStorage.gvr, workspace, volume(workspace, name)),
  )
}

async function prepare(
  { before = [] }: Attack,
  call: (shot: Omit<AttackShot, 'body'>, body?: string) => Promise<number>,
  log: (line: string) => void,
): Promise<void> {
  for (const { bodies, ...shot } of before) {
    const statuses: number[] = []
    for (const body of bodies) {
      statuses.push(await call(shot, body))
      if ((statuses.at(-1) ?? 500) < 300) break
    }
    if ((statuses.at(-1) ?? 500) >= 300) log(`${shot.path}: the API takes none of it (${statuses.join(', ')})`)
  }
}

/** What an attack left under way, and what its share owes, is over before the next one: it is answered at once, and for a burst longer. */
async function settle(call: (shot: Omit<AttackShot, 'body'>) => Promise<number>): Promise<void> {
  const isPaid = async () => {
    const start = performance.now()
    return ((await call({ method: 'GET', path: `${listOf(EVIL)}/own-0` })) === 200 && performance.now() - start < 100) || undefined
  }
  await until('the attacker owes nothing', isPaid, { timeoutMs: 120_000, everyMs: 500 })
  await sleep(3_000)
}

/** The victim's work for a while, and /livez beside it. */
async function watch(
  world: World,
  api: ApiWorld,
  [reader, writer]: readonly [Client, Client],
  dispatcher: Agent,
  ms: number,
): Promise<Sight> {
  const objects = await read(world)
  const gets = casesFor(objects).find(({ name }) => name === 'GET')?.shots.api ?? []
  const pids = { api: api.pid, 'kube-apiserver': world.pids['kube-apiserver'] ?? 0, etcd: world.pids['etcd'] ?? 0 }
  const job = { server: api.api, concurrency: 1, ms, counter: 0, pids, warmUpMs: 0 }
  await api.metrics()
  const end = new AbortController()
  const live = longestLive(api, dispatcher, end.signal)
  live.catch(() => undefined)
  try {
    const [reads, writes] = await Promise.all([
      reader.run({ ...job, shots: gets, rate: RATES.get }),
      writer.run({ ...job, shots: unchanged(objects), rate: RATES.put }),
    ])
    end.abort()
    return { get: quantiles(reads), put: quantiles(writes), live: await live, load: loadOf(reads, await api.metrics()) }
  } finally {
    end.abort()
    await live
  }
}

function loadOf({ seconds, cpu, waited }: JobResult, metrics: string): Load {
  return {
    loop: { p99: total(metrics, 'seca_event_loop_lag_seconds') * 1000, max: total(metrics, 'seca_event_loop_lag_max_seconds') * 1000 },
    waited: (waited['api'] ?? 0) / seconds,
    cpu: Object.fromEntries(Object.entries(cpu).map(([name, used]) => [name, used / seconds])),
  }
}

const quantiles = ({ latencies }: JobResult) => {
  const at = (q: number) => latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99) }
}

/** Longest time that a probe waits, as a kubelet would send it (over a kept connection). */
async function longestLive({ api }: ApiWorld, dispatcher: Agent, signal: AbortSignal): Promise<number> {
  let longest = 0
  while (!signal.aborted) {
    const start = performance.now()
    const answer = await fetch(`${api.origin}/livez`, { dispatcher })
    if (!answer.ok || (await answer.text()) !== 'ok') throw new Error(`/livez: ${answer.status}`)
    longest = Math.max(longest, performance.now() - start)
    await sleep(20)
  }
  return longest
}

/** How much the attack cost, as medians over the rounds. */
interface HostileVerdict {
  readonly name: string
  readonly by: string
  readonly rows: readonly HostileRow[]
  readonly get: number
  readonly put: number
  readonly live: number
  readonly met: boolean
}

export function verdicts(rows: readonly HostileRow[]): HostileVerdict[] {
  return [...Map.groupBy(rows, ({ name, by }) => `${name}|${by}`).values()].map((group) => {
    const median = (value: (row: HostileRow) => number) => quantile(group.map(value), 0.5)
    const get = median(({ calm, attacked }) => attacked.get.p99 - calm.get.p99)
    const put = median(({ calm, attacked }) => attacked.put.p99 - calm.put.p99)
    const live = Math.max(...group.map(({ attacked }) => attacked.live))
    const hasFailed = group.some(({ failure }) => failure !== undefined)
    const [{ name, by } = { name: '', by: '' }] = group
    return { name, by, rows: group, get, put, live, met: !hasFailed && get < AIMS.p99 && put < AIMS.p99 && live <= AIMS.live }
  })
}

export function hostileTable(rows: readonly HostileRow[]): string {
  const ms = (value: number) => (Number.isNaN(value) ? '-' : value.toFixed(value < 10 ? 1 : 0))
  const head = [
    'Attack',
    'By',
    'GET p50 / p99 ms: calm',
    'attacked',
    'PUT p50 / p99 ms: calm',
    'attacked',
    'p99 raised: GET, PUT',
    '/livez max',
    'API: loop p99 / max ms',
    'API without a CPU',
    'CPUs: API, kube-apiserver, etcd',
    'Met',
    'Answers to the attacker',
  ]
  const body = verdicts(rows).map(({ name, by, rows: group, get, put, live, met }) => {
    const pair = (value: (row: HostileRow) => { p50: number; p99: number }) =>
      `${ms(
        quantile(
          group.map((row) => value(row).p50),
          0.5,
        ),
      )} / ${ms(
        quantile(
          group.map((row) => value(row).p99),
          0.5,
        ),
      )}`
    const load = (value: (load: Load) => number) =>
      quantile(
        group.map(({ attacked }) => value(attacked.load)),
        0.5,
      )
    return [
      name,
      by,
      pair(({ calm }) => calm.get),
      pair(({ attacked }) => attacked.get),
      pair(({ calm }) => calm.put),
      pair(({ attacked }) => attacked.put),
      `${ms(get)}, ${ms(put)}`,
      ms(live),
      `${ms(load(({ loop }) => loop.p99))} / ${ms(load(({ loop }) => loop.max))}`,
      percent(load(({ waited }) => waited)),
      ['api', 'kube-apiserver', 'etcd'].map((one) => load(({ cpu }) => cpu[one] ?? 0).toFixed(2)).join(', '),
      met ? 'yes' : 'no',
      group[0]?.failure ?? statusText(group[0]?.statuses ?? {}),
    ]
  })
  return grid([head, ...body])
}

const statusText = (statuses: Statuses) =>
  Object.entries(statuses)
    .map(([status, count]) => `${status} × ${count}`)
    .join(', ')

const loadText = ({ loop, waited, cpu }: Load) =>
  `loop p99 ${loop.p99.toFixed(0)}, max ${loop.max.toFixed(0)} ms, no CPU ${percent(waited)}; CPU ${Object.entries(cpu)
    .map(([name, used]) => `${name} ${percent(used)}`)
    .join(', ')}`
const percent = (part: number) => `${(part * 100).toFixed(0)} %`

const describe = ({ calm, attacked, statuses, failure }: HostileRow) =>
  failure ??
  `GET p99 ${calm.get.p99.toFixed(1)} → ${attacked.get.p99.toFixed(1)} ms, PUT p99 ${calm.put.p99.toFixed(0)} → ${attacked.put.p99.toFixed(0)} ms, /livez ${attacked.live.toFixed(0)} ms; ${loadText(attacked.load)} (${statusText(statuses)})`
