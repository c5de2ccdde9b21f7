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

export function apiserverFlags({ dataDir, pki, ports }: Context): string[] {
  return [
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${ports.apiserver}`,
    // Loopback addresses are not allowed in Endpoints, and no Service network runs here.
    '--endpoint-reconciler-type=none',
    '--service-cluster-ip-range=10.0.0.0/24',
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
    '--authorization-mode=RBAC',
    '--profiling=false',
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

export function controllerManagerFlags({ pki, kubeconfig }: Context): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--controllers=${CONTROLLERS.join(',')}`,
    '--secure-port=0',
    '--leader-elect=false',
    '--kube-api-qps=200',
    '--kube-api-burst=400',
    `--root-ca-file=${pki.path('ca.crt')}`,
    `--service-account-private-key-file=${pki.path('service-account.key')}`,
    '--profiling=false',
  ]
}
