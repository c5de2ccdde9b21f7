import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { SecaError } from '../../errors.ts'
import { waitForLock } from '../process/lock.ts'
import { duration, during, type Progress, type Step } from '../../cli/progress.ts'

/** Go module that names the programs as tools, with pinned versions. */
const MODULE = import.meta.dirname
const GO_MINOR = 26

/** Without the version kubectl and Helm cannot parse what the server calls itself (DESIGN §7). */
const VERSION = { gitVersion: 'v1.36.3', gitMajor: '1', gitMinor: '36' }
const LDFLAGS = ['-s', '-w', ...Object.entries(VERSION).map(([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`)].join(' ')
const FLAGS = ['-trimpath', '-ldflags', LDFLAGS]

/** Program → Go package, in the order of building. */
const PROGRAMS = {
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
  etcd: 'go.etcd.io/etcd/server/v3',
} as const

/**
 * Folder with etcd, kube-apiserver, kube-controller-manager and kubectl: `KUBEBUILDER_ASSETS` when set, else built once from
 * source and cached. A build that was interrupted goes on where it was.
 */
export async function findAssets(options: { progress: Progress; env?: NodeJS.ProcessEnv; signal?: AbortSignal }): Promise<string> {
  const { progress, env = process.env, signal } = options
  if (env['KUBEBUILDER_ASSETS']) return given(env['KUBEBUILDER_ASSETS'])
  const cache = join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'seca-operator')
  const target = join(cache, fingerprint())
  if (existsSync(target)) return target
  mkdirSync(cache, { recursive: true })
  const lock = await waitForLock(
    `${target}.lock`,
    (pid) => progress.line(`waiting for process ${pid}, which builds the control plane`),
    signal,
  )
  try {
    // Another process may have built it while this one waited.
    if (existsSync(target)) return target
    await requireGo(env)
    progress.line(`Building etcd, kube-apiserver, kube-controller-manager and kubectl ${VERSION.gitVersion} from source into ${target}`)
    progress.line('This is done once and takes 5 to 15 minutes. KUBEBUILDER_ASSETS=<folder with the four programs> would skip it.')
    const partial = `${target}.partial`
    mkdirSync(partial, { recursive: true })
    const start = performance.now()
    for (const [index, [program, source]] of Object.entries(PROGRAMS).entries()) {
      const file = join(partial, program)
      if (existsSync(file)) continue
      const label = `building ${program} (${index + 1} of ${Object.keys(PROGRAMS).length})`
      await during(progress, label, async (step) => {
        await goBuild({ source, file: `${file}.new`, env, step, signal })
        renameSync(`${file}.new`, file)
      })
    }
    renameSync(partial, target)
    progress.line(`control plane built in ${duration(performance.now() - start)}`)
    return target
  } finally {
    lock.release()
  }
}

function given(folder: string): string {
  const missing = Object.keys(PROGRAMS).filter((program) => !existsSync(join(folder, program)))
  if (missing.length === 0) return folder
  throw new SecaError(
    'InvalidConfiguration',
    `KUBEBUILDER_ASSETS=${folder} has no ${missing.join(', ')}. Point it to a folder that has them, or unset it to have them built.`,
  )
}

/** Everything that decides what the programs are. */
function fingerprint(): string {
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(MODULE, file)))
  hash.update(JSON.stringify([FLAGS, PROGRAMS, process.platform, process.arch]))
  return hash.digest('hex').slice(0, 16)
}

const HOW = `Install Go 1.${GO_MINOR} or newer (https://go.dev/dl), or set KUBEBUILDER_ASSETS to a folder with ${Object.keys(PROGRAMS).join(', ')}.`

async function requireGo(env: NodeJS.ProcessEnv): Promise<void> {
  const version = await promisify(execFile)('go', ['env', 'GOVERSION'], { cwd: MODULE, env: goEnv(env) }).catch((error: Error) => {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new SecaError('InvalidConfiguration', `${isMissing ? 'Go is not installed' : error.message.trim()}. ${HOW}`, { cause: error })
  })
  const minor = Number(/^go1\.(\d+)/.exec(version.stdout)?.[1] ?? Number.NaN)
  if (minor < GO_MINOR) throw new SecaError('InvalidConfiguration', `${version.stdout.trim()} is too old. ${HOW}`)
}

// The programs run on this machine, whatever a variable says; without cgo no C compiler is needed.
function goEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { GOOS: _os, GOARCH: _arch, ...rest } = env
  return { ...rest, CGO_ENABLED: '0', GOWORK: 'off' }
}

interface Build {
  source: string
  file: string
  env: NodeJS.ProcessEnv
  step: Step
  signal: AbortSignal | undefined
}

function goBuild({ source, file, env, step, signal }: Build): Promise<void> {
  rmSync(file, { force: true })
  // -v names every package that is compiled: proof of life for the progress line, and the error's text.
  const go = spawn('go', ['build', '-v', ...FLAGS, '-o', file, source], {
    cwd: MODULE,
    env: goEnv(env),
    stdio: ['ignore', 'ignore', 'pipe'],
    signal,
  })
  let packages = 0
  let last: string[] = []
  go.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = chunk.split('\n').filter(Boolean)
    packages += lines.length
    last = [...last, ...lines].slice(-15)
    step.update(`${packages} packages, now ${last.at(-1) ?? ''}`)
  })
  return new Promise((resolve, reject) => {
    go.once('error', (error) =>
      reject(new SecaError('InvalidConfiguration', `go build of ${source} ended: ${error.message}`, { cause: error })),
    )
    go.once('close', (code) => {
      if (code === 0) resolve()
      else
        reject(
          new SecaError(
            'InvalidConfiguration',
            `go build of ${source} failed (exit code ${code}); start again to go on where it stopped. The end of its output:\n${last.join('\n')}`,
          ),
        )
    })
  })
}
