import { createHash } from 'node:crypto'
import type { Member } from './tar.ts'
import { canonical } from './reference.ts'

/** Documents of OCI images (github.com/opencontainers/image-spec), and how they lie in an image layout. */

export const MEDIA_TYPE = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const

/** How one document names another. */
export interface Descriptor {
  readonly mediaType: string
  /** `sha256:…` */
  readonly digest: string
  /** bytes */
  readonly size: number
}

export interface Blob {
  readonly descriptor: Descriptor
  readonly content: Buffer
}

export function jsonBlob(kind: keyof typeof MEDIA_TYPE, value: unknown): Blob {
  return rawBlob(MEDIA_TYPE[kind], jsonBytes(value))
}

export function rawBlob(mediaType: string, content: Buffer): Blob {
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
  return { descriptor: { mediaType, digest, size: content.byteLength }, content }
}

export function jsonBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

/** `blobs/sha256/…` */
export function pathOf({ digest }: Pick<Descriptor, 'digest'>): string {
  return `blobs/${digest.replace(':', '/')}`
}

/** `index.json` of a layout with one image, under the names that containerd and podman read. */
export function entryPoint(reference: string, descriptor: Descriptor & { readonly platform?: object }): object {
  const { name, tag } = canonical(reference)
  const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': tag }
  return { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [{ ...descriptor, annotations }] }
}

/** Members of the tar of a layout, before its blobs. */
export function* layoutMembers(index: object): Generator<Member> {
  for (const name of ['blobs/', 'blobs/sha256/']) yield { name, mode: 0o755, type: 'directory' }
  yield fileMember('oci-layout', jsonBytes({ imageLayoutVersion: '1.0.0' }))
  yield fileMember('index.json', jsonBytes(index))
}

export function fileMember(name: string, content: Buffer): Member {
  return { name, mode: 0o644, type: 'file', content }
}
