import type { DebianPackage, Lock } from './debian.ts'
import type { NpmPackage } from './packages.ts'

/** What an image is made of. */
export interface Ingredients {
  readonly version: string
  /** SPDX identifier of our own licence */
  readonly license: string
  readonly architecture: 'amd64' | 'arm64'
  /** `sha256:…` of the manifest */
  readonly digest: string
  readonly node: NpmPackage
  readonly packages: readonly NpmPackage[]
  readonly debian: readonly DebianPackage[]
  readonly release: Lock['release']
}

/** Software bill of materials in CycloneDX 1.6 (cyclonedx.org/docs/1.6/json): of the image, what is in it and under which licence. */
export function sbomOf({ version, license, architecture, digest, node, packages, debian, release }: Ingredients): object {
  const subject = {
    type: 'container',
    'bom-ref': 'image',
    name: 'seca-operator',
    version,
    purl: `pkg:oci/seca-operator@${encodeURIComponent(digest)}?arch=${architecture}&tag=${version}`,
    licenses: licensesOf(license),
    hashes: [{ alg: 'SHA-256', content: digest.replace('sha256:', '') }],
  }
  const components = [nodeComponent(node), ...packages.map(npmComponent), ...debian.map((one) => debianComponent(one, release))]
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: subject },
    components,
    dependencies: [{ ref: 'image', dependsOn: components.map((one) => one['bom-ref']) }],
  }
}

function npmComponent(found: NpmPackage) {
  const { name, version, license } = found
  const [group, short] = name.startsWith('@') ? name.split('/') : [undefined, name]
  const purl = purlOf(found)
  return {
    type: 'library',
    'bom-ref': purl,
    ...(group !== undefined && { group }),
    name: short ?? name,
    version,
    purl,
    ...(license !== undefined && { licenses: licensesOf(license) }),
    hashes: [sha512(found)],
  }
}

// The project, with its npm package as the way by which it came: scanners look vulnerabilities of Node.js up by the former.
function nodeComponent(found: NpmPackage) {
  const { version } = found
  return {
    type: 'platform',
    'bom-ref': `pkg:generic/node@${version}`,
    name: 'node',
    version,
    purl: `pkg:generic/node@${version}`,
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    licenses: licensesOf('MIT'),
    externalReferences: [{ type: 'distribution', url: purlOf(found), hashes: [sha512(found)] }],
  }
}

function debianComponent(found: DebianPackage, release: Lock['release']) {
  const { name, version, sha256 } = found
  const purl = debianPurl(found, release)
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
    // Debian has texts, not identifiers.
    licenses: [{ license: { name: `see /usr/share/doc/${name}/copyright in the image` } }],
    hashes: [{ alg: 'SHA-256', content: sha256 }],
  }
}

/** `pkg:npm/%40scope/name@1.0.0` */
export function purlOf({ name, version }: Pick<NpmPackage, 'name' | 'version'>): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`
}

/** `pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12` */
export function debianPurl({ name, version, architecture }: DebianPackage, { id, versionId }: Lock['release']): string {
  return `pkg:deb/${id}/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}&distro=${id}-${versionId}`
}

function sha512({ integrity }: NpmPackage) {
  return { alg: 'SHA-512', content: Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex') }
}

function licensesOf(license: string): object[] {
  return [/[ ()]/.test(license) ? { expression: license } : { license: { id: license } }]
}
