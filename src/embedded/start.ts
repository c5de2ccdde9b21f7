import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { StartConfig } from '../cli/config.ts'
import { asError, SecaError } from '../errors.ts'
import { connect } from '../kube/config.ts'
import { renewAccount, writeAccountKubeconfig } from './account.ts'
import { startApi } from './api.ts'
import { findAssets } from './cluster/assets.ts'
import { type ControlPlane, startControlPlane } from './cluster/control-plane.ts'
import { emptyFolder, type Folder, markFolder, openFolder, shellEnv } from './folder.ts'
import { installCluster } from '../processes/install.ts'
import { readPids, stopLeftovers, writePids } from './process/leftovers.ts'
import { write } from './process/private-file.ts'
import { freePorts } from './cluster/ports.ts'
import { aborted } from '../processes/process.ts'
import { createProgress, during, type Progress } from '../cli/progress.ts'
import { bringUpInPods, requirePods } from './pods/start.ts'
import { seed } from './seed.ts'
import { controllersService, type Service, simulatorService } from './services.ts'
import { supervise } from './supervise.ts'
import { welcome } from './welcome.ts'

import { type BringUp, OPERATOR_NAMESPACE, type Running, TENANT } from './bring-up.ts'

/** `npm start`: everything on this machine, until a signal. */
export async function start(config: StartConfig, { signal }: { signal: AbortSignal }): Promise<number> {
  const progress = createProgress()
  // Before anything is changed, or forgotten.
  if (config.node) await requirePods()
  const folder = openFolder(config.dataDir, config.clean)
  const cleanup: (() => Promise<void> | void)[] = [() => folder.release()]
  try {
    await stopLeftovers(folder.path, (line) => progress.line(line))
    if (config.clean) emptyFolder(folder)
    markFolder(folder)
    const run = await (config.node ? bringUpInPods : bringUp)({ config, folder, progress, signal, cleanup })
    const failure = await Promise.race([aborted(signal), ...(run.failed ? [run.failed] : [])])
    if (failure === undefined) return 0
    progress.line(
      `${failure.message}\nThe control plane cannot go on without it: everything is stopped. Start again to continue with the data that is there.`,
    )
    return 1
  } finally {
    folder.setReady(false)
    if (cleanup.length > 1) progress.line('stopping…')
    for (const end of cleanup.toReversed()) await Promise.resolve(end()).catch((error: unknown) => progress.line(asError(error).message))
  }
}

async function bringUp({ config, folder, progress, signal, cleanup }: BringUp): Promise<Running> {
  const say = (line: string) => progress.line(line)
  const cluster = await openCluster(config, folder, progress, signal)
  if (cluster.controlPlane) cleanup.push(cluster.controlPlane.stop)
  const step = async <T>(label: string, work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted()
    return during(progress, label, work)
  }

  const client = connect({ kubeconfig: cluster.kubeconfig, userAgent: 'seca-operator/start' })
  cleanup.push(() => client.close())
  const account = {
    client,
    operatorNamespace: OPERATOR_NAMESPACE,
    admin: cluster.kubeconfig,
    target: folder.file('controllers.kubeconfig'),
  }
  await step('installing resource kinds, roles and policy', () => installCluster(client, OPERATOR_NAMESPACE, signal))
  const { renewInMs } = await writeAccountKubeconfig(account)
  const renewal = new AbortController()
  cleanup.push(() => renewal.abort())
  void renewAccount(account, renewInMs, renewal.signal, (error) =>
    say(`the token of the controllers could not be renewed: ${asError(error).message}`),
  )

  const ports = await servicePorts(folder)
  const up = new Set<string>()
  const launch = (service: Service) =>
    supervise(service, {
      say,
      onStart: (pid) => writePids(folder.path, { ...readPids(folder.path), [service.child.name]: pid }),
      onChange(isUp) {
        if (isUp) up.add(service.child.name)
        else up.delete(service.child.name)
        folder.setReady(['simulator', 'api', 'controllers'].every((name) => up.has(name)) && existsSync(folder.file('env')))
      },
    })
  const logs = (name: string) => ({ logFile: folder.file('logs', `${name}.log`), logLevel: config.logLevel })
  const secrets = simulatorSecrets(folder)
  const simulator = simulatorService({
    port: ports.simulator,
    stateDir: folder.file('simulator'),
    ...secrets,
    latencyMs: config.latencyMs,
    characters: config.cloud,
    ...logs('simulator'),
  })
  const cloud = await step('starting the simulated cloud', () => launch(simulator))
  cleanup.push(cloud.stop)
  const endpoint = { url: `http://127.0.0.1:${ports.simulator}`, token: secrets.token, characters: config.cloud }
  await step(`applying region ${config.region}, its SKUs and tenant ${TENANT}`, () =>
    seed(client, { operatorNamespace: OPERATOR_NAMESPACE, region: config.region, simulator: endpoint, tenant: TENANT }, signal),
  )
  const controllers = controllersService({
    kubeconfig: account.target,
    operatorNamespace: OPERATOR_NAMESPACE,
    region: config.region,
    healthPort: ports.controllers,
    ...logs('controllers'),
  })
  const access = await step('starting the API', () =>
    startApi(
      {
        client,
        folder,
        operatorNamespace: OPERATOR_NAMESPACE,
        admin: cluster.kubeconfig,
        region: config.region,
        tenant: TENANT,
        ports,
        validationStatus: config.validationStatus,
        ...logs('api'),
        isEmbedded: cluster.controlPlane !== undefined,
        launch,
        say,
        cleanup,
      },
      signal,
    ),
  )
  // Before the last service: readiness needs both.
  write(folder.file('env'), shellEnv({ KUBECONFIG: cluster.kubeconfig, ...access }, cluster.path))
  const engine = await step('starting the controllers', () => launch(controllers))
  cleanup.push(engine.stop)
  process.stdout.write(welcome(folder, `Metrics: http://127.0.0.1:${ports.controllers}/metrics   Logs: ${folder.file('logs')}`))
  return { failed: cluster.controlPlane?.failed }
}

interface Cluster {
  readonly kubeconfig: string
  readonly controlPlane: ControlPlane | undefined
  /** Folders with programs for the user. */
  readonly path: readonly string[]
}

async function openCluster(config: StartConfig, folder: Folder, progress: Progress, signal: AbortSignal): Promise<Cluster> {
  if (config.kubeconfig !== undefined) {
    if (!existsSync(config.kubeconfig)) throw new SecaError('InvalidConfiguration', `--kubeconfig ${config.kubeconfig} does not exist`)
    return { kubeconfig: resolve(config.kubeconfig), controlPlane: undefined, path: [] }
  }
  const assets = resolve(await findAssets({ progress, signal, settings: config, command: 'npm start' }))
  signal.throwIfAborted()
  const log = (line: string) => progress.line(line)
  const controlPlane = await during(progress, 'starting etcd, kube-apiserver and kube-controller-manager', () =>
    startControlPlane({ dataDir: folder.path, assets, controllerManager: true, log }),
  )
  return { kubeconfig: controlPlane.kubeconfig, controlPlane, path: [assets] }
}

const PORTS = ['simulator', 'controllers', 'api', 'aggregated', 'apiHealth'] as const
type Ports = Record<(typeof PORTS)[number], number>

/** Ports of our own processes: those of the last start where they are free. */
async function servicePorts(folder: Folder): Promise<Ports> {
  const file = folder.file('services.json')
  const last = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<Ports>) : {}
  const ports = await freePorts(PORTS, last)
  write(file, JSON.stringify(ports))
  return ports
}

function simulatorSecrets(folder: Folder): { token: string; adminToken: string } {
  const kept = (name: string) => {
    const file = folder.file(name)
    if (!existsSync(file)) write(file, randomBytes(24).toString('base64url'))
    return readFileSync(file, 'utf8')
  }
  return { token: kept('simulator-token'), adminToken: kept('simulator-admin-token') }
}
