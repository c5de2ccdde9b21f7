import { createReadStream } from 'node:fs'
import { SecaError } from '../errors.ts'
import { type Blob, type Descriptor, pathOf } from '../image/oci.ts'
import { type ReadMember, readTar } from '../image/tar.ts'
import type { Registry } from './registry.ts'
import type { Artifact } from './signature.ts'

/** An image for several architectures: the index under its tag, and what it names, which gets no tag. */
export interface ImageArtifact extends Artifact {
  readonly images: readonly Blob[]
}

/** What an archive of several architectures (`combineArchives`) is in a registry. */
export async function imageArtifact(archive: string, tag: string): Promise<ImageArtifact> {
  const members = await readTar(createReadStream(archive))
  const blobOf = (descriptor: Descriptor): Blob => {
    const content = members.get(pathOf(descriptor))?.content
    if (content === undefined) throw new SecaError('Internal', `${archive} has no ${descriptor.digest}`)
    const { mediaType, digest, size } = descriptor
    return { descriptor: { mediaType, digest, size }, content }
  }
  const [top] = json<{ manifests: Descriptor[] }>(members.get('index.json')).manifests
  if (top === undefined) throw new SecaError('Internal', `${archive} has no index`)
  const manifest = blobOf(top)
  const images = json<{ manifests: Descriptor[] }>(manifest).manifests.map(blobOf)
  const blobs = images.flatMap((image) => {
    const { config, layers } = json<{ config: Descriptor; layers: Descriptor[] }>(image)
    return [config, ...layers].map(blobOf)
  })
  return { tag, manifest, blobs, images }
}

function json<T>(member: Pick<ReadMember, 'content'> | undefined): T {
  return JSON.parse(member?.content.toString('utf8') ?? '{}') as T
}

/** Something to put into a repository of a registry, with its signatures. */
export interface Publication {
  /** Of the repository: `seca/seca-operator`. */
  readonly name: string
  readonly artifact: Artifact & { readonly images?: readonly Blob[] }
  readonly signatures: readonly Artifact[]
}

/** Puts everything into a registry. Tags of versions come last: what was cut off is nowhere to be seen, and done again is done once. */
export async function publish(registry: Registry, publications: readonly Publication[], say: (line: string) => void): Promise<void> {
  for (const { name, artifact, signatures } of publications) {
    for (const blob of [...artifact.blobs, ...signatures.flatMap(({ blobs }) => blobs)])
      if (await registry.putBlob(name, blob)) say(`${name}: ${blob.descriptor.digest}, ${blob.descriptor.size} bytes`)
    for (const image of artifact.images ?? []) await registry.putManifest(name, image)
    await registry.putManifest(name, artifact.manifest)
    for (const { tag, manifest } of signatures) await registry.putManifest(name, manifest, tag)
  }
  for (const { name, artifact } of publications) {
    await registry.putManifest(name, artifact.manifest, artifact.tag)
    say(`${name}:${artifact.tag} is ${artifact.manifest.descriptor.digest}`)
  }
}
