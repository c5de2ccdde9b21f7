import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createProgress } from '../../src/cli/progress.ts'
import { findMore } from '../../src/embedded/cluster/more.ts'
import { freePorts } from '../../src/embedded/cluster/ports.ts'
import { applyManifests, eventually, kubectl } from './harness.ts'
import { programsIn } from './programs.ts'

/** Namespace of Flux. */
export const FLUX = 'flux-system'

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly observedGeneration?: number
}

/** One of Flux's objects as tests look at it. */
export interface FluxObject {
  readonly metadata: { readonly name: string; readonly generation: number; readonly resourceVersion: string }
  readonly spec: { readonly suspend?: boolean }
  readonly status?: {
    readonly lastAppliedRevision?: string
    readonly lastHandledReconcileAt?: string
    readonly conditions?: readonly Condition[]
  }
}

export const readyOf = ({ status }: FluxObject): Condition | undefined => status?.conditions?.find(({ type }) => type === 'Ready')

/** Flux's source-, kustomize- and helm-controller, as processes beside a cluster. */
export interface Flux {
  get(kind: string, name: string): Promise<FluxObject>
  /** Has Flux look now; resolves when it has begun to. */
  reconcile(kind: string, name: string): Promise<void>
  /** Waits for the condition `Ready`, of this revision where one is given. */
  until(
    kind: string,
    name: string,
    wanted: { ready: 'True' | 'False'; reason?: string; revision?: string },
    timeoutMs?: number,
  ): Promise<FluxObject>
  logs(name: 'source-controller' | 'kustomize-controller' | 'helm-controller'): string
  stop(): Promise<void>
}

const CONTROLLERS = ['source-controller', 'kustomize-controller', 'helm-controller'] as const

/** Starts Flux on a cluster that has none: its CRDs and namespace, and the controllers. */
export async function startFlux({ kubeconfig }: { readonly kubeconfig: string }): Promise<Flux> {
  const built = await findMore('flux', { progress: createProgress() })
  const crds = (await kubectl(['apply', '--server-side', '-f', join(built, 'crds'), '-o', 'name'], { kubeconfig })).trim().split('\n')
  // The controllers end when their kinds are not served yet; and this fails at once while a new CRD has no conditions.
  await eventually(() => kubectl(['wait', '--for=condition=Established', '--timeout=5s', ...crds], { kubeconfig }))
  await applyManifests([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: FLUX } }], { kubeconfig })

  const programs = programsIn('bin', 'data', ...CONTROLLERS.map((name) => `tmp/${name}`))
  const at = (...names: string[]) => join(programs.folder, ...names)
  const ports = await freePorts(['storage', ...CONTROLLERS.flatMap((name) => [`${name} metrics`, `${name} health`])], {})
  const port = (name: string) => ports[name as keyof typeof ports]
  const storage = `127.0.0.1:${port('storage')}`
  const own: Record<(typeof CONTROLLERS)[number], readonly string[]> = {
    // What it serves is fetched by the other two.
    'source-controller': [`--storage-path=${at('data')}`, `--storage-addr=${storage}`, `--storage-adv-addr=${storage}`],
    'kustomize-controller': ['--requeue-dependency=2s'],
    'helm-controller': ['--requeue-dependency=2s', '--graceful-shutdown-timeout=5s'],
  }
  try {
    for (const name of CONTROLLERS) {
      symlinkSync(join(built, name), at('bin', name))
      await programs.launch(name, at('bin', name), {
        probe: `http://127.0.0.1:${port(`${name} health`)}/readyz`,
        env: {
          PATH: process.env['PATH'],
          KUBECONFIG: kubeconfig,
          RUNTIME_NAMESPACE: FLUX,
          TMPDIR: at('tmp', name),
          HOME: at('tmp', name),
          TUF_ROOT: at('tmp', name, '.sigstore'),
        },
        args: [
          '--watch-all-namespaces=true',
          '--log-encoding=console',
          `--metrics-addr=127.0.0.1:${port(`${name} metrics`)}`,
          `--health-addr=127.0.0.1:${port(`${name} health`)}`,
          '--min-retry-delay=500ms',
          '--max-retry-delay=5s',
          '--interval-jitter-percentage=0',
          ...own[name],
        ],
      })
    }
    await programs.ready()
  } catch (error) {
    await programs.stop()
    throw error
  }

  const get = async (kind: string, name: string) =>
    JSON.parse(await kubectl(['get', kind, name, '-n', FLUX, '-o', 'json'], { kubeconfig })) as FluxObject
  let requests = 0
  return {
    get,
    async reconcile(kind, name) {
      const request = `${process.pid}-${requests++}`
      await kubectl(['annotate', kind, name, '-n', FLUX, '--overwrite', `reconcile.fluxcd.io/requestedAt=${request}`], { kubeconfig })
    },
    until: (kind, name, wanted, timeoutMs = 60_000) =>
      eventually(
        async () => {
          const object = await get(kind, name)
          const ready = readyOf(object)
          const isThere =
            ready?.status === wanted.ready &&
            (wanted.reason ?? ready.reason) === ready.reason &&
            ready.observedGeneration === object.metadata.generation &&
            (wanted.revision === undefined || object.status?.lastAppliedRevision?.endsWith(wanted.revision))
          if (isThere) return object
          throw new Error(`${kind} ${name}: ${JSON.stringify(object.status).slice(0, 2_000)}`)
        },
        { timeoutMs, everyMs: 200 },
      ),
    logs: programs.logs,
    stop: programs.stop,
  }
}
