import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { extract } from 'tar-stream'
import { asError, SecaError } from '../errors.ts'
import type { Entry } from './archive.ts'

/** Files and links of a Debian package whose path (without a leading slash) is wanted. */
export async function unpackDebian(file: string, isWanted: (path: string) => boolean): Promise<Entry[]> {
  const found: Entry[] = []
  const tar = extract()
  tar.on('entry', (header, stream, next) => {
    const path = header.name.replace(/^\.\//, '')
    const chunks: Buffer[] = []
    stream.on('data', (chunk) => void chunks.push(chunk as Buffer))
    stream.on('end', () => {
      const isFile = header.type === 'file'
      if (isWanted(path) && (isFile || header.type === 'symlink'))
        found.push({
          path,
          ...(isFile ? { content: Buffer.concat(chunks), mode: (header.mode ?? 0o644) & 0o777 } : { link: header.linkname ?? '' }),
        })
      next()
    })
  })
  const child = spawn('dpkg-deb', ['--fsys-tarfile', file], { stdio: ['ignore', 'pipe', 'pipe'] })
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (words += chunk))
  child.stdout.pipe(tar)
  const [[code]] = await Promise.all([once(child, 'close') as Promise<[number]>, once(tar, 'finish')]).catch((error: unknown) => {
    throw new SecaError('InvalidConfiguration', `dpkg-deb cannot be run: ${asError(error).message}`)
  })
  if (code !== 0) throw new SecaError('InvalidConfiguration', `dpkg-deb cannot read ${file}: ${words.trim()}`)
  return found
}
