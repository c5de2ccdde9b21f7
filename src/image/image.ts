import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import about from '../../package.json' with { type: 'json' }
import type { ImageConfig } from '../cli/config.ts'
import { createProgress, during, type Progress } from '../cli/progress.ts'
import { SecaError } from '../errors.ts'
import { type Platform, writeArchive } from './archive.ts'
import { bundle } from './bundle.ts'
import { CONFIG, layersOf } from './contents.ts'
import { type Choice, fetchPackages, writeLock } from './debian.ts'
import { lockedPackages, ROOT } from './lockfile.ts'
import { fetchNode, nodePackage } from './node.ts'
import { provenance, sourceOf } from './provenance.ts'
import { sbom } from './sbom.ts'

/** As podman names what was built here and is of no registry. */
export const IMAGE = `localhost/seca-operator:${about.version}`

const MIB = 1024 * 1024
const PLATFORMS = ['linux/amd64', 'linux/arm64'] as const

export interface Image {
  /** The archive; its SBOM and provenance lie beside it. */
  readonly file: string
  readonly reference: string
  readonly digest: string
  /** Compressed bytes, by layer. */
  readonly layers: readonly { readonly title: string; readonly bytes: number }[]
  readonly bytes: number
}

interface BuildOptions {
  readonly platform?: Platform
  /** Folder for the archive. */
  readonly out: string
  readonly choice?: Choice
  /** Makes what the machine's package sources have the pinned ones. */
  readonly refresh?: boolean
  readonly progress: Progress
  readonly env?: NodeJS.ProcessEnv
  readonly signal?: AbortSignal | undefined
}

/** This machine's. */
export function ownPlatform(): Platform {
  return process.arch === 'arm64' ? 'linux/arm64' : 'linux/amd64'
}

/** Builds the image as an OCI archive, without a daemon: the same bytes for the same commit. */
export async function buildImage(options: BuildOptions): Promise<Image> {
  const { platform = ownPlatform(), out, choice = 'pinned', refresh = false, progress, env = process.env, signal } = options
  const cache = join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'seca-operator', 'image')
  const locked = lockedPackages()
  const node = locked[`node_modules/${nodePackage(platform)}`]
  if (node === undefined) throw new SecaError('Internal', `package-lock.json has no ${nodePackage(platform)}`)
  const packages = await during(progress, `fetching Debian's packages for ${platform}`, () =>
    fetchPackages({ platform, choice, cache, signal }),
  )
  if (refresh) writeLock(platform, packages)
  const files = await during(progress, `fetching Node.js ${node.version} for ${platform}`, () => fetchNode(platform, node, cache, signal))
  const { code, packages: bundled } = await during(progress, 'bundling the operator', () => bundle())
  const name = `seca-operator-${about.version}-${platform.replace('/', '-')}`
  const file = join(out, `${name}.tar`)
  mkdirSync(out, { recursive: true })
  const layers = await during(progress, 'packing the layers', () =>
    layersOf({ packages, node: files, bundle: code, licence: readFileSync(join(ROOT, 'LICENSE')) }),
  )
  const { digest, size } = await writeArchive({ reference: IMAGE, platform, layers, config: CONFIG, file })
  const ingredients = { platform, version: about.version, bundled, locked, debian: packages }
  const write = (ending: string, content: object) =>
    writeFileSync(join(out, `${name}.${ending}`), `${JSON.stringify(content, undefined, 2)}\n`)
  write('cdx.json', sbom(ingredients, digest))
  write('provenance.json', provenance(ingredients, digest, await sourceOf()))
  const sizes = layers.map(({ title, packed }) => ({ title, bytes: packed.length }))
  return { file, reference: IMAGE, digest, layers: sizes, bytes: size }
}

/** `seca-operator image` */
export async function image(config: ImageConfig, { signal }: { readonly signal: AbortSignal }): Promise<void> {
  const progress = createProgress()
  const platforms = config.platform === 'all' ? PLATFORMS : [config.platform ?? ownPlatform()]
  const out = resolve(config.out)
  const choice = config.unpinned || config.refresh ? 'served' : 'pinned'
  const built: Image[] = []
  for (const platform of platforms) built.push(await buildImage({ platform, out, choice, refresh: config.refresh, progress, signal }))
  const files = built.flatMap(({ file }) => [file, ...['cdx.json', 'provenance.json'].map((ending) => file.replace(/tar$/, ending))])
  const sums = files.map((file) => `${createHash('sha256').update(readFileSync(file)).digest('hex')}  ${basename(file)}\n`)
  writeFileSync(join(out, 'SHA256SUMS'), sums.join(''))
  process.stdout.write(built.map((one) => text(one)).join(''))
}

function text({ file, reference, digest, layers, bytes }: Image): string {
  const mib = (count: number) => `${(count / MIB).toFixed(1)} MiB`
  const rows = layers.map((one) => `  ${mib(one.bytes).padStart(10)}  ${one.title}\n`)
  return `${file}\n  ${reference}@${digest}\n  ${mib(bytes)} compressed:\n${rows.join('')}`
}
