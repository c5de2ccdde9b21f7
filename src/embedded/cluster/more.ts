import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { during, type Progress } from '../../cli/progress.ts'
import { waitForLock } from '../process/lock.ts'
import { build, requireGo, type Sources, stamp } from './build.ts'
import { MODULE } from './versions.ts'

/** Programs beyond the control plane: built from source, and only when something needs them. */
const MORE = {
  /** With the control plane's, a whole node. `pause` holds a pod's namespaces. */
  node: {
    module: MODULE,
    packages: {
      'kube-proxy': 'k8s.io/kubernetes/cmd/kube-proxy',
      'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
      kubelet: 'k8s.io/kubernetes/cmd/kubelet',
      pause: './node/pause',
    },
  },
  /** A module of its own: it is made of other versions of Kubernetes' libraries. */
  helm: { module: join(MODULE, 'helm'), packages: { helm: 'helm.sh/helm/v4/cmd/helm' } },
} as const satisfies Record<string, Sources>
export type More = keyof typeof MORE

interface Options {
  readonly progress: Progress
  readonly env?: NodeJS.ProcessEnv
  readonly signal?: AbortSignal | undefined
}

/** Folder with these programs, which are built once and kept; needs Go. What was interrupted goes on where it was. */
export async function findMore(which: More, { progress, env = process.env, signal }: Options): Promise<string> {
  const sources: Sources = MORE[which]
  const names = Object.keys(sources.packages)
  const cache = join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'seca-operator')
  const folder = join(cache, `${which}-${stamp(sources, ...ownFiles(sources))}`)
  const missing = () => names.filter((name) => !existsSync(join(folder, name)))
  if (missing().length === 0) return folder
  mkdirSync(folder, { recursive: true })
  const lock = await waitForLock(
    `${folder}.lock`,
    (pid) => progress.line(`waiting for process ${pid}, which builds ${names.join(', ')}`),
    signal,
  )
  try {
    if (missing().length > 0) await requireGo(env)
    for (const name of missing())
      await during(progress, `building ${name} (${names.indexOf(name) + 1} of ${names.length})`, (step) =>
        build({ program: name, sources, file: join(folder, name), env, step, signal }),
      )
    return folder
  } finally {
    lock.release()
  }
}

/** Text of the sources that are ours. */
function ownFiles({ module, packages }: Sources): string[] {
  const own = Object.values(packages).filter((path) => path.startsWith('./'))
  return own.flatMap((path) => readdirSync(join(module, path)).map((file) => readFileSync(join(module, path, file), 'utf8')))
}
