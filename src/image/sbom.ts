import { createHash } from 'node:crypto'
import { type Platform } from './archive.ts'
import type { Fetched } from './debian.ts'
import type { LockedPackage } from './lockfile.ts'
import { nodePackage } from './node.ts'

/** What an image is made of. */
export interface Ingredients {
  readonly platform: Platform
  readonly version: string
  /** Paths in the lock file of the packages in the bundle. */
  readonly bundled: readonly string[]
  readonly locked: Readonly<Record<string, LockedPackage>>
  readonly debian: readonly Fetched[]
}

interface Component {
  readonly type: string
  readonly 'bom-ref': string
  readonly name: string
  readonly version: string
  readonly purl: string
  readonly licenses?: readonly { readonly expression: string }[]
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[]
}

/** Everything in an image that is not ours, each with its package URL and checksum. */
export function components({ platform, bundled, locked, debian }: Ingredients): Component[] {
  const node = `node_modules/${nodePackage(platform)}`
  return [
    ...[...bundled, node].map((path) => npmComponent(path, locked[path])),
    ...debian.map(({ name, version, sha256 }) => {
      const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}`
      return { type: 'library', 'bom-ref': purl, name, version, purl, hashes: [{ alg: 'SHA-256', content: sha256 }] }
    }),
  ]
}

function npmComponent(path: string, { version, license, integrity }: LockedPackage = { version: 'unknown' }): Component {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
  const content = integrity?.startsWith('sha512-') ? Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex') : undefined
  return {
    type: name.startsWith('node-linux-') ? 'platform' : 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
    ...(license === undefined ? {} : { licenses: [{ expression: license }] }),
    ...(content === undefined ? {} : { hashes: [{ alg: 'SHA-512', content }] }),
  }
}

/** CycloneDX 1.6 (ECMA-424). Its serial number follows from what is in it, so that the same image has the same document. */
export function sbom(ingredients: Ingredients, digest: string): object {
  const { version } = ingredients
  const all = components(ingredients)
  const seed = createHash('sha256')
    .update(JSON.stringify([digest, all]))
    .digest('hex')
  // A UUID of version 8 (RFC 9562): its bits are the maker's own.
  const uuid = [seed.slice(0, 8), seed.slice(8, 12), `8${seed.slice(13, 16)}`, `a${seed.slice(17, 20)}`, seed.slice(20, 32)].join('-')
  const self = `pkg:oci/seca-operator@${encodeURIComponent(digest)}`
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuid}`,
    version: 1,
    metadata: { component: { type: 'container', 'bom-ref': self, name: 'seca-operator', version, purl: self } },
    components: all,
    dependencies: [{ ref: self, dependsOn: all.map((one) => one['bom-ref']) }],
  }
}
