import { join } from 'node:path'
import type { Pki } from './pki.ts'

/** Listeners of the control plane, all on 127.0.0.1. */
export const PORTS = ['apiserver', 'etcd', 'etcdPeer'] as const
export type Ports = Record<(typeof PORTS)[number], number>

interface Context {
  readonly dataDir: string
  readonly pki: Pki
  readonly ports: Ports
  /** kubeconfig of the controller manager */
  readonly kubeconfig: string
}

export function etcdFlags({ dataDir, pki, ports, unsafeNoFsync }: Context & { unsafeNoFsync: boolean }): string[] {
  const client = `https://127.0.0.1:${ports.etcd}`
  const peer = `https://127.0.0.1:${ports.etcdPeer}`
  const tls = (prefix: '' | 'peer-') => [
    `--${prefix}cert-file=${pki.path('etcd.crt')}`,
    `--${prefix}key-file=${pki.path('etcd.key')}`,
    `--${prefix}trusted-ca-file=${pki.path('etcd-ca.crt')}`,
    `--${prefix}client-cert-auth=true`,
  ]
  return [
    `--data-dir=${join(dataDir, 'etcd')}`,
    '--name=seca',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=seca=${peer}`,
    '--quota-backend-bytes=4294967296',
    '--log-level=warn',
    ...tls(''),
    ...tls('peer-'),
    ...(unsafeNoFsync ? ['--unsafe-no-fsync=true'] : []),
  ]
}

/** Of a control plane with a node: kubelets, pods and Services. */
interface NodeContext {
  /** The node's address. */
  readonly node: string
  /** CIDR of the Services. */
  readonly services: string
}

export function apiserverFlags({ dataDir, pki, ports }: Context, node?: NodeContext): string[] {
  return [
    ...(node ? nodeFlags(pki, node) : LOOPBACK_FLAGS),
    `--secure-port=${ports.apiserver}`,
    `--cert-dir=${join(dataDir, 'pki')}`,
    `--tls-cert-file=${pki.path('apiserver.crt')}`,
    `--tls-private-key-file=${pki.path('apiserver.key')}`,
    `--client-ca-file=${pki.path('ca.crt')}`,
    `--etcd-servers=https://127.0.0.1:${ports.etcd}`,
    `--etcd-cafile=${pki.path('etcd-ca.crt')}`,
    `--etcd-certfile=${pki.path('etcd-client.crt')}`,
    `--etcd-keyfile=${pki.path('etcd-client.key')}`,
    `--requestheader-client-ca-file=${pki.path('front-proxy-ca.crt')}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${pki.path('front-proxy-client.crt')}`,
    `--proxy-client-key-file=${pki.path('front-proxy-client.key')}`,
    // Aggregator routing by Endpoints stays off: it cannot follow a Service of type ExternalName (architecture §6).
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${pki.path('service-account.pub')}`,
    `--service-account-signing-key-file=${pki.path('service-account.key')}`,
    `--authorization-mode=${node ? 'Node,RBAC' : 'RBAC'}`,
    '--profiling=false',
  ]
}

const LOOPBACK_FLAGS = [
  '--bind-address=127.0.0.1',
  '--advertise-address=127.0.0.1',
  // Loopback addresses are not allowed in Endpoints, and no Service network runs here.
  '--endpoint-reconciler-type=none',
  '--service-cluster-ip-range=10.0.0.0/24',
]

function nodeFlags(pki: Pki, { node, services }: NodeContext): string[] {
  return [
    `--bind-address=${node}`,
    `--advertise-address=${node}`,
    `--service-cluster-ip-range=${services}`,
    '--allow-privileged=true',
    '--enable-admission-plugins=NodeRestriction',
    `--kubelet-client-certificate=${pki.path('kubelet-client.crt')}`,
    `--kubelet-client-key=${pki.path('kubelet-client.key')}`,
    `--kubelet-certificate-authority=${pki.path('ca.crt')}`,
    // Nobody resolves the names of nodes here.
    '--kubelet-preferred-address-types=InternalIP',
  ]
}

/** What the tests and the examples need, and nothing that looks for nodes or pods. */
const CONTROLLERS = [
  'namespace-controller',
  'garbage-collector-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'root-ca-certificate-publisher-controller',
  'clusterrole-aggregation-controller',
]

export function controllerManagerFlags({ pki, kubeconfig }: Context, hasNode = false): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    // With a node all of them.
    ...(hasNode ? [] : [`--controllers=${CONTROLLERS.join(',')}`]),
    '--secure-port=0',
    '--leader-elect=false',
    '--kube-api-qps=200',
    '--kube-api-burst=400',
    `--root-ca-file=${pki.path('ca.crt')}`,
    `--service-account-private-key-file=${pki.path('service-account.key')}`,
    '--profiling=false',
  ]
}
