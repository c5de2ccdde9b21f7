import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { during, type Progress } from '../cli/progress.ts'
import { type DebianFile, pinned, served } from './apt.ts'
import { type Image, type Platform, writeArchive } from './archive.ts'
import { bundle } from './bundle.ts'
import { configOf, layersOf, type NamedLayer } from './content.ts'
import { type Lock, packagesFor, readLock, releaseOf } from './debian.ts'
import { nodeOf } from './node.ts'
import { lockedPackages } from './packages.ts'
import { provenanceOf, sourceOf } from './provenance.ts'
import { sbomOf } from './sbom.ts'

/** What an image is built from, and how it is told about. */
export interface BuildOptions {
  /** the checkout */
  readonly root: string
  readonly architecture: Platform['architecture']
  /** take Debian's packages in the versions that this machine's mirror serves, instead of the pinned ones */
  readonly isUnpinned?: boolean
  /** what was fetched before */
  readonly cache: string
  readonly progress: Progress
  readonly signal?: AbortSignal | undefined
}

/** An image on disk. */
export interface Built extends Image {
  /** name and tag in the archive: `seca-operator:0.1.0` */
  readonly reference: string
  /** the archive, its SBOM and its provenance */
  readonly files: { readonly archive: string; readonly sbom: string; readonly provenance: string }
  readonly layers: (Image['layers'][number] & { readonly name: NamedLayer['name'] })[]
}

/** `package.json`, as far as the image tells of it. */
interface Manifest {
  readonly version: string
  readonly description: string
  readonly license: string
}

/** Everything that goes into an image: fetched, bundled, in layers. */
export async function ingredientsOf({ root, architecture, isUnpinned, cache, progress, signal }: BuildOptions) {
  const about = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
  const { debian, release } = await during(progress, `Debian's packages for ${architecture}`, () => libraries())
  const node = await during(progress, `Node.js for ${architecture}`, () => nodeOf({ root, architecture, cache, signal }))
  const made = await during(progress, 'bundling', () => bundle(root))
  const packages = lockedPackages(root, made.packages)
  const layers = await layersOf({ root, debian, release, node, bundle: made, packages, signal })
  return { about, packages, node: node.package, debian, release, layers }

  async function libraries(): Promise<{ debian: DebianFile[]; release: Lock['release'] }> {
    const options = { architecture, cache, signal }
    if (isUnpinned) return { debian: await served(options), release: releaseOf(readFileSync('/etc/os-release', 'utf8')) }
    const lock = readLock(root)
    return { debian: await pinned(packagesFor(lock, architecture), options), release: lock.release }
  }
}

/**
 * Builds the image of a checkout for one architecture into a folder: an archive, an SBOM and a statement of provenance. The same
 * commit makes the same bytes, unless `isUnpinned`.
 */
export async function buildImage(options: BuildOptions & { readonly out: string }): Promise<Built> {
  const { root, architecture, out, progress, signal } = options
  const { about, packages, node, debian, release, layers } = await ingredientsOf(options)
  const stem = join(out, `seca-operator-${about.version}-linux-${architecture}`)
  const files = { archive: `${stem}.tar`, sbom: `${stem}.cdx.json`, provenance: `${stem}.provenance.json` }
  mkdirSync(out, { recursive: true })
  const reference = `seca-operator:${about.version}`
  const image = await during(progress, `packing ${reference} for ${architecture}`, () =>
    writeArchive({
      reference,
      platform: { os: 'linux', architecture },
      layers: layers.map(({ entries }) => entries),
      config: configOf(about),
      file: files.archive,
    }),
  )
  const { version, license } = about
  const source = await sourceOf(root, signal)
  if (source === undefined) progress.line('The provenance names no commit: git does not tell one here.')
  else if (source.isChanged) progress.line(`Files differ from commit ${source.commit}: the provenance says so.`)
  writeJson(files.sbom, sbomOf({ version, license, architecture, digest: image.digest, node, packages, debian, release }))
  const statement = provenanceOf({
    reference,
    platform: `linux/${architecture}`,
    isPinned: !options.isUnpinned,
    digest: image.digest,
    files: Object.fromEntries([files.archive, files.sbom].map((file) => [basename(file), sha256(file)])),
    source,
    node,
    packages: [...packages, ...lockedPackages(root, ['node_modules/esbuild'])],
    debian,
    release,
  })
  writeJson(files.provenance, statement)
  return { ...image, reference, files, layers: image.layers.map((layer, index) => ({ ...layer, name: layers[index]?.name ?? 'app' })) }
}

/** SHA-256 of a file, in hex. */
export function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

function writeJson(file: string, value: object): void {
  writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`)
}
