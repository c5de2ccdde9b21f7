import { createReadStream, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { type ReadMember, readTar } from './tar.ts'

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'seca-image-'))
}

/** Members of a tar by name, in their order. */
export function membersOf(tar: string | Buffer): Promise<Map<string, ReadMember>> {
  return readTar(typeof tar === 'string' ? createReadStream(tar) : Readable.from([tar]))
}

/** What an archive says and holds: its documents, and the members of each layer. */
export async function readArchive(file: string) {
  const members = await membersOf(file)
  const blob = (digest: string) => contentOf(members, `blobs/${digest.replace(':', '/')}`)
  const index = json<{ manifests: { digest: string; platform: object; annotations: Record<string, string> }[] }>(
    contentOf(members, 'index.json'),
  )
  const [described] = index.manifests
  const manifest = json<{ config: { digest: string }; layers: { digest: string; size: number }[] }>(blob(described?.digest ?? ''))
  const config = json<{ architecture: string; config: Record<string, unknown>; rootfs: { diff_ids: string[] } }>(
    blob(manifest.config.digest),
  )
  const docker = json<{ Config: string; RepoTags: string[]; Layers: string[] }[]>(contentOf(members, 'manifest.json'))
  const layers = await Promise.all(manifest.layers.map(({ digest }) => membersOf(gunzipSync(blob(digest)))))
  return { members, described, manifest, config, docker, layers, blob }
}

function contentOf(members: ReadonlyMap<string, ReadMember>, name: string): Buffer {
  const found = members.get(name)
  if (!found) throw new Error(`the archive has no ${name}`)
  return found.content
}

function json<T>(content: Buffer): T {
  return JSON.parse(content.toString('utf8')) as T
}
