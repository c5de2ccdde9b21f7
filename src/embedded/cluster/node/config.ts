import { join } from 'node:path'
import { stringify } from 'yaml'
import { SecaError } from '../../../errors.ts'
import type { Pki } from '../pki.ts'
import type { Addresses } from './addresses.ts'
import { BRIDGE } from './space.ts'

export const PAUSE_IMAGE = 'localhost/pause:1'

interface Context {
  readonly dataDir: string
  readonly addresses: Addresses
}

/** Of pods: a bridge, and addresses from the node's network. */
export function cniConfig({ dataDir, addresses: { pods, firstPod, node } }: Context): string {
  const ipam = {
    type: 'host-local',
    dataDir: join(dataDir, 'run', 'ipam'),
    ranges: [[{ subnet: pods, rangeStart: firstPod, gateway: node }]],
    routes: [{ dst: '0.0.0.0/0' }],
  }
  return JSON.stringify({
    cniVersion: '0.4.0',
    name: 'seca',
    plugins: [
      { type: 'bridge', bridge: BRIDGE, isGateway: true, hairpinMode: true, ipam },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  })
}

/** Longest path of a Unix socket, in bytes: `sun_path` without its end. */
const MAX_SOCKET = 107

/** Throws where a data folder's path is too long for the sockets in it. */
export function requireShortPath(dataDir: string): void {
  const spare = MAX_SOCKET - Buffer.byteLength(`${socketOf(dataDir)}.ttrpc`)
  if (spare < 0)
    throw new SecaError('InvalidConfiguration', `${dataDir} is ${-spare} bytes too long for a node's sockets: choose a shorter --data-dir`)
}

export const socketOf = (dataDir: string): string => join(dataDir, 'run', 'containerd', 'containerd.sock')

/** TOML. */
export function containerdConfig(dataDir: string, plugins: string): string {
  return `version = 2
root = ${JSON.stringify(join(dataDir, 'containerd'))}
state = ${JSON.stringify(join(dataDir, 'run', 'containerd'))}
[grpc]
  address = ${JSON.stringify(socketOf(dataDir))}
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${JSON.stringify(PAUSE_IMAGE)}
  netns_mounts_under_state_dir = true
  # Where a kernel does not let us lower it, no container would start.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = ${JSON.stringify(plugins)}
    conf_dir = ${JSON.stringify(join(dataDir, 'cni'))}
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
`
}

/** KubeletConfiguration. */
export function kubeletConfig({ dataDir, addresses, pki, cgroup }: Context & { readonly pki: Pki; readonly cgroup: string }): string {
  return stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: addresses.node,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: pki.path('ca.crt') } },
    authorization: { mode: 'Webhook' },
    tlsCertFile: pki.path('kubelet-serving.crt'),
    tlsPrivateKeyFile: pki.path('kubelet-serving.key'),
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    failCgroupV1: false,
    failSwapOn: false,
    enforceNodeAllocatable: [],
    containerRuntimeEndpoint: `unix://${socketOf(dataDir)}`,
    healthzBindAddress: '127.0.0.1',
    // No DNS runs here: an operator's pods find kube-apiserver by its address. A cluster DNS could be named here.
    resolvConf: join(dataDir, 'resolv.conf'),
    podLogsDir: join(dataDir, 'pod-logs'),
    volumePluginDir: join(dataDir, 'volume-plugins'),
    // The disk is the machine's: a full one is its owner's business.
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%', 'nodefs.inodesFree': '1%' },
    imageGCHighThresholdPercent: 100,
    registerNode: true,
    // What is watched is only a Secret or a ConfigMap: changes arrive in a second, not a minute.
    syncFrequency: '5s',
    shutdownGracePeriod: '0s',
  })
}

/** KubeProxyConfiguration. */
export function proxyConfig({ addresses, kubeconfig }: Context & { readonly kubeconfig: string }): string {
  return stringify({
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    bindAddress: addresses.node,
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    mode: 'iptables',
    // Pods and the host share a bridge: an answer that did not come back through the node would be nobody's.
    iptables: { masqueradeAll: true },
    clusterCIDR: addresses.pods,
    hostnameOverride: NODE,
    clientConnection: { kubeconfig },
    // Values of the machine, which are not ours.
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  })
}

export const NODE = 'node-1'
