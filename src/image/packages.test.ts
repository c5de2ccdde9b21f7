import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { lockedPackages, type NpmPackage, noticesOf } from './packages.ts'
import { temporaryFolder } from './testing.ts'

const root = temporaryFolder()
const entry = (more: object) => ({ version: '1.0.0', integrity: 'sha512-AAAA', ...more })
writeFileSync(
  join(root, 'package-lock.json'),
  JSON.stringify({
    packages: {
      'node_modules/a': entry({ license: 'MIT' }),
      'node_modules/a/node_modules/@s/b': entry({}),
      'node_modules/linked': { version: '1.0.0' },
    },
  }),
)

it('packages are what the lock file says, nested ones by their own name', () => {
  expect(lockedPackages(root, ['node_modules/a', 'node_modules/a/node_modules/@s/b'])).toEqual([
    { name: 'a', version: '1.0.0', license: 'MIT', integrity: 'sha512-AAAA', folder: 'node_modules/a' },
    { name: '@s/b', version: '1.0.0', integrity: 'sha512-AAAA', folder: 'node_modules/a/node_modules/@s/b' },
  ])
})

it.each(['node_modules/c', 'node_modules/linked'])('%s, of which the lock file has no checksum, is refused', (folder) => {
  expect(() => lockedPackages(root, [folder])).toThrow(`package-lock.json has no checksum of ${folder}`)
})

it('licences and notices come in the order of the packages; a package without any licence is refused', () => {
  const put = (name: string, files: Record<string, string>, license?: string): NpmPackage => {
    mkdirSync(join(root, name), { recursive: true })
    for (const [file, content] of Object.entries(files)) writeFileSync(join(root, name, file), content)
    return { name, version: '1.0.0', integrity: '', folder: name, ...(license && { license }) }
  }
  const both = put('both', { 'NOTICE.txt': 'made by somebody\r\n', 'license.md': 'MIT text\n', 'index.js': '' }, 'MIT')
  const named = put('named', { 'readme.md': 'words' }, 'ISC')
  const text = noticesOf(root, [both, named])
  expect(text).toContain('both 1.0.0 (MIT)\n\nmade by somebody\n\nMIT text\n\n---')
  expect(text).toMatch(/named 1\.0\.0 \(ISC\)\n$/)
  expect(() => noticesOf(root, [put('none', {})])).toThrow('none 1.0.0 has no licence')
})
