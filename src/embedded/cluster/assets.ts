import { existsSync, mkdirSync, realpathSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { duration, type Progress } from '../../cli/progress.ts'
import { SecaError } from '../../errors.ts'
import { waitForLock } from '../process/lock.ts'
import { fingerprint } from './build.ts'
import { findEnvtest, programsIn } from './envtest.ts'
import { DOWNLOADS, openObtainer } from './obtain.ts'
import { type Platform, releaseOf, type ReleaseServers, THIS_MACHINE } from './release.ts'
import { ETCD, KUBERNETES, NAMES, type Program } from './versions.ts'

/** What the user says about where the programs come from. */
export interface AssetSettings extends ReleaseServers {
  /** Fetch the official binaries; without it nothing is fetched. */
  readonly download: boolean
  /** Folder with some of the programs, which are used. */
  readonly programs?: string | undefined
}

interface Options {
  readonly progress: Progress
  readonly env?: NodeJS.ProcessEnv
  readonly signal?: AbortSignal | undefined
  readonly settings?: AssetSettings
  /** How the user runs this, to tell of other ways: `npm start`. */
  readonly command?: string
  readonly platform?: Platform
  readonly waitsMs?: readonly number[]
}

/**
 * Folder with etcd, kube-apiserver, kube-controller-manager and kubectl: `KUBEBUILDER_ASSETS` when set, else made once and
 * cached. Each program is taken from `settings.programs`, else downloaded if that is wished for and possible, else built from
 * source. What was interrupted goes on where it was.
 */
export async function findAssets(options: Options): Promise<string> {
  const { progress, env = process.env, signal, settings } = options
  const given = settings?.programs === undefined ? undefined : givenPrograms(settings.programs)
  if (given === undefined && env['KUBEBUILDER_ASSETS']) return complete(env['KUBEBUILDER_ASSETS'])
  const cache = join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'seca-operator')
  const [built, downloaded] = [join(cache, fingerprint()), join(cache, fingerprint('release'))]
  const target = given ? join(cache, fingerprint(given.stamp)) : settings?.download ? downloaded : built
  // Built or downloaded, the versions are the same.
  const ready = () => (given ? [target] : [built, downloaded]).find((folder) => programsIn(folder).length === NAMES.length)
  const found = ready()
  if (found !== undefined) return found
  mkdirSync(cache, { recursive: true })
  const lock = await waitForLock(
    `${target}.lock`,
    (pid) => progress.line(`waiting for process ${pid}, which makes the control plane's programs`),
    signal,
  )
  try {
    // Another process may have made it while this one waited.
    const since = ready()
    if (since !== undefined) return since
    const start = performance.now()
    const missing = NAMES.filter((program) => !given?.programs.includes(program))
    if (given === undefined) offer(options, env)
    announce(options, missing, target)
    const partial = `${target}.partial`
    mkdirSync(partial, { recursive: true })
    await fill(partial, options, env, (program) => (given?.programs.includes(program) ? join(given.folder, program) : undefined))
    rmSync(join(partial, DOWNLOADS), { recursive: true, force: true })
    rmSync(target, { recursive: true, force: true })
    renameSync(partial, target)
    progress.line(`control plane ready in ${duration(performance.now() - start)}`)
    return target
  } finally {
    lock.release()
  }
}

/** Puts every program into a folder that is not there yet. */
async function fill(
  folder: string,
  { progress, signal, settings, platform, waitsMs }: Options,
  env: NodeJS.ProcessEnv,
  ownOf: (program: Program) => string | undefined,
): Promise<void> {
  const obtainer = openObtainer({ progress, env, signal, settings, platform, waitsMs })
  try {
    for (const [index, program] of NAMES.entries()) {
      const file = join(folder, program)
      if (existsSync(file)) continue
      const own = ownOf(program)
      if (own === undefined) await obtainer.obtain({ program, folder, label: `${program} (${index + 1} of ${NAMES.length})` })
      else {
        rmSync(file, { force: true })
        symlinkSync(own, file)
      }
    }
  } finally {
    await obtainer.close()
  }
}

/** Says what is about to happen, how long it takes, and what would be faster. */
function announce({ progress, settings, command, platform = THIS_MACHINE }: Options, missing: readonly Program[], target: string): void {
  const isReleased = (program: Program) => settings?.download && releaseOf(program, settings, platform) !== undefined
  const [fetched, built] = [missing.filter(isReleased), missing.filter((program) => !isReleased(program))]
  const versions = `(Kubernetes ${KUBERNETES}, etcd ${ETCD})`
  if (fetched.length > 0)
    progress.line(`Downloading ${listed(fetched)} ${versions} into ${target}: the official binaries, checked against their checksums.`)
  if (built.length === 0) return
  if (settings?.download)
    progress.line(`There is no official ${listed(built, 'or')} for ${platform.os}-${platform.arch}: building from source.`)
  progress.line(`Building ${listed(built)} ${versions} from source into ${target}`)
  const faster =
    command !== undefined && !settings?.download ? ` ${flagged(command, '--download')} would download the official binaries instead.` : ''
  progress.line(`This is done once and takes 5 to 15 minutes.${faster} KUBEBUILDER_ASSETS=<folder with the four programs> would skip it.`)
}

/** Tells of programs that are on the machine already. They are used only when that is said. */
function offer({ progress, command, settings }: Options, env: NodeJS.ProcessEnv): void {
  const found = command === undefined ? undefined : findEnvtest(env)
  if (command === undefined || found === undefined) return
  const missing = NAMES.filter((program) => !found.programs.includes(program))
  const flags = `--programs '${found.folder}'${settings?.download ? ' --download' : ''}`
  const rest =
    missing.length === 0 ? 'nothing has to be built' : `only ${listed(missing)} ${missing.length === 1 ? 'is' : 'are'} missing there`
  progress.line(
    `setup-envtest has put ${listed(found.programs)} ${found.version} on this machine. To use them (${rest}): ${flagged(command, flags)}`,
  )
}

function flagged(command: string, flags: string): string {
  return `${command} -- ${flags}`
}

/** `a, b and c` */
function listed(names: readonly string[], word = 'and'): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} ${word} ${names.at(-1)}`
}

function givenPrograms(path: string): { folder: string; programs: Program[]; stamp: unknown } {
  const folder = resolve(path)
  const programs = programsIn(folder)
  if (programs.length === 0)
    throw new SecaError(
      'InvalidConfiguration',
      `--programs ${path} has none of ${NAMES.join(', ')}. Point it to a folder that has some of them.`,
    )
  const stampOf = (program: Program) => {
    const file = realpathSync(join(folder, program))
    const { size, mtimeMs } = statSync(file)
    return [file, size, mtimeMs]
  }
  return { folder, programs, stamp: programs.map(stampOf) }
}

function complete(folder: string): string {
  const has = programsIn(folder)
  const missing = NAMES.filter((program) => !has.includes(program))
  if (missing.length === 0) return folder
  const rest =
    has.length === 0 ? '' : ` --programs '${folder}' uses what is there, and has the rest built (or downloaded, with --download).`
  throw new SecaError(
    'InvalidConfiguration',
    `KUBEBUILDER_ASSETS=${folder} has no ${missing.join(', ')}. Point it to a folder that has them, or unset it to have them built.${rest}`,
  )
}
