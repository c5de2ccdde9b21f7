import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SimulatorAdmin } from '../../providers/simulator/admin.ts'
import { writeAccountKubeconfig } from '../../src/embedded/account.ts'
import { findAssets } from '../../src/embedded/cluster/assets.ts'
import type { Child } from '../../src/embedded/process/child.ts'
import { startControlPlane } from '../../src/embedded/cluster/control-plane.ts'
import { applyObject, installCluster } from '../../src/processes/install.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import { freePorts } from '../../src/embedded/cluster/ports.ts'
import { createProgress } from '../../src/cli/progress.ts'
import { seed, tenantNamespace } from '../../src/embedded/seed.ts'
import { controllersService, type Service, simulatorService, startService } from '../../src/embedded/services.ts'
import { CloudProvider } from '../../src/kinds/operator/cloud-provider.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { connect } from '../../src/kube/config.ts'
import { OPERATOR_NAMESPACE, REGION } from '../support/names.ts'

export const TENANT = 'bench'

export interface WorldOptions {
  /** Where CPU profiles of the controllers go; absent = none. */
  readonly profileDir?: string | undefined
  readonly logLevel: string
  readonly log: (line: string) => void
}

/** The controllers, running. */
export interface Running {
  readonly pid: number
  /** `performance.now()` when the process was started. */
  readonly startedAt: number
  /** Their /metrics. */
  metrics(): Promise<string>
  stop(): Promise<void>
}

/** A real control plane with the operator installed. Controllers are started by who needs them. */
export interface Plane {
  readonly client: KubeClient
  readonly kubeconfig: string
  readonly dataDir: string
  readonly pids: Readonly<Record<string, number>>
  startControllers(flags?: readonly string[]): Promise<Running>
  /** Takes a step back when everything stops, before those that were there already. */
  undo(step: () => Promise<unknown> | void): void
  stop(): Promise<void>
}

/** A control plane, and a simulated cloud without latency. */
export interface World extends Omit<Plane, 'dataDir' | 'undo'> {
  readonly cloud: SimulatorAdmin
  /** Requests a second that the simulated cloud's account may get from now on. */
  setBudget(requestsPerSecond: number): Promise<unknown>
  /** Metrics of kube-apiserver. */
  apiserverMetrics(): Promise<string>
}

export async function createPlane(options: WorldOptions): Promise<Plane> {
  const dataDir = mkdtempSync(join(tmpdir(), `seca-bench-${process.pid}-`))
  const undo: (() => Promise<unknown> | void)[] = [() => rmSync(dataDir, { recursive: true, force: true })]
  const stop = async () => {
    for (const step of undo.splice(0).toReversed()) await step()
  }
  try {
    const assets = await findAssets({ progress: createProgress() })
    const plane = await startControlPlane({ dataDir, assets, controllerManager: false, log: options.log, unsafeNoFsync: true })
    undo.push(() => plane.stop())
    const client = connect({ kubeconfig: plane.kubeconfig, userAgent: 'seca-operator/bench' })
    undo.push(() => client.close())
    await installCluster(client, OPERATOR_NAMESPACE)
    const kubeconfig = join(dataDir, 'controllers.kubeconfig')
    await writeAccountKubeconfig({ client, operatorNamespace: OPERATOR_NAMESPACE, admin: plane.kubeconfig, target: kubeconfig })

    const ports = await freePorts(['controllers'], {})
    let starts = 0
    const startControllers = async (flags: readonly string[] = []): Promise<Running> => {
      const logFile = join(dataDir, `controllers-${++starts}.log`)
      const service = controllersService({
        kubeconfig,
        operatorNamespace: OPERATOR_NAMESPACE,
        region: REGION,
        healthPort: ports.controllers,
        logFile,
        logLevel: options.logLevel,
        flags,
      })
      const startedAt = performance.now()
      const child = await startService(profiled(service, options.profileDir, `controllers-${starts}`))
      const halt = async () => {
        await child.stop()
        for (const line of unexpected(logFile)) options.log(line)
      }
      undo.push(halt)
      return {
        pid: child.pid,
        startedAt,
        metrics: () => textOf(`http://127.0.0.1:${ports.controllers}/metrics`, child),
        async stop() {
          undo.splice(undo.indexOf(halt), 1)
          await halt()
        },
      }
    }
    return {
      client,
      kubeconfig: plane.kubeconfig,
      dataDir,
      pids: plane.pids,
      startControllers,
      undo: (step) => void undo.push(step),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

export async function createWorld(options: WorldOptions): Promise<World> {
  const { dataDir, undo, ...plane } = await createPlane(options)
  const { client } = plane
  try {
    const ports = await freePorts(['simulator'], {})
    const [token, adminToken] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')]
    const url = `http://127.0.0.1:${ports.simulator}`
    const simulator = await startService(
      simulatorService({
        port: ports.simulator,
        stateDir: join(dataDir, 'simulator'),
        token,
        adminToken,
        latencyMs: 0,
        logFile: join(dataDir, 'simulator.log'),
        logLevel: 'warn',
      }),
    )
    undo(() => simulator.stop())
    await seed(client, { operatorNamespace: OPERATOR_NAMESPACE, region: REGION, simulator: { url, token } })
    const setBudget = (requestsPerSecond: number) =>
      client.patch(CloudProvider.gvr, undefined, 'simulator', { type: 'merge', body: { spec: { requestsPerSecond } } })
    // What is measured is the engine, not the account's request budget.
    await setBudget(10_000)
    await applyObject(client, KUBERNETES.Namespace, tenantNamespace(TENANT))
    return {
      ...plane,
      cloud: new SimulatorAdmin({ url, adminToken }),
      pids: { ...plane.pids, simulator: simulator.pid },
      setBudget,
      apiserverMetrics: () => client.raw<string>('GET', '/metrics'),
    }
  } catch (error) {
    await plane.stop()
    throw error
  }
}

/** The service with a CPU profile of its run in `dir`; absent: none. */
export function profiled(service: Service, dir: string | undefined, name: string): Service {
  if (dir === undefined) return service
  mkdirSync(dir, { recursive: true })
  const flags = ['--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${dir}`, `--cpu-prof-name=${name}.cpuprofile`]
  return { ...service, child: { ...service.child, args: [...flags, ...service.child.args], graceMs: 60_000 } }
}

async function textOf(url: string, child: Child): Promise<string> {
  if (!child.isRunning) throw new Error(`${child.name} ended: ${(await child.ended).tail}`)
  return (await fetch(url)).text()
}

/** Errors that the controllers logged: figures taken while something goes wrong are worth nothing. */
function unexpected(logFile: string): string[] {
  const lines = readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => /"level":[56]0/.test(line))
  return lines.slice(0, 5)
}

/** Asks every `everyMs` until `probe` answers something else than undefined. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  options: { timeoutMs: number; everyMs: number },
): Promise<T> {
  for (const deadline = performance.now() + options.timeoutMs; performance.now() < deadline; await sleep(options.everyMs)) {
    const answer = await probe()
    if (answer !== undefined) return answer
  }
  throw new Error(`not within ${options.timeoutMs / 1000} s: ${what}`)
}
