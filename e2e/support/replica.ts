import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../../src/embedded/cluster/ports.ts'
import { type Child, startChild } from '../../src/embedded/process/child.ts'
import { controllersService, startService } from '../../src/embedded/services.ts'
import { CONTROLLERS_LEASE } from '../../src/kinds/names.ts'
import { kubectl } from './harness.ts'
import { OPERATOR_NAMESPACE, REGION } from './names.ts'

/** A further process of controllers, beside those of a stack. */
export interface Replica {
  readonly child: Child
  /** `/livez`, `/readyz`, `/metrics` */
  readonly url: string
  logs(): string
  /** Whether the Lease names it, whatever it thinks itself. */
  isHolder(): Promise<boolean>
  /** Sends a signal without waiting for what comes of it. */
  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void
  stop(): Promise<void>
}

interface ReplicaOptions {
  readonly kubeconfig: string
  readonly flags: readonly string[]
  readonly operatorNamespace?: string
  /** Do not wait until it is ready: it may never be. */
  readonly isRefused?: boolean
}

/** Starts one; resolves when it is ready. */
export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const { kubeconfig, flags, operatorNamespace = OPERATOR_NAMESPACE } = options
  const folder = mkdtempSync(join(tmpdir(), 'seca-replica-'))
  const logFile = join(folder, 'controllers.log')
  const { replica: healthPort } = await freePorts(['replica'], {})
  const service = controllersService({ kubeconfig, operatorNamespace, region: REGION, healthPort, logFile, logLevel: 'info', flags })
  const child = await (options.isRefused === true ? startChild(service.child) : startService(service))
  const logs = () => readFileSync(logFile, 'utf8')
  // Identities are random: a process tells its own when it leads.
  const identities = () => [...logs().matchAll(/"identity":"([^"]+)","msg":"leading"/g)].map(([, identity]) => identity)
  return {
    child,
    url: `http://127.0.0.1:${healthPort}`,
    logs,
    isHolder: async () => identities().includes(await holder(operatorNamespace)),
    signal: (name) => void (child.isRunning && process.kill(child.pid, name)),
    async stop() {
      await child.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Whom the Lease of the controllers names. */
export function holder(namespace: string = OPERATOR_NAMESPACE): Promise<string> {
  return kubectl(['get', 'lease', CONTROLLERS_LEASE, '-n', namespace, '-o', 'jsonpath={.spec.holderIdentity}'])
}
