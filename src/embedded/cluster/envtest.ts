import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { KUBERNETES, NAMES, type Program } from './versions.ts'

interface Found {
  readonly folder: string
  /** `1.36.2` */
  readonly version: string
  readonly programs: readonly Program[]
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ppc64: 'ppc64le' }

/**
 * Programs that setup-envtest has put on this machine: the newest patch of our minor version. Of others none is offered, since
 * Kubernetes wants a controller manager that is not newer than its server.
 */
export function findEnvtest(
  env: NodeJS.ProcessEnv,
  os: NodeJS.Platform = process.platform,
  arch: string = process.arch,
): Found | undefined {
  const home = env['HOME'] || homedir()
  const data = env['XDG_DATA_HOME'] || join(home, '.local', 'share')
  const store = os === 'darwin' ? join(home, 'Library', 'Application Support', 'io.kubebuilder.envtest') : join(data, 'kubebuilder-envtest')
  const minor = KUBERNETES.slice(1).split('.').slice(0, 2).join('.')
  const suffix = `-${os}-${ARCHITECTURES[arch] ?? arch}`
  const versions = foldersIn(join(store, 'k8s'))
    .filter((name) => name.endsWith(suffix))
    .map((name) => name.slice(0, -suffix.length))
    .filter((version) => /^\d+\.\d+\.\d+$/.test(version) && version.startsWith(`${minor}.`))
  for (const version of versions.toSorted((a, b) => patchOf(b) - patchOf(a))) {
    const folder = join(store, 'k8s', `${version}${suffix}`)
    const programs = programsIn(folder)
    if (programs.includes('kube-apiserver')) return { folder, version, programs }
  }
  return undefined
}

/** Which of the control plane's programs a folder has. */
export function programsIn(folder: string): Program[] {
  return NAMES.filter((program) => existsSync(join(folder, program)))
}

function foldersIn(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function patchOf(version: string): number {
  return Number(version.split('.')[2])
}
