import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { write } from '../process/private-file.ts'
import { createAuthority, createSigningKey, issue, type KeyPair, type Leaf } from '../../x509.ts'

/** All certificates of the embedded control plane, as files. */
export interface Pki {
  /** Path of a file of the PKI, for command lines. */
  path(file: PkiFile): string
  read(file: PkiFile): string
}

const LOOPBACK = ['127.0.0.1', 'localhost']

/** Who may sign for whom: a Kubernetes client certificate opens neither etcd nor the front-proxy door. */
const AUTHORITIES = ['ca', 'front-proxy-ca', 'etcd-ca'] as const
type AuthorityName = (typeof AUTHORITIES)[number]

const LEAVES = {
  apiserver: {
    by: 'ca',
    commonName: 'kube-apiserver',
    usages: ['server'],
    hosts: [...LOOPBACK, 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', '10.0.0.1'],
  },
  admin: { by: 'ca', commonName: 'seca-admin', organizations: ['system:masters'], usages: ['client'] },
  'controller-manager': { by: 'ca', commonName: 'system:kube-controller-manager', organizations: ['system:masters'], usages: ['client'] },
  'front-proxy-client': { by: 'front-proxy-ca', commonName: 'front-proxy-client', usages: ['client'] },
  // The Service's name is what kube-apiserver looks for.
  api: { by: 'ca', commonName: 'seca-api', usages: ['server'], hosts: [...LOOPBACK, 'seca-api.seca-system.svc'] },
  etcd: { by: 'etcd-ca', commonName: 'etcd', usages: ['server', 'client'], hosts: LOOPBACK },
  'etcd-client': { by: 'etcd-ca', commonName: 'kube-apiserver', usages: ['client'] },
} as const satisfies Record<string, Leaf & { by: AuthorityName }>

/** What a node needs besides. Its control plane listens on the node's address, too. */
const nodeLeaves = (address: string) =>
  ({
    kubelet: { by: 'ca', commonName: 'system:node:node-1', organizations: ['system:nodes'], usages: ['client'] },
    'kubelet-serving': { by: 'ca', commonName: 'node-1', usages: ['server'], hosts: [address, 'node-1'] },
    'kubelet-client': { by: 'ca', commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'], usages: ['client'] },
    scheduler: { by: 'ca', commonName: 'system:kube-scheduler', usages: ['client'] },
    proxy: { by: 'ca', commonName: 'system:kube-proxy', usages: ['client'] },
  }) as const satisfies Record<string, Leaf & { by: AuthorityName }>

type Pair = AuthorityName | keyof typeof LEAVES | keyof ReturnType<typeof nodeLeaves>
type PkiFile = `${Pair}.crt` | `${Pair}.key` | 'service-account.pub' | 'service-account.key'

interface NodeAddresses {
  readonly node: string
  /** Of the Service `kubernetes`. */
  readonly apiserver: string
}

/** Makes the PKI in `dir`, or takes what is there: the same after every start, so tokens and kubeconfigs stay valid. */
export function ensurePki(dir: string, node?: NodeAddresses): Pki {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const authorities = new Map<AuthorityName, KeyPair>()
  for (const name of AUTHORITIES)
    authorities.set(
      name,
      pair(dir, name, () => createAuthority(`seca-embedded-${name}`)),
    )
  const { apiserver } = LEAVES
  const more = node && { ...nodeLeaves(node.node), apiserver: { ...apiserver, hosts: [...apiserver.hosts, node.node, node.apiserver] } }
  for (const [name, leaf] of Object.entries({ ...LEAVES, ...more })) {
    const authority = authorities.get(leaf.by)
    if (authority) pair(dir, name, () => issue(authority, leaf))
  }
  if (!existsSync(join(dir, 'service-account.pub'))) {
    const signing = createSigningKey()
    write(join(dir, 'service-account.key'), signing.key)
    write(join(dir, 'service-account.pub'), signing.publicKey)
  }
  const path = (file: PkiFile) => join(dir, file)
  return { path, read: (file) => readFileSync(path(file), 'utf8') }
}

// The certificate is written last: where it exists, its key does too.
function pair(dir: string, name: string, make: () => KeyPair): KeyPair {
  const [cert, key] = [join(dir, `${name}.crt`), join(dir, `${name}.key`)]
  if (existsSync(cert)) return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
  const made = make()
  write(key, made.key)
  write(cert, made.cert)
  return made
}
