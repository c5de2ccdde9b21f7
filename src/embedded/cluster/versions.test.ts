import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ETCD, ETCD_TOOLS, KUBERNETES, MODULE, NAMES } from './versions.ts'

it('versions are those of go.mod', () => {
  expect([KUBERNETES, ETCD]).toEqual([expect.stringMatching(/^v1\.\d+\.\d+$/), expect.stringMatching(/^v3\.\d+\.\d+$/)])
  expect(NAMES.toSorted()).toEqual(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'])
})

it('of etcd’s tools is that of the server, whose files they write', () => {
  const goMod = readFileSync(join(MODULE, 'etcd', 'go.mod'), 'utf8')
  for (const path of Object.values(ETCD_TOOLS)) expect(goMod).toContain(`\t${path} ${ETCD} // indirect\n`)
})
