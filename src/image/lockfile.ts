import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

export interface LockedPackage {
  readonly version: string
  /** `sha512-…` in base64 (W3C Subresource Integrity). */
  readonly integrity?: string
  readonly license?: string
}

/** The packages of package-lock.json by their path: `node_modules/undici`. */
export function lockedPackages(): Readonly<Record<string, LockedPackage>> {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, LockedPackage> }
  return packages
}
