import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inject } from 'vitest'
import { SimulatorAdmin } from '../../providers/simulator/admin.ts'
import { writeAccountKubeconfig } from '../../src/embedded/account.ts'
import type { Child } from '../../src/embedded/process/child.ts'
import { applyObject } from '../../src/processes/install.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import { freePorts } from '../../src/embedded/cluster/ports.ts'
import { seed, tenantNamespace } from '../../src/embedded/seed.ts'
import { controllersService, type Service, simulatorService, startService } from '../../src/embedded/services.ts'
import { asError } from '../../src/errors.ts'
import { TENANT_LABEL, WORKSPACE_LABEL } from '../../src/kinds/names.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { connect } from '../../src/kube/config.ts'
import { clearCluster } from './clear.ts'
import { CHARACTERS, isSimulated, OPERATOR_NAMESPACE, patiently, REGION } from './names.ts'
import type { OtherCloud, TestCloud } from './test-cloud.ts'

export { OPERATOR_NAMESPACE, REGION }

/** An administrator's client of the run's control plane, or of another one. Close it. */
export function adminClient(kubeconfig = inject('kubeconfig')): KubeClient {
  return connect({ kubeconfig, userAgent: 'seca-operator/e2e' })
}

export interface KubectlOptions {
  /** stdin, for `-f -` */
  readonly input?: string
  readonly kubeconfig?: string
}

/** Runs the real kubectl as administrator; resolves with stdout, rejects with stderr in the message. */
export function kubectl(args: readonly string[], options: KubectlOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const command = ['--kubeconfig', options.kubeconfig ?? inject('kubeconfig'), ...args]
    const child = execFile(join(inject('assets'), 'kubectl'), command, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`kubectl ${args.join(' ')}: ${stderr.trim() || error.message}`))
      else resolve(stdout)
    })
    child.stdin?.end(options.input ?? '')
  })
}

/** Applies manifests given as objects, with kubectl, as a user would. */
export function applyManifests(objects: readonly object[], options: KubectlOptions = {}): Promise<string> {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
  return kubectl(['apply', '-f', '-'], { ...options, input })
}

/** Calls `probe` until it does not throw (and, when it answers a boolean, says true). The last failure tells why it never did. */
export async function eventually<T>(probe: () => Promise<T> | T, options: { timeoutMs?: number; everyMs?: number } = {}): Promise<T> {
  const { timeoutMs = 60_000, everyMs = 100 } = options
  let failure = new Error('it was false')
  for (const deadline = performance.now() + patiently(timeoutMs); performance.now() < deadline; await sleep(everyMs)) {
    try {
      const result = await probe()
      if (result !== false) return result
    } catch (error) {
      failure = asError(error)
    }
  }
  failure.message = `still so after ${patiently(timeoutMs) / 1000} s: ${failure.message}`
  throw failure
}

/** A tenant name that no other test uses. */
export function uniqueTenant(prefix = 't'): string {
  return `${prefix}-${randomBytes(4).toString('hex')}`
}

/** Makes a tenant's namespace, and one of a workspace when named (with the Workspace itself); resolves with their names. */
export async function makeTenant(
  client: KubeClient,
  tenant: string,
  workspace?: string,
): Promise<{ namespace: string; workspaceNamespace: string }> {
  const namespace = tenantNamespace(tenant)
  const names = { namespace: namespace.metadata.name, workspaceNamespace: `${namespace.metadata.name}--${workspace ?? ''}` }
  await applyObject(client, KUBERNETES.Namespace, namespace)
  if (workspace === undefined) return names
  const labels = { [TENANT_LABEL]: tenant, [WORKSPACE_LABEL]: workspace }
  await applyObject(client, KUBERNETES.Namespace, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: names.workspaceNamespace, labels },
  })
  await applyManifests([
    {
      apiVersion: 'workspace.secapi.cloud/v1',
      kind: 'Workspace',
      metadata: { name: workspace, namespace: names.namespace },
      spec: { region: REGION },
    },
  ])
  return names
}

export interface StackOptions {
  /** Time that an operation of the simulated cloud takes; default 50. */
  readonly latencyMs?: number
  /** Further flags of the controllers, `--drift-interval=2s`. */
  readonly flags?: readonly string[]
  readonly logLevel?: string
  /** What kind of cloud is simulated; default: what SECA_E2E_CLOUD says, or a neat one. */
  readonly characters?: readonly string[]
  /** An administrator's kubeconfig of another control plane than the run's. */
  readonly kubeconfig?: string
  /** File with what the simulated cloud remembers; default: nothing. */
  readonly journal?: string
  /** The cloud of another stack, in place of one of its own. */
  readonly cloudOf?: OtherCloud
  /** What an administrator provides is there already, or comes with a backup; default: it is made. */
  readonly isBare?: true
  /** Do not start the controllers yet. */
  readonly isIdle?: true
}

type ServiceName = 'simulator' | 'controllers'

/** A simulated cloud and the controllers as processes, on the run's control plane. One at a time: they all serve the same objects. */
export interface Stack {
  readonly client: KubeClient
  readonly cloud: TestCloud
  /** Where it is. */
  readonly cloudUrl: string
  /** kubeconfig of the controllers' service account. */
  readonly kubeconfig: string
  /** `/livez`, `/readyz`, `/metrics` of the controllers. */
  readonly healthUrl: string
  /** Ends a process at once; resolves when it is gone. */
  kill(name: ServiceName, signal?: NodeJS.Signals): Promise<void>
  /** Stops a process in order unless it is gone already. */
  halt(name: ServiceName): Promise<void>
  /** Starts a process again (stops it first where it runs); resolves when it works. `flags` replace those of the controllers. */
  restart(name: ServiceName, flags?: readonly string[]): Promise<void>
  /** Everything that a process has logged. */
  logs(name: ServiceName): string
  stop(): Promise<void>
}

/** Short, so that a killed leader is replaced within seconds. */
const LEASE = ['--lease=4s', '--lease-renew=3s', '--lease-retry=500ms']

/** A stack on the provider of this run: a simulated cloud, unless told. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  if (isSimulated || options.cloudOf !== undefined) return startStackOn(options)
  const { openStackForEngine } = await import('../openstack/engine.ts')
  return startStackOn({ ...options, cloudOf: await openStackForEngine() })
}

async function startStackOn(options: StackOptions): Promise<Stack> {
  const dataDir = mkdtempSync(join(tmpdir(), 'seca-stack-'))
  const admin = options.kubeconfig ?? inject('kubeconfig')
  const client = adminClient(admin)
  const ports = await freePorts(['simulator', 'controllers'], {})
  const secrets = { token: randomBytes(16).toString('hex'), adminToken: randomBytes(16).toString('hex') }
  const kubeconfig = join(dataDir, 'kubeconfig')
  const logFile = (name: ServiceName) => join(dataDir, `${name}.log`)
  const logLevel = options.logLevel ?? 'info'
  const characters = options.characters ?? CHARACTERS
  const services: Record<ServiceName, (flags: readonly string[]) => Service> = {
    simulator: () =>
      simulatorService({
        port: ports.simulator,
        stateDir: join(dataDir, 'simulator'),
        ...secrets,
        latencyMs: options.latencyMs ?? 50,
        characters,
        logFile: logFile('simulator'),
        logLevel,
      }),
    controllers: (flags) =>
      controllersService({
        kubeconfig,
        operatorNamespace: OPERATOR_NAMESPACE,
        region: REGION,
        healthPort: ports.controllers,
        logFile: logFile('controllers'),
        logLevel,
        flags: [...LEASE, ...flags],
      }),
  }
  const running = new Map<ServiceName, Child>()
  const halt = async (name: ServiceName) => {
    await running.get(name)?.stop()
    running.delete(name)
  }
  const restart = async (name: ServiceName, flags: readonly string[] = options.flags ?? []) => {
    if (name === 'simulator' && options.cloudOf?.back !== undefined) return options.cloudOf.back()
    await halt(name)
    running.set(name, await startService(services[name](flags)))
  }
  const stop = async () => {
    await halt('controllers')
    await halt('simulator')
    await options.cloudOf?.stop?.()
    await client.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
  const url = `http://127.0.0.1:${ports.simulator}`
  try {
    await writeAccountKubeconfig({ client, operatorNamespace: OPERATOR_NAMESPACE, admin, target: kubeconfig })
    // Files without controllers leave their objects: in this stack's cloud they would be made, and be in the way of the next one's.
    if (options.kubeconfig === undefined) await clearCluster(client)
    if (options.journal !== undefined) cpSync(options.journal, join(dataDir, 'simulator', 'journal.jsonl'))
    if (options.cloudOf === undefined) await restart('simulator')
    if (options.cloudOf?.provide !== undefined) await options.cloudOf.provide(client)
    else if (options.isBare !== true)
      await seed(client, { operatorNamespace: OPERATOR_NAMESPACE, region: REGION, simulator: { url, token: secrets.token, characters } })
    if (options.isIdle !== true) await restart('controllers')
  } catch (error) {
    await stop()
    throw error
  }
  return {
    client,
    cloud: options.cloudOf?.cloud ?? new SimulatorAdmin({ url, adminToken: secrets.adminToken }),
    cloudUrl: options.cloudOf?.cloudUrl ?? url,
    kubeconfig,
    healthUrl: `http://127.0.0.1:${ports.controllers}`,
    async kill(name, signal = 'SIGKILL') {
      if (name === 'simulator' && options.cloudOf?.away !== undefined) return options.cloudOf.away()
      const child = running.get(name)
      child?.kill(signal)
      await child?.ended
      running.delete(name)
    },
    halt,
    restart,
    logs: (name) => readFileSync(logFile(name), 'utf8'),
    stop,
  }
}
