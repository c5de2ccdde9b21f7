import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Go module that names the programs as tools. Its versions are those of the programs, wherever they come from. */
export const MODULE = import.meta.dirname

/** Program → Go package, in the order of building. */
export const PROGRAMS = {
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
  etcd: 'go.etcd.io/etcd/server/v3',
} as const
export type Program = keyof typeof PROGRAMS
export const NAMES = Object.keys(PROGRAMS) as Program[]

/** With those and a container runtime, a whole node. */
export const NODE_PROGRAMS = {
  'kube-proxy': 'k8s.io/kubernetes/cmd/kube-proxy',
  'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  kubelet: 'k8s.io/kubernetes/cmd/kubelet',
} as const

/** What backs up and restores etcd. */
export const ETCD_TOOLS = {
  etcdctl: 'go.etcd.io/etcd/etcdctl/v3',
  etcdutl: 'go.etcd.io/etcd/etcdutl/v3',
} as const

const goMod = readFileSync(join(MODULE, 'go.mod'), 'utf8')

/** `v1.36.3` */
export const KUBERNETES = versionOf('k8s.io/kubernetes')
/** `v3.6.8` */
export const ETCD = versionOf('go.etcd.io/etcd/server/v3')

function versionOf(module: string): string {
  const line = goMod.split('\n').find((one) => one.trim().startsWith(`${module} v`))
  return line?.trim().split(' ')[1] ?? ''
}
