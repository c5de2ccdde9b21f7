import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { asError, SecaError } from '../errors.ts'
import type { Platform } from './archive.ts'

/** A package of Debian, as it was or is to be fetched. */
export interface DebianPackage {
  readonly name: string
  readonly version: string
  readonly sha256: string
}

/** What Node's program is linked against, what those belong to (for their copyright), and the CAs. */
const NAMES = ['ca-certificates', 'gcc-12-base', 'libatomic1', 'libc6', 'libgcc-s1', 'libstdc++6']

const LOCK = join(import.meta.dirname, 'debian.json')
const OTHERWISE = 'On another system, the Containerfile builds the image with podman or docker.'

type Lock = Readonly<Record<string, readonly DebianPackage[]>>

/** `pinned`: those of the lock file and no others; `served`: what the machine's package sources have now. */
export type Choice = 'pinned' | 'served'

export interface Fetched extends DebianPackage {
  /** The .deb. */
  readonly file: string
}

const architectureOf = (platform: Platform) => platform.split('/')[1] ?? ''

const readLock = (): Lock => JSON.parse(readFileSync(LOCK, 'utf8')) as Lock

/** Makes these packages the ones that images are built of. */
export function writeLock(platform: Platform, packages: readonly Fetched[]): void {
  const pinned = packages.map(({ name, version, sha256 }) => ({ name, version, sha256 }))
  writeFileSync(LOCK, `${JSON.stringify({ ...readLock(), [architectureOf(platform)]: pinned }, undefined, 2)}\n`)
}

interface Options {
  readonly platform: Platform
  readonly choice: Choice
  /** Folder where packages are kept, by their checksum. */
  readonly cache: string
  readonly signal?: AbortSignal | undefined
}

/** Fetches the packages with apt, which checks who made them, without touching the machine's own state; needs no root. */
export async function fetchPackages({ platform, choice, cache, signal }: Options): Promise<Fetched[]> {
  const pinned = readLock()[architectureOf(platform)] ?? []
  const kept = pinned.map((one) => ({ ...one, file: join(cache, `${one.sha256}.deb`) }))
  if (choice === 'pinned' && kept.length > 0 && kept.every(({ file }) => existsSync(file))) return kept
  const folder = mkdtempSync(join(tmpdir(), 'seca-apt-'))
  try {
    const apt = await openApt(folder, architectureOf(platform), signal)
    await apt('download', ...(choice === 'pinned' ? pinned.map(({ name, version }) => `${name}=${version}`) : NAMES)).catch(
      (error: Error) => {
        if (choice === 'served') throw error
        throw new SecaError(
          'InvalidConfiguration',
          `the package sources of this machine do not have the pinned packages any more (${lastLine(error)}). --unpinned builds of those that they have now, with another digest; --refresh pins those.`,
        )
      },
    )
    mkdirSync(cache, { recursive: true })
    const found: Fetched[] = []
    for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.deb'))) found.push(await keep(join(folder, name), cache))
    for (const one of choice === 'pinned' ? pinned : [])
      if (!found.some(({ sha256 }) => sha256 === one.sha256))
        throw new SecaError(
          'InvalidConfiguration',
          `${one.name} ${one.version} is not what it was when it was pinned: the checksums differ. Nothing was built.`,
        )
    return found.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Prepares a state of apt's own for one architecture; resolves with what runs apt-get in it. */
async function openApt(folder: string, architecture: string, signal: AbortSignal | undefined) {
  for (const name of ['state/lists/partial', 'cache/archives/partial']) mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, 'status'), '')
  const set = {
    'Dir::State': join(folder, 'state'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::Cache': join(folder, 'cache'),
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    // As root, apt would fetch as a user that cannot write here; what it fetched is checked all the same.
    'APT::Sandbox::User': '',
    'Debug::NoLocking': '1',
  }
  const options = Object.entries(set).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const apt = async (...args: string[]) => {
    await run('apt-get', ['-qq', ...options, ...args], { cwd: folder, signal }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') throw new SecaError('InvalidConfiguration', `apt-get is not on this machine. ${OTHERWISE}`)
      throw error
    })
  }
  await apt('update')
  return apt
}

async function keep(file: string, cache: string): Promise<Fetched> {
  const { stdout } = await run('dpkg-deb', ['--show', '--showformat=${Package} ${Version}', file], {})
  const [name = '', version = ''] = stdout.split(' ')
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex')
  const target = join(cache, `${sha256}.deb`)
  const copy = `${target}.${process.pid}`
  writeFileSync(copy, readFileSync(file))
  renameSync(copy, target)
  return { name, version, sha256, file: target }
}

function run(command: string, args: readonly string[], options: { readonly cwd?: string; readonly signal?: AbortSignal | undefined }) {
  return promisify(execFile)(command, [...args], { ...options, maxBuffer: 1024 * 1024, env: { ...process.env, LC_ALL: 'C' } })
}

const lastLine = (error: Error): string => asError(error).message.trim().split('\n').at(-1) ?? ''
