import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { SecaError } from '../../../errors.ts'
import { type Child, startChild } from '../../process/child.ts'
import { type Addresses, candidates } from './addresses.ts'
import { cgroupOf, makeCgroup, removeCgroup } from './cgroup.ts'
import { PATH } from './lacking.ts'

const run = promisify(execFile)
const env = { ...process.env, PATH }

/** Namespaces (network, mounts, processes) in which a whole node runs: when they go, nothing of it is left on the machine. */
export interface Space {
  readonly addresses: Addresses
  /** Control group for the pods. */
  readonly cgroup: string
  readonly holder: Child
  /** Command line that runs another one inside. */
  enter(command: string, args: readonly string[]): { readonly command: string; readonly args: readonly string[] }
  /** Runs a command inside to its end; resolves with what it prints. */
  run(command: string, ...args: readonly string[]): Promise<string>
  /** Ends every process inside, and all that the kernel keeps for them. */
  close(): Promise<void>
}

/**
 * Folders outside of the data folder that programs of a node write to: inside, each is empty and goes with the node. On this machine they
 * stay, empty where they were not there before: removing one would take it from under another node as well.
 */
const HIDDEN = ['/var/log', '/var/lib/cni', '/var/lib/kubelet', '/run/containerd']

/**
 * What kubelet asks of the whole machine's kernel (`setupKernelTunables`). Inside, files that hold it are in front of the kernel's: kubelet
 * finds it done, and the machine keeps its own values.
 */
const KERNEL = {
  'vm/overcommit_memory': 1,
  'vm/panic_on_oom': 0,
  'kernel/panic': 10,
  'kernel/panic_on_oops': 1,
  'kernel/keys/root_maxkeys': 1_000_000,
  'kernel/keys/root_maxbytes': 25_000_000,
}

/** Opens the namespaces and connects them with this machine by a link of their own. `pause` reaps what ends inside. */
export async function openSpace({ pause, dataDir }: { readonly pause: string; readonly dataDir: string }): Promise<Space> {
  const cgroup = cgroupOf(dataDir)
  // Of an earlier start that was killed.
  await removeCgroup(cgroup)
  const holder = await startChild({
    name: 'node',
    // Whatever ends us ends the node. The data folder says whose it is (leftovers.ts).
    command: 'setpriv',
    args: ['--pdeathsig', 'KILL', 'unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', pause, dataDir],
    logFile: join(dataDir, 'logs', 'node.log'),
    graceMs: 0,
    env,
  })
  try {
    const inside = await childOf(holder.pid)
    const enter = (command: string, args: readonly string[]) => ({
      command: 'nsenter',
      args: ['--target', String(inside), '--net', '--mount', '--pid', '--', command, ...args],
    })
    const runInside = async (command: string, ...args: readonly string[]) => {
      const line = enter(command, args)
      return (await run(line.command, line.args, { env, maxBuffer: 64 * 1024 * 1024 })).stdout
    }
    for (const folder of HIDDEN) {
      mkdirSync(folder, { recursive: true })
      await runInside('mount', '-t', 'tmpfs', 'tmpfs', folder)
    }
    for (const [name, value] of Object.entries(KERNEL)) {
      const file = join(dataDir, 'run', name.replaceAll('/', '.'))
      writeFileSync(file, `${value}\n`)
      await runInside('mount', '--bind', file, join('/proc/sys', name))
    }
    const addresses = await connect(inside, runInside, dataDir)
    const index = linkIndex(addresses.link)
    makeCgroup(cgroup)
    return {
      addresses,
      cgroup,
      holder,
      enter,
      run: runInside,
      async close() {
        holder.kill('SIGKILL')
        await holder.ended
        await removeCgroup(cgroup)
        // The kernel gives namespaces back a moment later. Another node may have taken the link's name since, but never its number.
        for (const deadline = performance.now() + RETURN_MS; performance.now() < deadline && linkIndex(addresses.link) === index;)
          await sleep(50)
      },
    }
  } catch (error) {
    holder.kill('SIGKILL')
    await holder.ended
    await removeCgroup(cgroup)
    throw error
  }
}

/** Process id, outside, of what a process that waits for its only child has started. */
export async function childOf(pid: number): Promise<number> {
  for (const deadline = performance.now() + 5_000; performance.now() < deadline; await sleep(20)) {
    const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0])
    if (child > 0) return child
  }
  throw new SecaError('Internal', `process ${pid} has not started anything within 5 s`)
}

/** A veth from the host into the node's bridge: in the network that it had before, whose addresses its data names, else in the first that is free. */
async function connect(inside: number, runInside: Space['run'], dataDir: string): Promise<Addresses> {
  const file = join(dataDir, 'addresses.json')
  const last = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Addresses) : undefined
  // What a start that was killed had is given back by the kernel a moment later.
  for (const deadline = performance.now() + (last ? RETURN_MS : 0); ; await sleep(100)) {
    const free = candidates(await routes(), dataDir).filter(({ link }) => last === undefined || link === last.link)
    for (const addresses of free) {
      if (!(await link(inside, addresses))) continue
      const { host, node, services } = addresses
      await run('ip', ['address', 'add', `${host}/16`, 'dev', addresses.link], { env })
      await run('ip', ['link', 'set', addresses.link, 'up'], { env })
      await run('ip', ['route', 'add', services, 'via', node], { env })
      for (const line of [
        'link set lo up',
        `link add ${BRIDGE} type bridge`,
        `address add ${node}/16 dev ${BRIDGE}`,
        `link set ${BRIDGE} up`,
        `link set host master ${BRIDGE}`,
        'link set host up',
        // kubelet looks for the network of the default route.
        `route add default via ${host}`,
      ])
        await runInside('ip', ...line.split(' '))
      await runInside('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward')
      writeFileSync(file, JSON.stringify(addresses))
      return addresses
    }
    if (performance.now() < deadline) continue
    const words =
      last === undefined
        ? 'no network is free for a node: routes of this machine take all of 10.128.0.0/9'
        : `this node's networks, ${last.pods} and ${last.services}, are in use: stop who uses them, or start over with --clean`
    throw new SecaError('InvalidConfiguration', words)
  }
}

const RETURN_MS = 10_000

/** The kernel's number of a link, as text; undefined when there is none of that name. */
function linkIndex(name: string): string | undefined {
  try {
    return readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8')
  } catch {
    return undefined
  }
}

/** Destinations that this machine has routes to. */
async function routes(): Promise<string[]> {
  const { stdout } = await run('ip', ['-json', '-4', 'route', 'show', 'table', 'all'], { env })
  return (JSON.parse(stdout) as { dst: string }[]).map(({ dst }) => dst)
}

/** Whether the link is this node's; another may have taken it at this moment. */
async function link(inside: number, addresses: Addresses): Promise<boolean> {
  try {
    await run('ip', ['link', 'add', addresses.link, 'type', 'veth', 'peer', 'name', 'host', 'netns', String(inside)], { env })
    return true
  } catch {
    return false
  }
}

/** Of the pods, inside. */
export const BRIDGE = 'pods'
