import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, inject } from 'vitest'
import { type ControlPlane, startControlPlane } from '../../src/embedded/cluster/control-plane.ts'
import { apiserverCases, THINGS } from '../../src/kube/apiserver-cases-testing.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { connect } from '../../src/kube/config.ts'
import { eventually } from '../support/harness.ts'

/** What unit tests believe of an apiserver, asked of a real one. */
let plane: ControlPlane
let dataDir: string
let client: KubeClient

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), `seca-e2e-${process.pid}-`))
  const assets = inject('assets')
  plane = await startControlPlane({ dataDir, assets, controllerManager: false, log: () => undefined, unsafeNoFsync: true })
  client = connect({ kubeconfig: plane.kubeconfig, userAgent: 'seca-operator/e2e' })
  const { group, resource, kind, version: name } = THINGS
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  await client.create(KUBERNETES.CustomResourceDefinition, undefined, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${resource}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural: resource },
      versions: [{ name, served: true, storage: true, subresources: { status: {} }, schema }],
    },
  })
  await eventually(
    async () =>
      (await client
        .list(THINGS, { namespace: 'default' })
        .next()
        .catch(() => undefined)) !== undefined,
  )
})
afterAll(async () => {
  await client?.close()
  await plane?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

apiserverCases(() => client, 'default')
