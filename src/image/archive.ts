import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Entry, type Layer, writeLayer } from './layer.ts'
import { canonical } from './reference.ts'
import { type Member, writeTar } from './tar.ts'

/** What an image is built for. */
export interface Platform {
  readonly os: 'linux'
  readonly architecture: 'amd64' | 'arm64'
}

/** The part of OCI's image configuration that we use, in its spelling. */
export interface ImageConfig {
  readonly User?: string
  readonly Env?: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly WorkingDir?: string
  readonly Labels?: Readonly<Record<string, string>>
}

interface Options {
  /** name and tag: `seca-operator:0.1.0` */
  readonly reference: string
  readonly platform: Platform
  /** lowest first */
  readonly layers: readonly (readonly Entry[])[]
  readonly config: ImageConfig
  /** archive to write; it appears when it is complete */
  readonly file: string
}

/** What was written. */
export interface Image {
  /** `sha256:…` of the manifest: what a registry and `kubectl get pod -o jsonpath={..imageID}` call the image's digest */
  readonly digest: string
  readonly layers: readonly Pick<Layer, 'digest' | 'diffId' | 'size'>[]
  /** bytes that a node downloads: manifest, configuration, layers */
  readonly size: number
}

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

/**
 * Writes an image as a tar that `ctr images import`, `docker load`, `podman load` and skopeo (`oci-archive:`) take: the OCI image
 * layout (github.com/opencontainers/image-spec, image-layout.md), and Docker's `manifest.json` over the same blobs. Needs no daemon;
 * the same content makes the same bytes.
 */
export async function writeArchive({ reference, platform, layers, config, file }: Options): Promise<Image> {
  const { name, tag } = canonical(reference)
  mkdirSync(dirname(file), { recursive: true })
  const folder = mkdtempSync(`${file}.partial-`)
  try {
    const written: Layer[] = []
    for (const [index, entries] of layers.entries()) written.push(await writeLayer(entries, join(folder, `layer-${index}`)))
    const { architecture, os } = platform
    const rootfs = { type: 'layers', diff_ids: written.map(({ diffId }) => diffId) }
    const history = written.map(() => ({ created: CREATED }))
    const configuration = blob('config', { created: CREATED, architecture, os, config, rootfs, history })
    const manifest = blob('manifest', {
      schemaVersion: 2,
      mediaType: typeOf('manifest'),
      config: configuration.descriptor,
      layers: written.map(({ digest, size }) => ({ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size })),
    })
    const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': tag }
    const index = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [{ ...manifest.descriptor, platform: { architecture, os }, annotations }],
    }
    const docker = [{ Config: pathOf(configuration.descriptor), RepoTags: [reference], Layers: written.map(pathOf) }]
    const small = [
      ['oci-layout', bytes({ imageLayoutVersion: '1.0.0' })],
      ['index.json', bytes(index)],
      ['manifest.json', bytes(docker)],
      ...[manifest, configuration].map(({ descriptor, content }) => [pathOf(descriptor), content] as const),
    ] as const
    const whole = join(folder, 'archive')
    await writeTar(membersOf(small, written), whole)
    renameSync(whole, file)
    const size = [manifest.descriptor, configuration.descriptor, ...written].reduce((sum, part) => sum + part.size, 0)
    return { digest: manifest.descriptor.digest, layers: written.map(({ digest, diffId, size }) => ({ digest, diffId, size })), size }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

// A time of its own would make another digest of the same content.
const CREATED = '1970-01-01T00:00:00Z'
const FILE = { mode: 0o644, type: 'file' } as const
const FOLDERS = ['blobs/', 'blobs/sha256/']

function* membersOf(small: readonly (readonly [string, Buffer])[], layers: readonly Layer[]): Generator<Member> {
  for (const name of FOLDERS) yield { name, mode: 0o755, type: 'directory' }
  for (const [name, content] of small) yield { name, ...FILE, content }
  const distinct = new Map(layers.map((layer) => [layer.digest, layer]))
  for (const layer of distinct.values()) yield { name: pathOf(layer), ...FILE, size: layer.size, content: createReadStream(layer.file) }
}

function blob(kind: 'config' | 'manifest', value: unknown): { descriptor: Descriptor; content: Buffer } {
  const content = bytes(value)
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
  return { descriptor: { mediaType: typeOf(kind), digest, size: content.byteLength }, content }
}

function typeOf(kind: 'config' | 'manifest'): string {
  return `application/vnd.oci.image.${kind}.v1+json`
}

function bytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function pathOf({ digest }: { readonly digest: string }): string {
  return `blobs/${digest.replace(':', '/')}`
}
