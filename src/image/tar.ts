import { createWriteStream } from 'node:fs'
import { Readable, type Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Header, type Pack, pack } from 'tar-stream'

/** One member of a tar. Without `mtime` it is of 1970, without owner root's. A stream needs `size`. */
export type Member = Pick<Header, 'name' | 'mode' | 'type'> & Partial<Header> & { readonly content?: Uint8Array | Readable }

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
