import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SecaError } from '../errors.ts'

/** An npm package as package-lock.json has it. */
export interface NpmPackage {
  readonly name: string
  readonly version: string
  /** SPDX identifier or expression */
  readonly license?: string
  /** `sha512-…` of the published archive, in base64 */
  readonly integrity: string
  /** `node_modules/zod` */
  readonly folder: string
}

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly version: string; readonly license?: string; readonly integrity?: string }>>
}

/** What package-lock.json of a checkout says about packages. Throws when it does not know one, or not its checksum. */
export function lockedPackages(root: string, folders: readonly string[]): NpmPackage[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as LockFile
  return folders.map((folder) => {
    const { version, license, integrity } = packages[folder] ?? {}
    if (version === undefined || integrity === undefined)
      throw new SecaError('InvalidConfiguration', `package-lock.json has no checksum of ${folder}; run npm install and try again`)
    return {
      name: folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version,
      ...(license && { license }),
      integrity,
      folder,
    }
  })
}

/**
 * Licences of packages with their notices, which have to go where their code goes. Throws when a package has no such file and no
 * licence in its package.json.
 */
export function noticesOf(root: string, packages: readonly NpmPackage[]): string {
  const parts = packages.map(({ name, version, license, folder }) => {
    const files = readdirSync(join(root, folder)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
    if (files.length === 0 && license === undefined) throw new SecaError('InvalidConfiguration', `${name} ${version} has no licence`)
    const texts = files.toSorted().map((file) =>
      readFileSync(join(root, folder, file), 'utf8')
        .replaceAll('\r\n', '\n')
        .trim(),
    )
    return [`${name} ${version} (${license ?? 'see below'})`, ...texts].join('\n\n')
  })
  return `${['Packages that are part of seca-operator.mjs, and their licences.', ...parts].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}
