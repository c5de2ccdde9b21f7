import { expect, test } from 'vitest'
import { apiserverFlags, controllerManagerFlags } from './flags.ts'
import type { Pki } from './pki.ts'

const pki: Pki = { path: (file) => `/pki/${file}`, read: () => '' }
const context = { dataDir: '/data', pki, ports: { apiserver: 1, etcd: 2, etcdPeer: 3 }, kubeconfig: '/k' }
const node = { node: '10.128.0.1', services: '10.192.0.0/16' }

test('without a node, kube-apiserver is on loopback alone and knows no kubelet', () => {
  const flags = apiserverFlags(context)
  expect(flags).toEqual(
    expect.arrayContaining(['--bind-address=127.0.0.1', '--endpoint-reconciler-type=none', '--authorization-mode=RBAC']),
  )
  expect(flags.join(' ')).not.toContain('kubelet')
})

test('with a node, kube-apiserver is on its address, and a kubelet may do what its node needs', () => {
  const flags = apiserverFlags(context, node)
  expect(flags).toEqual(
    expect.arrayContaining([
      '--bind-address=10.128.0.1',
      '--advertise-address=10.128.0.1',
      '--service-cluster-ip-range=10.192.0.0/16',
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--kubelet-client-certificate=/pki/kubelet-client.crt',
      '--kubelet-certificate-authority=/pki/ca.crt',
      '--kubelet-preferred-address-types=InternalIP',
    ]),
  )
  expect(flags.join(' ')).not.toMatch(/address=127|reconciler-type/)
})

test('no flag is given twice', () => {
  for (const flags of [
    apiserverFlags(context),
    apiserverFlags(context, node),
    controllerManagerFlags(context),
    controllerManagerFlags(context, true),
  ]) {
    const names = flags.map((flag) => flag.split('=')[0])
    expect(new Set(names).size).toBe(names.length)
  }
})

test('controllers of pods and Services run with a node only', () => {
  expect(controllerManagerFlags(context).find((flag) => flag.startsWith('--controllers='))).not.toContain('endpointslice')
  expect(controllerManagerFlags(context, true).some((flag) => flag.startsWith('--controllers='))).toBe(false)
})
