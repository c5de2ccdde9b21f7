import { cpSync, mkdirSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sourcesDigest } from './sources.ts'

const checkout = () => {
  const root = mkdtempSync(join(tmpdir(), 'seca-sources-'))
  for (const folder of ['src/image', 'controllers', 'providers']) mkdirSync(join(root, folder), { recursive: true })
  for (const file of ['package.json', 'package-lock.json', 'LICENSE', 'src/image/a.ts', 'controllers/b.ts'])
    writeFileSync(join(root, file), file)
  return root
}

test('the same sources have the same digest, wherever they are and whatever lies beside them', () => {
  const [one, other] = [checkout(), checkout()]
  writeFileSync(join(other, 'README.md'), 'not in the image')
  expect(sourcesDigest(other)).toBe(sourcesDigest(one))
})

test.each([
  { what: 'a line', change: (root: string) => writeFileSync(join(root, 'src/image/a.ts'), 'other') },
  { what: 'a name', change: (root: string) => renameSync(join(root, 'src/image/a.ts'), join(root, 'src/image/c.ts')) },
  { what: 'a file', change: (root: string) => cpSync(join(root, 'LICENSE'), join(root, 'providers/LICENSE')) },
  { what: 'the packages', change: (root: string) => writeFileSync(join(root, 'package-lock.json'), '{}') },
])('another digest where there is another $what', ({ change }) => {
  const root = checkout()
  const before = sourcesDigest(root)
  change(root)
  expect(sourcesDigest(root)).not.toBe(before)
})
