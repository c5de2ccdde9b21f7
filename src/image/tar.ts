import { createWriteStream } from 'node:fs'
import { Readable, type Transform } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { extract, type Header, type Pack, pack } from 'tar-stream'

/** One member of a tar to be written. Without `mtime` it is of 1970, without owner root's. A stream needs `size`. */
export type Member = Pick<Header, 'name' | 'mode' | 'type'> & Partial<Header> & { readonly content?: Uint8Array | Readable }

/** One member of a tar that was read. */
export type ReadMember = Header & { readonly content: Buffer }

const EPOCH = new Date(0)

/** Writes a tar of the members, in their order, through `filters` into a file: the same members, the same bytes. */
export async function writeTar(members: Iterable<Member>, file: string, filters: readonly Transform[] = []): Promise<void> {
  const tar = pack()
  const fill = async () => {
    for (const member of members) await add(tar, member)
    tar.finalize()
  }
  await Promise.all([
    pipeline([tar, ...filters, createWriteStream(file)]),
    fill().catch((error: Error) => {
      tar.destroy(error)
      throw error
    }),
  ])
}

function add(tar: Pack, { content, ...header }: Member): Promise<void> {
  const size = content instanceof Uint8Array ? { size: content.byteLength } : {}
  return new Promise((resolve, reject) => {
    const sink = tar.entry({ uid: 0, gid: 0, mtime: EPOCH, ...header, ...size }, (error) => (error ? reject(error) : resolve()))
    if (content instanceof Readable) pipeline(content, sink).catch(reject)
    else if (content !== undefined) sink.end(content)
  })
}

/** Members of a tar by name (as it is written there), in their order; only those that `wanted` says. */
export async function readTar(
  source: Readable,
  filters: readonly Transform[] = [],
  wanted: (name: string) => boolean = () => true,
): Promise<Map<string, ReadMember>> {
  const found = new Map<string, ReadMember>()
  const into = extract()
  const read = async () => {
    for await (const entry of into) {
      if (wanted(entry.header.name)) found.set(entry.header.name, { ...entry.header, content: await buffer(entry) })
      else entry.resume()
    }
  }
  await Promise.all([pipeline([source, ...filters, into]), read()])
  return found
}
