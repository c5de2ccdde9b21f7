import { expect, it } from 'vitest'
import { ETCD, KUBERNETES, NAMES } from './versions.ts'

it('versions are those of go.mod', () => {
  expect([KUBERNETES, ETCD]).toEqual([expect.stringMatching(/^v1\.\d+\.\d+$/), expect.stringMatching(/^v3\.\d+\.\d+$/)])
  expect(NAMES.toSorted()).toEqual(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'])
})
