import { type Entry, layer, type Layer } from './archive.ts'
import type { Fetched } from './debian.ts'
import type { NodeFiles } from './node.ts'
import { unpackDebian } from './unpack.ts'

const CERTIFICATES = 'etc/ssl/certs/ca-certificates.crt'

/** Objects that Node's program names, and those by which the C library finds hosts. */
const LIBRARY = /^(usr\/)?lib(64)?\/(.*\/)?(ld-linux|lib(atomic|c|dl|gcc_s|m|nss_dns|nss_files|pthread|resolv|stdc\+\+)\.so)/
const COPYRIGHT = /^usr\/share\/doc\/[^/]+(\/copyright)?$/

export const CONFIG = {
  Entrypoint: ['/usr/local/bin/node', '--max-semi-space-size=4', '/app/seca-operator.mjs'],
  User: '65532:65532',
  // The installation's own CAs can be mounted over the file; those that Node brings hold as well.
  Env: ['PATH=/usr/local/bin', `SSL_CERT_FILE=/${CERTIFICATES}`, 'NODE_USE_SYSTEM_CA=1'],
}

/** The layers from what changes least to what changes most: a new version of ours is a small download. */
export async function layersOf(parts: {
  readonly packages: readonly Fetched[]
  readonly node: NodeFiles
  readonly bundle: Uint8Array
  readonly licence: Uint8Array
}): Promise<Layer[]> {
  const { packages, node, bundle, licence } = parts
  return [
    await layer('C library, CA certificates', await base(packages)),
    await layer('Node.js', [
      { path: 'usr/local/bin/node', mode: 0o755, content: node.program },
      { path: 'usr/share/doc/node/LICENSE', content: node.licence },
    ]),
    await layer('SECA operator', [
      { path: 'app/seca-operator.mjs', content: bundle },
      { path: 'usr/share/doc/seca-operator/LICENSE', content: licence },
    ]),
  ]
}

async function base(packages: readonly Fetched[]): Promise<Entry[]> {
  const isCertificate = (path: string) => /^usr\/share\/ca-certificates\/.*\.crt$/.test(path)
  const unpacked: Entry[] = []
  for (const { file } of packages)
    unpacked.push(...(await unpackDebian(file, (path) => LIBRARY.test(path) || COPYRIGHT.test(path) || isCertificate(path))))
  const certificates = unpacked.filter(({ path }) => isCertificate(path)).toSorted((a, b) => (a.path < b.path ? -1 : 1))
  return [
    ...unpacked.filter(({ path }) => !isCertificate(path)),
    { path: CERTIFICATES, content: Buffer.concat(certificates.map(({ content }) => content ?? new Uint8Array())) },
    { path: 'etc/passwd', content: text('root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n') },
    { path: 'etc/group', content: text('root:x:0:\nnonroot:x:65532:\n') },
    { path: 'etc/nsswitch.conf', content: text('hosts: files dns\n') },
    { path: 'tmp', mode: 0o1777 },
  ]
}

const text = (content: string): Uint8Array => Buffer.from(content)
