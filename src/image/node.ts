import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { SecaError } from '../errors.ts'
import type { Platform } from './archive.ts'
import { keep, withFolder } from './cache.ts'
import { lockedPackages, type NpmPackage } from './packages.ts'
import { run } from './run.ts'
import { readTar } from './tar.ts'

/** Node.js of one architecture. */
export interface Node {
  readonly version: string
  readonly binary: Buffer
  readonly license: Buffer
  /** where it comes from */
  readonly package: NpmPackage
}

interface Options {
  readonly root: string
  readonly architecture: Platform['architecture']
  readonly cache: string
  readonly signal?: AbortSignal | undefined
}

const NPM_ARCHITECTURE = { amd64: 'x64', arm64: 'arm64' } as const
const [BINARY, LICENSE] = ['bin/node', 'LICENSE']

/**
 * Node.js in the version of package-lock.json, from the npm package for Linux on that architecture: as npm installed it, or fetched
 * with `npm pack`, checked against the lock file and kept.
 */
export async function nodeOf({ root, architecture, cache, signal }: Options): Promise<Node> {
  const [found] = lockedPackages(root, [`node_modules/node-linux-${NPM_ARCHITECTURE[architecture]}`])
  if (found === undefined) throw new SecaError('Internal', 'no package of Node.js')
  const folder = join(root, found.folder)
  if (isInstalled(folder, found.version)) {
    const [binary, license] = [BINARY, LICENSE].map((file) => readFileSync(join(folder, file))) as [Buffer, Buffer]
    return { version: found.version, binary, license, package: found }
  }
  const file = await packed(found, cache, signal)
  const names = [BINARY, LICENSE].map((name) => `package/${name}`)
  const members = await readTar(createReadStream(file), [createGunzip()], (name) => names.includes(name))
  const [binary, license] = names.map((name) => members.get(name)?.content)
  if (!binary || !license) throw new SecaError('Internal', `${found.name} ${found.version} has no ${names.join(' or no ')}`)
  return { version: found.version, binary, license, package: found }
}

function isInstalled(folder: string, version: string): boolean {
  if (!existsSync(join(folder, BINARY))) return false
  const { version: there } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
  return there === version
}

/** Archive of an npm package: as it was kept, or fetched with `npm pack`. Throws when it is not what the lock file names. */
export async function packed(
  { name, version, integrity }: Pick<NpmPackage, 'name' | 'version' | 'integrity'>,
  cache: string,
  signal?: AbortSignal,
): Promise<string> {
  const target = join(cache, `${name}-${version}.tgz`)
  const isRight = (file: string) => `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}` === integrity
  if (existsSync(target) && isRight(target)) return target
  await withFolder(cache, async (folder) => {
    await run('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', folder], { cwd: folder, signal })
    const file = join(folder, `${name}-${version}.tgz`)
    if (!isRight(file))
      throw new SecaError('Conflict', `${name} ${version} as npm served it is not what package-lock.json names; nothing was built`)
    keep(file, target)
  })
  return target
}
