import { createReadStream, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Entry, type Layer, writeLayer } from './layer.ts'
import { type Blob, entryPoint, fileMember, jsonBlob, jsonBytes, layoutMembers, MEDIA_TYPE, pathOf } from './oci.ts'
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

/**
 * Writes an image as a tar that `ctr images import`, `docker load`, `podman load` and skopeo (`oci-archive:`) take: the OCI image
 * layout (github.com/opencontainers/image-spec, image-layout.md), and Docker's `manifest.json` over the same blobs. Needs no daemon;
 * the same content makes the same bytes.
 */
export async function writeArchive({ reference, platform, layers, config, file }: Options): Promise<Image> {
  mkdirSync(dirname(file), { recursive: true })
  const folder = mkdtempSync(`${file}.partial-`)
  try {
    const written: Layer[] = []
    for (const [index, entries] of layers.entries()) written.push(await writeLayer(entries, join(folder, `layer-${index}`)))
    const { architecture, os } = platform
    const rootfs = { type: 'layers', diff_ids: written.map(({ diffId }) => diffId) }
    const history = written.map(() => ({ created: CREATED }))
    const configuration = jsonBlob('config', { created: CREATED, architecture, os, config, rootfs, history })
    const manifest = jsonBlob('manifest', {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.manifest,
      config: configuration.descriptor,
      layers: written.map(({ digest, size }) => ({ mediaType: MEDIA_TYPE.layer, digest, size })),
    })
    const whole = join(folder, 'archive')
    const index = entryPoint(reference, { ...manifest.descriptor, platform: { architecture, os } })
    await writeTar(membersOf(reference, index, manifest, configuration, written), whole)
    renameSync(whole, file)
    const size = [manifest.descriptor, configuration.descriptor, ...written].reduce((sum, part) => sum + part.size, 0)
    return {
      digest: manifest.descriptor.digest,
      layers: written.map(({ digest, diffId, size: bytes }) => ({ digest, diffId, size: bytes })),
      size,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

// A time of its own would make another digest of the same content.
const CREATED = '1970-01-01T00:00:00Z'

function* membersOf(reference: string, index: object, manifest: Blob, configuration: Blob, layers: readonly Layer[]): Generator<Member> {
  yield* layoutMembers(index)
  const docker = [{ Config: pathOf(configuration.descriptor), RepoTags: [reference], Layers: layers.map(pathOf) }]
  yield fileMember('manifest.json', jsonBytes(docker))
  for (const { descriptor, content } of [manifest, configuration]) yield fileMember(pathOf(descriptor), content)
  const distinct = new Map(layers.map((layer) => [layer.digest, layer]))
  for (const layer of distinct.values())
    yield { name: pathOf(layer), mode: 0o644, type: 'file', size: layer.size, content: createReadStream(layer.file) }
}
