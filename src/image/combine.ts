import { createReadStream, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { SecaError } from '../errors.ts'
import { type Descriptor, entryPoint, fileMember, jsonBlob, layoutMembers, MEDIA_TYPE, pathOf } from './oci.ts'
import { type Member, type ReadMember, readTar, writeTar } from './tar.ts'

interface Options {
  readonly reference: string
  /** archives that `writeArchive` wrote, one for each architecture */
  readonly archives: readonly string[]
  readonly file: string
}

/**
 * Writes one archive of the images for several architectures, for registries (`skopeo copy --all`) and containerd: an index, of which a
 * node takes its own. The index' digest. `docker load` knows no such archives.
 */
export async function combineArchives({ reference, archives, file }: Options): Promise<string> {
  const blobs = new Map<string, Buffer>()
  const manifests: Descriptor[] = []
  for (const archive of archives) {
    const members = await readTar(createReadStream(archive))
    manifests.push(imageOf(members, archive))
    for (const [name, { type, content }] of members) if (type === 'file' && name.startsWith('blobs/')) blobs.set(name, content)
  }
  const index = jsonBlob('index', { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests })
  blobs.set(pathOf(index.descriptor), index.content)
  const folder = mkdtempSync(`${file}.partial-`)
  try {
    await writeTar(membersOf(entryPoint(reference, index.descriptor), blobs), join(folder, 'archive'))
    renameSync(join(folder, 'archive'), file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return index.descriptor.digest
}

function* membersOf(index: object, blobs: ReadonlyMap<string, Buffer>): Generator<Member> {
  yield* layoutMembers(index)
  for (const [name, content] of blobs) yield fileMember(name, content)
}

function imageOf(members: ReadonlyMap<string, ReadMember>, archive: string): Descriptor {
  const text = members.get('index.json')?.content.toString('utf8') ?? '{}'
  const { manifests: [found, ...more] = [] } = JSON.parse(text) as { manifests?: (Descriptor & { annotations?: object })[] }
  if (found === undefined || more.length > 0) throw new SecaError('InvalidConfiguration', `${archive} is not an archive of one image`)
  const { annotations: _, ...descriptor } = found
  return descriptor
}
