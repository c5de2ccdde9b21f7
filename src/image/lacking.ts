import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What is missing on this machine to build an image, and how to get it, in one line; undefined when nothing is. */
export function lackingForImage(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const folders = (env['PATH'] ?? '').split(delimiter)
  const missing = ['apt-get', 'dpkg-deb'].filter((program) => !folders.some((folder) => existsSync(join(folder, program))))
  return missing.length === 0 ? undefined : `no ${missing.join(', no ')}: images are built on Debian or Ubuntu`
}
