import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asError, SecaError } from '../errors.ts'
import type { Platform } from './archive.ts'
import { keep, withFolder } from './cache.ts'
import { type DebianPackage, GCC_BASE, PACKAGES } from './debian.ts'
import { run } from './run.ts'

/** A package on disk. */
export interface DebianFile extends DebianPackage {
  readonly file: string
}

interface Options {
  readonly architecture: Platform['architecture']
  readonly cache: string
  readonly signal?: AbortSignal | undefined
}

const ELSEWHERE =
  "The image is built of Debian's packages, on Debian or Ubuntu. On other machines build it from the Containerfile: podman build -t seca-operator ."

async function requireDebian(): Promise<void> {
  for (const program of ['apt-get', 'dpkg-deb'])
    await run(program, ['--version']).catch((error: unknown) => {
      throw new SecaError('NotFound', `${asError(error).message}. ${ELSEWHERE}`)
    })
}

/** Pinned packages: those in the cache, else fetched in exactly that version. Throws when one is not served any more, or differs. */
export async function pinned(packages: readonly DebianPackage[], options: Options): Promise<DebianFile[]> {
  await requireDebian()
  const found = packages.map((one) => ({ ...one, file: join(options.cache, `${one.sha256}.deb`) }))
  const missing = found.filter(({ file, sha256 }) => !existsSync(file) || digestOf(file) !== sha256)
  if (missing.length === 0) return found
  await withApt(options, async ({ download }) => {
    for (const { name, version, architecture, sha256, file } of missing) {
      const fetched = await download(`${name}=${version}`).catch((error: unknown) => {
        options.signal?.throwIfAborted()
        throw notServed(`${name} ${version} (${architecture})`, asError(error).message)
      })
      if (digestOf(fetched) !== sha256)
        throw new SecaError(
          'Conflict',
          `${name} ${version} (${architecture}) as this machine's mirror serves it is not the pinned file. ${WAYS}`,
        )
      keep(fetched, file)
    }
  })
  return found
}

/** The packages in whatever version this machine's mirror serves. */
export async function served(options: Options): Promise<DebianFile[]> {
  await requireDebian()
  return withApt(options, async ({ download }) => {
    const files: DebianFile[] = []
    const add = async (name: string) => {
      const fetched = await download(name)
      const sha256 = digestOf(fetched)
      const file = join(options.cache, `${sha256}.deb`)
      const control = await controlOf(fetched, options.signal)
      const field = (key: string) => new RegExp(`^${key}: (.*)$`, 'm').exec(control)?.[1] ?? ''
      keep(fetched, file)
      files.push({ name, version: field('Version'), architecture: field('Architecture') as DebianPackage['architecture'], sha256, file })
      return control
    }
    let base: string | undefined
    for (const name of PACKAGES) base = GCC_BASE.exec(await add(name))?.[0] ?? base
    if (base !== undefined) await add(base)
    return files
  })
}

/** A package's control file: name, version, what it depends on. */
export async function controlOf(file: string, signal?: AbortSignal): Promise<string> {
  const output = await run('dpkg-deb', ['-f', file], { signal })
  return output.toString('utf8')
}

const WAYS =
  '--refresh pins what it serves now (the image changes, commit the lock file); --unpinned uses it once (the digest will differ).'

function notServed(what: string, why: string): SecaError {
  return new SecaError(
    'NotFound',
    `${what}, which the image is pinned to, cannot be had from this machine's mirror of Debian. ${WAYS}\n${why}`,
  )
}

interface Apt {
  /** Fetches `<name>` or `<name>=<version>`; the file. */
  download(what: string): Promise<string>
}

/** apt with the machine's sources and keys, but a state of its own: any architecture, without root, changing nothing. */
async function withApt<T>({ architecture, cache, signal }: Options, work: (apt: Apt) => Promise<T>): Promise<T> {
  return withFolder(cache, async (folder) => {
    const [state, downloads] = [join(folder, 'state'), join(folder, 'downloads')]
    for (const path of [join(state, 'lists', 'partial'), join(folder, 'archives', 'partial'), downloads])
      mkdirSync(path, { recursive: true })
    writeFileSync(join(folder, 'status'), '')
    const user = process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : []
    const settings = [`Dir::State=${state}`, `Dir::State::status=${join(folder, 'status')}`, `Dir::Cache=${folder}`]
    const own = [...settings, `APT::Architecture=${architecture}`, `APT::Architectures=${architecture}`].flatMap((one) => ['-o', one])
    const apt = (...args: string[]) => run('apt-get', ['--quiet', ...own, ...user, ...args], { cwd: downloads, signal })
    await apt('update')
    const download = async (what: string) => {
      const before = new Set(readdirSync(downloads))
      await apt('download', what)
      const name = readdirSync(downloads).find((entry) => !before.has(entry))
      if (name === undefined) throw new SecaError('NotReady', `apt-get download ${what} made no file`)
      return join(downloads, name)
    }
    return work({ download })
  })
}

function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}
