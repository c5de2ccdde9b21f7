import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { pack } from 'tar-stream'
import { asError, SecaError } from '../errors.ts'
import type { Exam, Finding } from './check.ts'
import { collect, secretsOf } from './collect.ts'
import { scrubber } from './scrub.ts'

/** Writes all that helps others to help, without secrets, into a new `.tar.gz` that only its owner reads. Throws when the file is there already. */
export async function writeBundle(file: string, exam: Exam, findings: readonly Finding[]): Promise<void> {
  const scrub = scrubber(await secretsOf(exam))
  const tar = pack()
  let isOurs = false
  const out = createWriteStream(file, { flags: 'wx', mode: 0o600 }).on('open', () => (isOurs = true))
  const written = pipeline(tar, createGzip(), out)
  try {
    const fill = async () => {
      for await (const { path, text } of collect(exam, findings))
        tar.entry({ name: `seca-doctor/${path}`, mode: 0o600, mtime: new Date(exam.now()) }, scrub(text))
      tar.finalize()
    }
    await Promise.all([written, fill()])
  } catch (error) {
    tar.destroy()
    if (isOurs) await rm(file, { force: true })
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined || isOurs) throw error
    const why = code === 'EEXIST' ? 'it is there already; name another file' : asError(error).message
    throw new SecaError('InvalidConfiguration', `the bundle ${file} cannot be written: ${why}`, { cause: error })
  }
}
