import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createProgress } from '../../src/cli/progress.ts'
import { OpenStackApi } from '../openstack/api.ts'
import { findVenv } from '../openstack/bed/venv.ts'
import type { Call } from '../openstack/faults.ts'
import { type Manifest, to } from '../support/manifest.ts'
import { byShape } from './openstack-calls.ts'
import { makePlace, type OpenStackWorld } from './openstack-world.ts'
import { cpuSeconds } from './process.ts'
import { grid } from './report.ts'
import { quantile } from './throughput.ts'
import { CONCURRENCY, inParallel } from './volumes.ts'

/** Who makes machines, and how. */
const OPERATOR = 'the operator'
/** openstacksdk asks every 2 seconds whether something is ready, unless told. */
const SDK_SECONDS = 2
const SCRIPTS = [
  { name: 'openstacksdk, one after the other', threads: 1, interval: SDK_SECONDS },
  { name: `openstacksdk, ${CONCURRENCY} threads`, threads: CONCURRENCY, interval: SDK_SECONDS },
  { name: `openstacksdk, ${CONCURRENCY} threads, asking every 0.2 s`, threads: CONCURRENCY, interval: 0.2 },
] as const
const SIZE_GB = 60

interface Lap {
  readonly seconds: number
  readonly calls: readonly Call[]
  /** CPU of whoever did it, where that is measured. */
  readonly cpu?: number
}

interface Round {
  readonly create: Lap
  readonly delete: Lap
}

export interface Beside {
  readonly machines: number
  readonly rounds: Readonly<Record<string, readonly Round[]>>
}

interface Options {
  readonly machines: number
  readonly rounds: number
  readonly log: (line: string) => void
}

/**
 * The same work by the operator and by scripts on openstacksdk, in turn, so that all see the same machine and the same OpenStack. All machines
 * are in one network and boot from volumes of one image, which the operator made before.
 */
export async function measureBeside(world: OpenStackWorld, { machines, rounds, log }: Options): Promise<Beside> {
  const controllers = await world.startControllers(['--drift-interval=24h'])
  const { of } = await makePlace(world, 'beside')
  const ground: readonly Manifest[] = [
    of('BlockStorage', 'golden', { sizeGB: 50, skuRef: to('skus/rd500') }),
    of('Image', 'base-beside', {
      region: 'eu-1',
      blockStorageRef: to('workspaces/beside/block-storages/golden'),
      cpuArchitecture: 'amd64',
      initializer: 'cloudinit-22',
    }),
    of('Network', 'main', { cidr: { ipv4: '0.0.0.0/16' }, skuRef: to('skus/n1k') }),
    of('InternetGateway', 'internet', { egressOnly: true }),
    of('RouteTable', 'main.default', {
      network: 'main',
      routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: to('internet-gateways/internet') }],
    }),
    of('Subnet', 'main.all', {
      network: 'main',
      cidr: { ipv4: '0.0.0.0/20' },
      zone: 'a',
      routeTableRef: to('route-tables/default'),
    }),
  ]
  for (const one of ground) await world.apply(one)
  await world.allReady(ground)
  const machine = (name: string): readonly Manifest[] => [
    of('BlockStorage', name, { sizeGB: SIZE_GB, skuRef: to('skus/rd2k'), sourceImageRef: to('images/base-beside') }),
    of('Nic', name, { subnetRef: to('networks/main/subnets/all') }),
    of('Instance', name, {
      skuRef: to('skus/ds'),
      zone: 'a',
      bootVolume: { deviceRef: to(`block-storages/${name}`) },
      primaryNicRef: to(`nics/${name}`),
      powerState: 'on',
    }),
  ]
  const byOperator = (work: (names: readonly Manifest[]) => Promise<void>) => async (names: readonly string[]) => {
    const start = performance.now()
    await work(names.flatMap(machine))
    return (performance.now() - start) / 1000
  }
  const lap = async (work: () => Promise<number>, pid?: number): Promise<Lap> => {
    await world.quiet()
    const [from, cpu] = [world.calls.length, pid === undefined ? 0 : cpuSeconds(pid)]
    const seconds = await work()
    const calls = world.calls.slice(from)
    return { seconds, calls, ...(pid === undefined ? {} : { cpu: cpuSeconds(pid) - cpu }) }
  }
  const create = byOperator(async (manifests) => {
    await inParallel(manifests, world.apply)
    await world.allReady(manifests)
  })
  const remove = byOperator(async (manifests) => {
    await inParallel(manifests, world.remove)
    await world.allGone(manifests)
  })
  const script = await scriptOf(world, ground)
  const found: Record<string, Round[]> = {}
  const note = (who: string, round: number, done: Round) => {
    if (round > 0) (found[who] ??= []).push(done)
    log(
      `${round === 0 ? 'warm-up' : `round ${round}`}, ${who}: ready after ${done.create.seconds.toFixed(1)} s (${done.create.calls.length} requests), gone after ${done.delete.seconds.toFixed(1)} s (${done.delete.calls.length} requests)`,
    )
  }
  for (let round = 0; round <= rounds; round++) {
    const names = Array.from({ length: round === 0 ? Math.min(4, machines) : machines }, (_, index) => `m${round}-${index}`)
    note(OPERATOR, round, {
      create: await lap(() => create(names), controllers.pid),
      delete: await lap(() => remove(names), controllers.pid),
    })
    for (const { name, threads, interval } of round === 0 ? SCRIPTS.slice(1, 2) : SCRIPTS) {
      const order = { names: names.map((one) => `s-${one}`), threads, interval }
      note(name, round, {
        create: await lap(() => script({ ...order, do: 'create' })),
        delete: await lap(() => script({ ...order, do: 'delete' })),
      })
    }
  }
  for (const one of ground.toReversed()) await world.remove(one)
  await world.allGone(ground)
  await controllers.stop()
  return { machines, rounds: found }
}

/** Runs the script, in the network and from the image that were made. */
async function scriptOf({ cloud: { demo, region }, get }: OpenStackWorld, ground: readonly Manifest[]) {
  const python = join(await findVenv({ progress: createProgress() }), 'bin', 'python')
  const api = new OpenStackApi(demo)
  const idOf = async (kind: string) => {
    const manifest = ground.find((one) => one.kind === kind)
    return manifest && (await get(manifest)).status?.externalId
  }
  const auth = {
    auth_url: demo.authUrl,
    username: demo.username,
    password: demo.password,
    project_name: demo.project,
    user_domain_id: 'default',
    project_domain_id: 'default',
  }
  const flavors = await api.list('compute', '/flavors')
  const common = {
    auth,
    region,
    size: SIZE_GB,
    image: await idOf('Image'),
    network: await idOf('Network'),
    subnet: await idOf('Subnet'),
    flavor: flavors.find(({ name }) => name === 's1.small')?.id,
  }
  return async (order: object): Promise<number> => {
    const child = spawn(python, [join(import.meta.dirname, 'machines.py')], { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdin.end(JSON.stringify({ ...common, ...order }))
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    if (code !== 0) throw new Error(`the script on openstacksdk ended with ${code}`)
    return (JSON.parse(said) as { seconds: number }).seconds
  }
}

export function besideTable({ machines, rounds }: Beside): string {
  const ours = rounds[OPERATOR] ?? []
  const median = (laps: readonly number[]) => quantile(laps, 0.5)
  const ratio = (theirs: readonly Round[], half: keyof Round) =>
    median(theirs.map((round, index) => round[half].seconds / (ours[index]?.[half].seconds ?? NaN))).toFixed(2)
  const cells = (all: readonly Round[], half: keyof Round) => [
    `${median(all.map((round) => round[half].seconds)).toFixed(1)} s`,
    `${ratio(all, half)} ×`,
    (median(all.map((round) => round[half].calls.length)) / machines).toFixed(1),
  ]
  return grid([
    ['By', `${machines} machines ready`, 'to ours', 'requests each', 'gone', 'to ours', 'requests each'],
    ...Object.entries(rounds).map(([who, all]) => [who, ...cells(all, 'create'), ...cells(all, 'delete')]),
  ])
}

/** For the file with all figures. */
export function besideDetail({ machines, rounds }: Beside): object {
  const plain = ({ calls, ...lap }: Lap) => ({ ...lap, requests: calls.length, calls: byShape(calls) })
  const all = Object.entries(rounds).map(([who, laps]) => [
    who,
    laps.map((round) => ({ create: plain(round.create), delete: plain(round.delete) })),
  ])
  return { machines, rounds: Object.fromEntries(all) as object }
}
