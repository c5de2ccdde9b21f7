import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeArchive } from '../../../image/archive.ts'
import { asError, SecaError } from '../../../errors.ts'
import { connect } from '../../../kube/config.ts'
import { type Child, endingError, startChild } from '../../process/child.ts'
import { stopLeftovers, writePids } from '../../process/leftovers.ts'
import { write } from '../../process/private-file.ts'
import { apiserverFlags, controllerManagerFlags, etcdFlags } from '../flags.ts'
import { kubeconfig } from '../kubeconfig.ts'
import { ensurePki, type Pki } from '../pki.ts'
import { cniConfig, containerdConfig, kubeletConfig, NODE, PAUSE_IMAGE, proxyConfig, socketOf } from './config.ts'
import { lackingForNode, PATH, pluginFolder } from './lacking.ts'
import { childOf, openSpace } from './space.ts'

interface NodeOptions {
  /** Holds everything but what the kernel keeps. A second start with the same folder continues. */
  readonly dataDir: string
  /** Folder with the control plane's programs. */
  readonly assets: string
  /** Folder with kubelet, kube-proxy, kube-scheduler and pause. */
  readonly programs: string
  readonly log: (line: string) => void
  /** etcd does not wait for the disk. Only for tests. */
  readonly unsafeNoFsync?: boolean
  readonly readyMs?: number
}

/** A whole cluster of one node on this machine: real pods, Services, probes. */
export interface Node {
  /** Path of an administrator's kubeconfig; it works on this machine. */
  readonly kubeconfig: string
  readonly url: string
  /** This machine's address as pods see it. */
  readonly hostAddress: string
  /** Process ids on this machine, by program. */
  readonly pids: Readonly<Record<string, number>>
  /** Resolves with what happened when a program ends that nobody stopped. */
  readonly failed: Promise<SecaError>
  /** Makes the image of an OCI archive known to the node: pods use it with `imagePullPolicy: Never`. */
  importImage(archive: string): Promise<void>
  /** Runs a command in the node's namespaces; resolves with what it prints. */
  run(command: string, ...args: readonly string[]): Promise<string>
  /** Ends the pods, then everything else; resolves when nothing is left but the data folder. */
  stop(): Promise<void>
}

const PORTS = { apiserver: 6443, etcd: 2379, etcdPeer: 2380 }
const POD_GRACE_MS = 10_000

/** Starts etcd, kube-apiserver, controller manager, scheduler, containerd, kubelet and kube-proxy in namespaces of their own; needs root. */
export async function startNode(options: NodeOptions): Promise<Node> {
  const lacking = await lackingForNode()
  const plugins = pluginFolder()
  if (lacking !== undefined || plugins === undefined) throw new SecaError('InvalidConfiguration', lacking ?? 'no CNI plugins')
  const dataDir = resolve(options.dataDir)
  for (const folder of ['etcd', 'logs', 'cni', 'run', 'kubelet']) mkdirSync(join(dataDir, folder), { recursive: true, mode: 0o700 })
  await stopLeftovers(dataDir, options.log)
  const space = await openSpace({ pause: join(options.programs, 'pause'), dataDir })
  const { addresses, cgroup } = space
  const children: Child[] = [space.holder]
  const pids: Record<string, number> = { node: space.holder.pid }
  writePids(dataDir, pids)
  let stopping = false
  const failed = Promise.withResolvers<SecaError>()
  const launch = async (name: string, command: string, args: readonly string[]) => {
    const child = await startChild({
      name,
      ...space.enter(command, args),
      logFile: join(dataDir, 'logs', `${name}.log`),
      graceMs: 0,
      env: { ...process.env, PATH },
    })
    children.push(child)
    pids[name] = await childOf(child.pid)
    void child.ended.then((ending) => {
      if (!stopping) failed.resolve(endingError(ending))
    })
  }
  const ctr = (...args: readonly string[]) => space.run('ctr', '--address', socketOf(dataDir), '--namespace', 'k8s.io', ...args)
  const stop = async () => {
    stopping = true
    if (pids['kubelet'] !== undefined) await endPods(pids['kubelet'], ctr).catch(() => undefined)
    await space.close()
    await Promise.all(children.map(({ ended }) => ended))
    writePids(dataDir, {})
  }
  try {
    const url = `https://${addresses.node}:${PORTS.apiserver}`
    const pki = ensurePki(join(dataDir, 'pki'), addresses)
    const paths = writeKubeconfigs(dataDir, url, pki)
    const context = { dataDir, pki, ports: PORTS, kubeconfig: paths['controller-manager'] }
    const { assets, programs } = options
    await launch('etcd', join(assets, 'etcd'), etcdFlags({ ...context, unsafeNoFsync: options.unsafeNoFsync ?? false }))
    await launch('kube-apiserver', join(assets, 'kube-apiserver'), apiserverFlags(context, addresses))
    writeFileSync(join(dataDir, 'cni', '10-seca.conflist'), cniConfig({ dataDir, addresses }))
    writeFileSync(join(dataDir, 'containerd.toml'), containerdConfig(dataDir, plugins))
    await launch('containerd', 'containerd', ['--config', join(dataDir, 'containerd.toml')])
    await until('containerd answers', async () => void (await ctr('version')), options, failed.promise)
    const pause = join(dataDir, 'run', 'pause.tar')
    await writePause(join(programs, 'pause'), pause)
    await ctr('images', 'import', pause)
    writeFileSync(join(dataDir, 'resolv.conf'), '')
    writeFileSync(join(dataDir, 'kubelet.yaml'), kubeletConfig({ dataDir, addresses, pki, cgroup }))
    writeFileSync(join(dataDir, 'proxy.yaml'), proxyConfig({ dataDir, addresses, kubeconfig: paths.proxy }))
    const client = connect({ kubeconfig: paths.admin, userAgent: 'seca-operator/node' })
    try {
      await until(
        'kube-apiserver is ready',
        async () => void (await client.raw('GET', '/api/v1/namespaces/default')),
        options,
        failed.promise,
      )
      // They wait 10 s for it, and end: too short on a machine with much to do.
      await launch('kube-controller-manager', join(assets, 'kube-controller-manager'), controllerManagerFlags(context, true))
      await launch('kube-scheduler', join(programs, 'kube-scheduler'), [
        `--kubeconfig=${paths.scheduler}`,
        '--bind-address=127.0.0.1',
        '--leader-elect=false',
        `--cert-dir=${join(dataDir, 'run')}`,
      ])
      await launch('kubelet', join(programs, 'kubelet'), [
        `--config=${join(dataDir, 'kubelet.yaml')}`,
        `--kubeconfig=${paths.kubelet}`,
        `--hostname-override=${NODE}`,
        `--node-ip=${addresses.node}`,
        `--root-dir=${join(dataDir, 'kubelet')}`,
        `--cert-dir=${join(dataDir, 'run')}`,
      ])
      await launch('kube-proxy', join(programs, 'kube-proxy'), [`--config=${join(dataDir, 'proxy.yaml')}`])
      const isReady = async () => {
        const { status } = await client.raw<NodeObject>('GET', `/api/v1/nodes/${NODE}`)
        const ready = status.conditions?.find(({ type }) => type === 'Ready')
        if (ready?.status !== 'True') throw new SecaError('KubernetesUnavailable', ready?.message ?? 'no condition yet')
      }
      await until('the node is ready', isReady, options, failed.promise)
      await until(
        'there are accounts',
        async () => void (await client.raw('GET', '/api/v1/namespaces/default/serviceaccounts/default')),
        options,
        failed.promise,
      )
    } finally {
      await client.close()
    }
    const importImage = async (archive: string) => void (await ctr('images', 'import', archive))
    return { kubeconfig: paths.admin, url, hostAddress: addresses.host, pids, failed: failed.promise, importImage, run: space.run, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

interface NodeObject {
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[] }
}

const USERS = ['admin', 'controller-manager', 'scheduler', 'proxy', 'kubelet'] as const

function writeKubeconfigs(dataDir: string, url: string, pki: Pki): Record<(typeof USERS)[number], string> {
  const files = USERS.map((user) => {
    const file = join(dataDir, user === 'admin' ? 'kubeconfig' : `${user}.kubeconfig`)
    write(file, kubeconfig({ url, ca: pki.read('ca.crt'), cert: pki.read(`${user}.crt`), key: pki.read(`${user}.key`) }))
    return [user, file] as const
  })
  return Object.fromEntries(files) as Record<(typeof USERS)[number], string>
}

async function writePause(program: string, file: string): Promise<void> {
  const platform = { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' } as const
  const layers = [[{ path: '/pause', mode: 0o755, content: readFileSync(program) }]]
  await writeArchive({ reference: PAUSE_IMAGE, platform, layers, config: { Entrypoint: ['/pause'], User: '65535:65535' }, file })
}

/** Nobody starts them again once kubelet is gone: they get the time to end in order. */
async function endPods(kubelet: number, ctr: (...args: readonly string[]) => Promise<string>): Promise<void> {
  process.kill(kubelet, 'SIGKILL')
  const tasks = async () => (await ctr('tasks', 'ls', '-q')).split('\n').filter(Boolean)
  await Promise.all((await tasks()).map((task) => ctr('tasks', 'kill', '--signal', 'SIGTERM', task).catch(() => undefined)))
  const isRunning = async () => / RUNNING\s*$/m.test(await ctr('tasks', 'ls'))
  for (const deadline = performance.now() + POD_GRACE_MS; performance.now() < deadline && (await isRunning());) await sleep(100)
}

async function until(
  what: string,
  probe: () => Promise<void>,
  { readyMs = 60_000, dataDir }: NodeOptions,
  failed: Promise<SecaError>,
): Promise<void> {
  let failure: SecaError | undefined
  void failed.then((error) => (failure = error))
  let last = ''
  for (const deadline = performance.now() + readyMs; performance.now() < deadline; await sleep(100)) {
    if (failure) throw failure
    try {
      return await probe()
    } catch (error) {
      last = asError(error).message
    }
  }
  throw new SecaError('KubernetesUnavailable', `${what}: not within ${readyMs / 1000} s (${last}); see ${join(dataDir, 'logs')}`)
}
