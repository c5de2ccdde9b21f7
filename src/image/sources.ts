import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** What of a checkout an image is built from; packages follow from the lock file. */
export const SOURCES = ['package.json', 'package-lock.json', 'LICENSE', 'src', 'controllers', 'providers'] as const

/** SHA-256, in hex, over names and contents of the sources of a checkout: where it is the same, a build would make the same image. */
export function sourcesDigest(root: string): string {
  const hash = createHash('sha256')
  for (const name of SOURCES.flatMap((one) => filesOf(root, one)))
    hash.update(
      `${name}\0${createHash('sha256')
        .update(readFileSync(join(root, name)))
        .digest('hex')}\n`,
    )
  return hash.digest('hex')
}

function filesOf(root: string, name: string): string[] {
  if (!statSync(join(root, name)).isDirectory()) return [name]
  const names = readdirSync(join(root, name), { recursive: true, encoding: 'utf8' }).map((inner) => join(name, inner))
  return names.filter((inner) => statSync(join(root, inner)).isFile()).toSorted()
}
