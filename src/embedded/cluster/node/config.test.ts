import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { ensurePki } from '../pki.ts'
import { candidates } from './addresses.ts'
import { cniConfig, containerdConfig, kubeletConfig, PAUSE_IMAGE, proxyConfig, socketOf, requireShortPath } from './config.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'seca-node-'))
const [addresses] = candidates([], dataDir)
if (addresses === undefined) throw new Error('no network')
const { node, pods, firstPod } = addresses

test('pods get addresses of the node’s network, none of which is the node’s or this machine’s', () => {
  const { plugins } = JSON.parse(cniConfig({ dataDir, addresses })) as { plugins: { ipam?: { dataDir: string; ranges: object[][] } }[] }
  expect(plugins[0]?.ipam).toMatchObject({
    dataDir: join(dataDir, 'run/ipam'),
    ranges: [[{ subnet: pods, rangeStart: firstPod, gateway: node }]],
  })
})

test('containerd keeps all in the data folder, and asks nobody for the pause image', () => {
  const config = containerdConfig(dataDir, '/plugins')
  for (const line of [
    `root = "${dataDir}/containerd"`,
    `state = "${dataDir}/run/containerd"`,
    `address = "${socketOf(dataDir)}"`,
    `sandbox_image = "${PAUSE_IMAGE}"`,
    'bin_dir = "/plugins"',
    `conf_dir = "${dataDir}/cni"`,
  ])
    expect(config).toContain(line)
})

test('kubelet keeps to its group and folder, and lets in whom kube-apiserver knows', () => {
  const pki = ensurePki(join(dataDir, 'pki'), addresses)
  expect(parse(kubeletConfig({ dataDir, addresses, pki, cgroup: 'group' }))).toMatchObject({
    address: node,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
    authorization: { mode: 'Webhook' },
    cgroupRoot: '/group',
    containerRuntimeEndpoint: `unix://${socketOf(dataDir)}`,
    podLogsDir: join(dataDir, 'pod-logs'),
    failCgroupV1: false,
  })
})

test('kube-proxy leaves the values of the machine alone', () => {
  expect(parse(proxyConfig({ dataDir, addresses, kubeconfig: '/k' }))).toMatchObject({
    bindAddress: node,
    clusterCIDR: pods,
    clientConnection: { kubeconfig: '/k' },
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  })
})

test('a folder whose sockets could not be opened is refused before anything starts', () => {
  const longest = `/${'d'.repeat(107 - 1 - '/run/containerd/containerd.sock.ttrpc'.length)}`
  expect(() => requireShortPath(longest)).not.toThrow()
  expect(() => requireShortPath(`${longest}d`)).toThrow("is 1 bytes too long for a node's sockets: choose a shorter --data-dir")
})
