import { promisify } from 'node:util'
import { gunzip, inflateRaw } from 'node:zlib'
import { SecaError } from '../../errors.ts'

/** More than any program unpacks to: an archive cannot fill the memory. */
const MAX_BYTES = 1024 ** 3

/** The content of one file of an archive: zip when it begins as one, else tar.gz. Throws when the file is not in it. */
export async function extract(archive: Buffer, member: string): Promise<Buffer> {
  const found = archive.subarray(0, 2).toString('latin1') === 'PK' ? await fromZip(archive, member) : await fromTar(archive, member)
  if (found) return found
  throw new SecaError('InvalidConfiguration', `the archive has no file ${member}`)
}

// POSIX tar: a header of 512 bytes before each file, which is padded to a multiple of 512.
async function fromTar(archive: Buffer, member: string): Promise<Buffer | undefined> {
  const tar = await promisify(gunzip)(archive, { maxOutputLength: MAX_BYTES })
  const text = (at: number, length: number) => tar.toString('utf8', at, at + length).split('\0')[0] ?? ''
  for (let at = 0; at + 512 <= tar.length;) {
    const size = Number.parseInt(text(at + 124, 12).trim() || '0', 8)
    const prefix = text(at + 345, 155)
    const name = `${prefix === '' ? '' : `${prefix}/`}${text(at, 100)}`
    if (name === member) return tar.subarray(at + 512, at + 512 + size)
    at += 512 + Math.ceil(size / 512) * 512
  }
  return undefined
}

// The central directory at the end knows every file's size; headers before the files may not.
async function fromZip(zip: Buffer, member: string): Promise<Buffer | undefined> {
  const end = zip.lastIndexOf(Buffer.from('PK\u0005\u0006', 'latin1'))
  if (end < 0) return undefined
  let at = zip.readUInt32LE(end + 16)
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [method, packed] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20)]
    const nameLength = zip.readUInt16LE(at + 28)
    if (zip.toString('utf8', at + 46, at + 46 + nameLength) === member) {
      const local = zip.readUInt32LE(at + 42)
      const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
      const content = zip.subarray(start, start + packed)
      return method === 0 ? content : promisify(inflateRaw)(content, { maxOutputLength: MAX_BYTES })
    }
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
  }
  return undefined
}
