import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import type { Platform } from './archive.ts'

/** The lock file of Debian's packages in a checkout. */
export const LOCK_FILE = 'src/image/debian.lock.json'

/** A Debian package, and where it was verified to be. */
const DebianPackage = z.strictObject({
  name: z.string().min(1),
  version: z.string().min(1),
  architecture: z.enum(['all', 'amd64', 'arm64']),
  /** of the `.deb` file */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})
export type DebianPackage = z.output<typeof DebianPackage>

const Lock = z.strictObject({
  /** of `/etc/os-release`: what scanners of images look packages up by */
  release: z.strictObject({ id: z.string().min(1), versionId: z.string().min(1), codename: z.string().min(1) }),
  packages: z.array(DebianPackage),
})
export type Lock = z.output<typeof Lock>

/** Packages of the image, for each architecture but the one for all: what Node's binary is linked to, their licences, and CAs. */
export const PACKAGES = ['ca-certificates', 'libatomic1', 'libc6', 'libgcc-s1', 'libstdc++6'] as const
/** Has the licences of the libraries that come from GCC; its name has GCC's version. */
export const GCC_BASE = /\bgcc-\d+-base\b/

export function readLock(root: string): Lock {
  return Lock.parse(JSON.parse(readFileSync(join(root, LOCK_FILE), 'utf8')))
}

export function writeLock(root: string, lock: Lock): void {
  const packages = lock.packages.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
  writeFileSync(join(root, LOCK_FILE), `${JSON.stringify({ release: lock.release, packages }, undefined, 2)}\n`)
}

/** Packages of a lock that an image of the architecture has. */
export function packagesFor(lock: Lock, architecture: Platform['architecture']): DebianPackage[] {
  return lock.packages.filter((one) => one.architecture === 'all' || one.architecture === architecture)
}

/** The release that `/etc/os-release` tells. */
export function releaseOf(osRelease: string): Lock['release'] {
  const value = (key: string) => new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(osRelease)?.[1] || 'unknown'
  return { id: value('ID'), versionId: value('VERSION_ID'), codename: value('VERSION_CODENAME') }
}

function keyOf({ name, architecture }: DebianPackage): string {
  return `${name} ${architecture}`
}
