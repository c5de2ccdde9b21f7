import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { gzipSync } from 'node:zlib'
import { type Header, pack } from 'tar-stream'

/** One file, folder or symbolic link of an image. Everything belongs to root, and nothing is newer than 1970. */
export interface Entry {
  /** Without a leading slash: `usr/local/bin/node`. */
  readonly path: string
  /** Default: 0o644 for files, 0o755 for folders. */
  readonly mode?: number
  /** Absent: a folder, or a link. */
  readonly content?: Uint8Array
  /** Where a symbolic link points to. */
  readonly link?: string
}

export type Platform = 'linux/amd64' | 'linux/arm64'

/** What the OCI image specification calls `config`, as far as it is used here. */
interface Config {
  readonly Entrypoint: readonly string[]
  readonly User: string
  readonly Env: readonly string[]
  readonly Labels?: Readonly<Record<string, string>>
}

export interface Layer {
  readonly title: string
  /** gzip of a tar. */
  readonly packed: Uint8Array
  /** `sha256:…` of the tar. */
  readonly diffId: string
}

export interface Archive {
  /** `sha256:…` of the manifest: what the image is called by. */
  readonly digest: string
  /** Bytes of all blobs. */
  readonly size: number
}

const sha256 = (data: Uint8Array | string): string => `sha256:${createHash('sha256').update(data).digest('hex')}`

/** A layer of these entries, with the folders that they are in; the same bytes for the same entries, in whatever order they come. */
export async function layer(title: string, entries: readonly Entry[]): Promise<Layer> {
  const tar = await tarOf(withFolders(entries).map((entry) => [headerOf(entry), entry.content] as const))
  return { title, packed: gzipSync(tar, { level: 9 }), diffId: sha256(tar) }
}

interface ArchiveOptions {
  /** `seca-operator:0.1.0` */
  readonly reference: string
  readonly platform: Platform
  readonly layers: readonly Layer[]
  readonly config: Config
  readonly file: string
}

/**
 * Writes an OCI image layout as a tar, which `ctr images import`, `podman load` and `skopeo` take; `docker load` reads the manifest.json
 * in it (OCI image specification 1.1, image-layout.md).
 */
export async function writeArchive({ reference, platform, layers, config, file }: ArchiveOptions): Promise<Archive> {
  const type = (name: string) => `application/vnd.oci.image.${name}`
  const blobs = new Map<string, Uint8Array>()
  const blob = (mediaType: string, data: Uint8Array) => {
    const digest = sha256(data)
    blobs.set(digest, data)
    return { mediaType, digest, size: data.length }
  }
  const [os = '', architecture = ''] = platform.split('/')
  const described = blob(
    type('config.v1+json'),
    json({
      created: '1970-01-01T00:00:00Z',
      architecture,
      os,
      config: { ...config, WorkingDir: '/' },
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
      history: layers.map(({ title }) => ({ created: '1970-01-01T00:00:00Z', created_by: title })),
    }),
  )
  const packed = layers.map((one) => blob(type('layer.v1.tar+gzip'), one.packed))
  const manifest = blob(
    type('manifest.v1+json'),
    json({ schemaVersion: 2, mediaType: type('manifest.v1+json'), config: described, layers: packed }),
  )
  const annotations = {
    'io.containerd.image.name': reference,
    'org.opencontainers.image.ref.name': reference.slice(reference.lastIndexOf(':') + 1),
  }
  const index = {
    schemaVersion: 2,
    mediaType: type('index.v1+json'),
    manifests: [{ ...manifest, platform: { architecture, os }, annotations }],
  }
  const pathOf = (digest: string) => `blobs/${digest.replace(':', '/')}`
  const docker = [{ Config: pathOf(described.digest), RepoTags: [reference], Layers: packed.map(({ digest }) => pathOf(digest)) }]
  const files: Entry[] = [
    { path: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }) },
    { path: 'index.json', content: json(index) },
    { path: 'manifest.json', content: json(docker) },
    ...[...blobs].map(([digest, content]) => ({ path: pathOf(digest), content })),
  ]
  const out = createWriteStream(file)
  out.write(await tarOf(withFolders(files).map((entry) => [headerOf(entry), entry.content] as const)))
  out.end()
  await finished(out)
  return { digest: manifest.digest, size: [...blobs.values()].reduce((sum, { length }) => sum + length, 0) }
}

const json = (content: unknown): Uint8Array => Buffer.from(JSON.stringify(content))

function headerOf({ path, mode, content, link }: Entry): Partial<Header> & Pick<Header, 'name'> {
  const common = { name: path, uid: 0, gid: 0, uname: '', gname: '', mtime: new Date(0) }
  if (link !== undefined) return { ...common, type: 'symlink', linkname: link, mode: 0o777 }
  if (content === undefined) return { ...common, type: 'directory', mode: mode ?? 0o755 }
  return { ...common, type: 'file', mode: mode ?? 0o644, size: content.length }
}

/** The entries by path, each after the folders that it is in. */
function withFolders(entries: readonly Entry[]): Entry[] {
  const all = new Map<string, Entry>()
  for (const entry of entries)
    for (const [at] of entry.path.matchAll(/\//g).map(({ index }) => [index])) {
      const path = entry.path.slice(0, at)
      all.set(path, all.get(path) ?? { path })
    }
  for (const entry of entries) all.set(entry.path, entry)
  return [...all.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

async function tarOf(entries: readonly (readonly [ReturnType<typeof headerOf>, Uint8Array | undefined])[]): Promise<Uint8Array> {
  const tar = pack()
  for (const [header, content] of entries) {
    if (content === undefined) tar.entry(header)
    else tar.entry(header, Buffer.from(content.buffer, content.byteOffset, content.byteLength))
  }
  tar.finalize()
  const chunks: Uint8Array[] = []
  for await (const chunk of tar) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks)
}
