import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SecaError } from '../../errors.ts'
import { type Child, endingError, startChild } from '../process/child.ts'
import { apiserverFlags, controllerManagerFlags, etcdFlags, PORTS, type Ports } from './flags.ts'
import { kubeconfig } from './kubeconfig.ts'
import { readPids, stopLeftovers, writePids } from '../process/leftovers.ts'
import { write } from '../process/private-file.ts'
import { ensurePki, type Pki } from './pki.ts'
import { freePorts } from './ports.ts'

interface ControlPlaneOptions {
  /** Holds everything: etcd's data, PKI, ports, logs, kubeconfig. A second start with the same folder continues. */
  readonly dataDir: string
  /** Folder with `etcd`, `kube-apiserver`, `kube-controller-manager`. */
  readonly assets: string
  /** Namespace deletion, garbage collection and service-account tokens need it. */
  readonly controllerManager: boolean
  readonly log: (line: string) => void
  /** etcd does not wait for the disk: much faster, and a power cut may lose data. Only for tests. */
  readonly unsafeNoFsync?: boolean
  /** Further flags of kube-apiserver. */
  readonly apiserver?: readonly string[]
  readonly readyMs?: number
}

export interface ControlPlane {
  /** Path of an administrator's kubeconfig. */
  readonly kubeconfig: string
  readonly url: string
  readonly ports: Ports
  readonly pids: Readonly<Record<string, number>>
  /** Resolves with what happened when a process ends that nobody stopped. */
  readonly failed: Promise<SecaError>
  /** Ends all processes, in order; resolves when they are gone. */
  stop(): Promise<void>
}

/** Starts a real etcd and kube-apiserver (and kube-controller-manager) on loopback, and waits until they serve. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const dataDir = resolve(options.dataDir)
  for (const folder of ['etcd', 'logs']) mkdirSync(join(dataDir, folder), { recursive: true, mode: 0o700 })
  await stopLeftovers(dataDir, options.log)
  const pki = ensurePki(join(dataDir, 'pki'))
  const portsFile = join(dataDir, 'ports.json')
  const ports = await freePorts(PORTS, existsSync(portsFile) ? (JSON.parse(readFileSync(portsFile, 'utf8')) as Partial<Ports>) : {})
  write(portsFile, JSON.stringify(ports))
  const url = `https://127.0.0.1:${ports.apiserver}`
  const identity = (name: 'admin' | 'controller-manager') =>
    kubeconfig({ url, ca: pki.read('ca.crt'), cert: pki.read(`${name}.crt`), key: pki.read(`${name}.key`) })
  const paths = { admin: join(dataDir, 'kubeconfig'), controllerManager: join(dataDir, 'controller-manager.kubeconfig') }
  write(paths.admin, identity('admin'))
  write(paths.controllerManager, identity('controller-manager'))

  const children: Child[] = []
  let stopping = false
  const failed = Promise.withResolvers<SecaError>()
  const launch = async (name: string, args: readonly string[], graceMs: number) => {
    const child = await startChild({
      name,
      command: join(options.assets, name),
      args,
      logFile: join(dataDir, 'logs', `${name}.log`),
      graceMs,
    })
    children.push(child)
    writePids(dataDir, { ...readPids(dataDir), [name]: child.pid })
    void child.ended.then((ending) => {
      if (!stopping) failed.resolve(endingError(ending))
    })
  }
  const stop = async () => {
    stopping = true
    // Last started, first stopped: nobody loses what it depends on.
    for (const child of children.toReversed()) {
      // Without etcd the others cannot end in order, and have nothing to lose.
      if (children[0]?.isRunning === false) child.kill('SIGKILL')
      await child.stop()
    }
    writePids(dataDir, {})
  }
  const context = { dataDir, pki, ports, kubeconfig: paths.controllerManager }
  try {
    await launch('etcd', etcdFlags({ ...context, unsafeNoFsync: options.unsafeNoFsync ?? false }), 5_000)
    await launch('kube-apiserver', [...apiserverFlags(context), ...(options.apiserver ?? [])], 10_000)
    await untilReady(url, pki, { timeoutMs: options.readyMs ?? 120_000, failed: failed.promise, dataDir })
    if (options.controllerManager) await launch('kube-controller-manager', controllerManagerFlags(context), 5_000)
  } catch (error) {
    await stop()
    throw error
  }
  const pids = Object.fromEntries(children.map((child) => [child.name, child.pid]))
  return { kubeconfig: paths.admin, url, ports, pids, failed: failed.promise, stop }
}

async function untilReady(
  url: string,
  pki: Pki,
  options: { timeoutMs: number; failed: Promise<SecaError>; dataDir: string },
): Promise<void> {
  const deadline = performance.now() + options.timeoutMs
  let failure: SecaError | undefined
  void options.failed.then((error) => (failure = error))
  for (;;) {
    if (failure) throw failure
    const answer = await probe(`${url}/readyz`, pki)
    if (answer === 'ok') return
    if (performance.now() > deadline)
      throw new SecaError(
        'KubernetesUnavailable',
        `kube-apiserver was not ready within ${options.timeoutMs / 1000} s (last answer: ${answer}); see ${join(options.dataDir, 'logs')}`,
      )
    await sleep(100)
  }
}

function probe(url: string, pki: Pki): Promise<string> {
  return new Promise((resolve) => {
    const tls = { ca: pki.read('ca.crt'), cert: pki.read('admin.crt'), key: pki.read('admin.key'), agent: false as const }
    const call = request(url, { ...tls, timeout: 5_000 }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      response.on('end', () => resolve(response.statusCode === 200 ? 'ok' : body.slice(-300)))
      response.on('error', (error) => resolve(error.message))
    })
    call.on('timeout', () => call.destroy(new Error('no answer for 5 s')))
    call.on('error', (error) => resolve(error.message))
    call.end()
  })
}
