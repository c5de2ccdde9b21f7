import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Progress } from '../../cli/progress.ts'
import { waitForLock } from '../process/lock.ts'
import { type Sources, stamp } from './build.ts'
import { copyFromModules, type ModuleFiles } from './module-files.ts'
import { DOWNLOADS, openObtainer } from './obtain.ts'
import { type Platform, releaseOf, type ReleaseServers } from './release.ts'
import { ETCD_TOOLS, MODULE, NODE_PROGRAMS } from './versions.ts'

interface MoreSources extends Sources {
  /** Manifests that come with the programs; they are put into `crds`. */
  readonly crds?: ModuleFiles
}

/** Programs beyond the control plane, made only when something needs them. */
const MORE = {
  /** With the control plane's, a whole node. `pause` holds a pod's namespaces. */
  node: {
    module: MODULE,
    packages: { ...NODE_PROGRAMS, pause: './node/pause' },
  },
  /** A module of its own: the control plane's, in whose hash every cached program is, does not change with it. Same version as the server. */
  etcd: { module: join(MODULE, 'etcd'), packages: ETCD_TOOLS },
  /** A module of its own: it is made of other versions of Kubernetes' libraries. */
  helm: { module: join(MODULE, 'helm'), packages: { helm: 'helm.sh/helm/v4/cmd/helm' } },
  /** All of Argo CD is one program. */
  argocd: {
    module: join(MODULE, 'argocd'),
    packages: { argocd: 'github.com/argoproj/argo-cd/v3/cmd' },
    // Metrics of the application controller, open to everybody who reaches this machine: no flag changes that.
    edits: [{ module: 'github.com/argoproj/argo-cd/v3', file: 'controller/appcontroller.go', from: '"0.0.0.0:%d"', to: '"127.0.0.1:%d"' }],
    crds: { 'github.com/argoproj/argo-cd/v3': ['manifests/crds/application-crd.yaml', 'manifests/crds/appproject-crd.yaml'] },
  },
  flux: {
    module: join(MODULE, 'flux'),
    packages: {
      'source-controller': 'github.com/fluxcd/source-controller',
      'kustomize-controller': 'github.com/fluxcd/kustomize-controller',
      'helm-controller': 'github.com/fluxcd/helm-controller',
    },
    crds: {
      'github.com/fluxcd/source-controller': ['config/crd/bases'],
      'github.com/fluxcd/kustomize-controller': ['config/crd/bases'],
      'github.com/fluxcd/helm-controller': ['config/crd/bases'],
    },
  },
} as const satisfies Record<string, MoreSources>
export type More = keyof typeof MORE

interface Options {
  readonly progress: Progress
  readonly env?: NodeJS.ProcessEnv
  readonly signal?: AbortSignal | undefined
  /** Where official binaries are, and whether to fetch them. Default: all is built. */
  readonly settings?: ReleaseServers & { readonly download: boolean }
  readonly platform?: Platform
  readonly waitsMs?: readonly number[]
}

/** Folder with these programs (and their CRDs, in `crds`), which are made once and kept; what nobody publishes needs Go. What was interrupted goes on where it was. */
export async function findMore(
  which: More,
  { progress, env = process.env, signal, settings, platform, waitsMs }: Options,
): Promise<string> {
  const sources: MoreSources = MORE[which]
  const names = Object.keys(sources.packages)
  const cache = join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'seca-operator')
  const named = (...more: string[]) =>
    join(cache, `${which}-${stamp(sources, ...ownFiles(sources), ...(sources.crds ? [sources.crds] : []), ...more)}`)
  const [built, downloaded] = [named(), named('release')]
  const isPublished = settings?.download && names.some((name) => releaseOf(name, settings, platform) !== undefined)
  const folder = isPublished ? downloaded : built
  const missing = (of = folder) => names.filter((name) => !existsSync(join(of, name)))
  const isWhole = (of: string) => missing(of).length === 0 && (sources.crds === undefined || existsSync(join(of, 'crds')))
  // Built or downloaded, the versions are the same.
  const found = [built, downloaded].find((one) => isWhole(one))
  if (found !== undefined) return found
  mkdirSync(folder, { recursive: true })
  const lock = await waitForLock(
    `${folder}.lock`,
    (pid) => progress.line(`waiting for process ${pid}, which makes ${names.join(', ')}`),
    signal,
  )
  const obtainer = openObtainer({ progress, env, signal, settings, platform, waitsMs })
  try {
    for (const program of missing())
      await obtainer.obtain({ program, sources, folder, label: `${program} (${names.indexOf(program) + 1} of ${names.length})` })
    rmSync(join(folder, DOWNLOADS), { recursive: true, force: true })
    const crds = join(folder, 'crds')
    if (sources.crds !== undefined && !existsSync(crds)) await copyFromModules(sources.module, sources.crds, crds, env)
    return folder
  } finally {
    await obtainer.close()
    lock.release()
  }
}

/** Text of the sources that are ours. */
function ownFiles({ module, packages }: Sources): string[] {
  const own = Object.values(packages).filter((path) => path.startsWith('./'))
  return own.flatMap((path) => readdirSync(join(module, path)).map((file) => readFileSync(join(module, path, file), 'utf8')))
}
