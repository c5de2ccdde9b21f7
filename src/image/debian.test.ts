import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { GCC_BASE, LOCK_FILE, PACKAGES, packagesFor, readLock, releaseOf, writeLock } from './debian.ts'
import { temporaryFolder } from './testing.ts'

const ROOT = join(import.meta.dirname, '../..')

it('the lock file pins all packages for both architectures, in the same versions', () => {
  const versionsFor = (architecture: 'amd64' | 'arm64') =>
    packagesFor(readLock(ROOT), architecture).map(({ name, version }) => `${name} ${version}`)
  const names = versionsFor('amd64').map((one) => one.split(' ')[0] ?? '')
  expect(names.filter((name) => !GCC_BASE.test(name))).toEqual([...PACKAGES])
  expect(names.filter((name) => GCC_BASE.test(name))).toHaveLength(1)
  expect(versionsFor('arm64')).toEqual(versionsFor('amd64'))
})

it('a lock file that is written is the one that is read, in an order of its own', () => {
  const root = temporaryFolder()
  mkdirSync(dirname(join(root, LOCK_FILE)), { recursive: true })
  const lock = readLock(ROOT)
  writeLock(root, { ...lock, packages: lock.packages.toReversed() })
  expect(readFileSync(join(root, LOCK_FILE), 'utf8')).toBe(readFileSync(join(ROOT, LOCK_FILE), 'utf8'))
})

it('a release is read from /etc/os-release', () => {
  const debian = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n'
  expect(releaseOf(debian)).toEqual({ id: 'debian', versionId: '12', codename: 'bookworm' })
  expect(releaseOf('ID=arch\n')).toEqual({ id: 'arch', versionId: 'unknown', codename: 'unknown' })
})
