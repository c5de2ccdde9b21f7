import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Step } from '../../cli/progress.ts'
import { SecaError } from '../../errors.ts'
import { goEnv } from './go.ts'
import { type Edit, editModules } from './module-files.ts'
import { KUBERNETES, MODULE, NAMES, PROGRAMS } from './versions.ts'

const GO_MINOR = 26
const INSTALL = `Install Go 1.${GO_MINOR} or newer (https://go.dev/dl)`
const HOW = `${INSTALL}, let --download fetch the official binaries, or set KUBEBUILDER_ASSETS to a folder with ${NAMES.join(', ')}.`

/** What to do where there is no Go and a program comes from nowhere else. */
export const howToBuild = (program: string): string => `${INSTALL}: ${program} is built from source.`

// Without the version kubectl and Helm cannot parse what the server calls itself (architecture §7).
const [gitMajor = '', gitMinor = ''] = KUBERNETES.slice(1).split('.')
const STAMP = { gitVersion: KUBERNETES, gitMajor, gitMinor }
const LDFLAGS = ['-s', '-w', ...Object.entries(STAMP).map(([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`)].join(' ')
const FLAGS = ['-trimpath', '-ldflags', LDFLAGS]

/** Go programs by their names: their packages, and the folder of the module that says which versions they are built of. */
export interface Sources {
  readonly module: string
  readonly packages: Readonly<Record<string, string>>
  /** What is not built as it is. */
  readonly edits?: readonly Edit[]
}

const CONTROL_PLANE: Sources = { module: MODULE, packages: PROGRAMS }

/** Names a cache folder by everything that decides what the control plane's programs in it are: how they are built, and what else is given. */
export function fingerprint(...more: readonly unknown[]): string {
  return stamp(CONTROL_PLANE, ...more)
}

/** The same for other programs. */
export function stamp({ module, packages, edits = [] }: Sources, ...more: readonly unknown[]): string {
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(module, file)))
  hash.update(JSON.stringify([FLAGS, packages, process.platform, process.arch, ...edits, ...more]))
  return hash.digest('hex').slice(0, 16)
}

/** Throws when there is no Go that can build the programs, and says what to do. */
export async function requireGo(env: NodeJS.ProcessEnv, how = HOW): Promise<void> {
  const version = await promisify(execFile)('go', ['env', 'GOVERSION'], { cwd: MODULE, env: goEnv(env) }).catch((error: Error) => {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new SecaError('InvalidConfiguration', `${isMissing ? 'Go is not installed' : error.message.trim()}. ${how}`, { cause: error })
  })
  const minor = Number(/^go1\.(\d+)/.exec(version.stdout)?.[1] ?? Number.NaN)
  if (minor < GO_MINOR) throw new SecaError('InvalidConfiguration', `${version.stdout.trim()} is too old. ${how}`)
}

interface Build {
  readonly program: string
  /** Default: those of the control plane. */
  readonly sources?: Sources
  /** Where the program is put, once it is whole. */
  readonly file: string
  readonly env: NodeJS.ProcessEnv
  readonly step: Step
  readonly signal: AbortSignal | undefined
}

/** Builds one program from source. */
export async function build({ program, sources = CONTROL_PLANE, file, env, step, signal }: Build): Promise<void> {
  const source = sources.packages[program] ?? program
  rmSync(`${file}.new`, { force: true })
  const edited = `${file}.edited`
  const modfile = sources.edits === undefined ? [] : ['-modfile', await editModules(sources.module, sources.edits, edited, env)]
  // -v names every package that is compiled: proof of life for the progress line, and the error's text.
  const go = spawn('go', ['build', '-v', ...FLAGS, ...modfile, '-o', `${file}.new`, source], {
    cwd: sources.module,
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
  await new Promise<void>((resolve, reject) => {
    const fail = (text: string, cause?: Error) => reject(new SecaError('InvalidConfiguration', `go build of ${source} ${text}`, { cause }))
    go.once('error', (error) => fail(`ended: ${error.message}`, error))
    go.once('close', (code) => {
      if (code === 0) resolve()
      else fail(`failed (exit code ${code}); start again to go on where it stopped. The end of its output:\n${last.join('\n')}`)
    })
  })
  renameSync(`${file}.new`, file)
  rmSync(edited, { recursive: true, force: true })
}
