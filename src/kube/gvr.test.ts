import { expect, it } from 'vitest'
import { KUBERNETES } from './builtin.ts'
import { apiVersionOf, pathOf } from './gvr.ts'

const { ConfigMap, Namespace, Lease } = KUBERNETES

it.each([
  [pathOf(ConfigMap, 'ns'), '/api/v1/namespaces/ns/configmaps'],
  [pathOf(ConfigMap, 'ns', 'a'), '/api/v1/namespaces/ns/configmaps/a'],
  [pathOf(ConfigMap, undefined), '/api/v1/configmaps'],
  [pathOf(Namespace, 'ns', 'a'), '/api/v1/namespaces/a'],
  [pathOf(Lease, 'ns', 'a', 'status'), '/apis/coordination.k8s.io/v1/namespaces/ns/leases/a/status'],
  [pathOf(Lease, 'a/b', 'c?d'), '/apis/coordination.k8s.io/v1/namespaces/a%2Fb/leases/c%3Fd'],
  [apiVersionOf(ConfigMap), 'v1'],
  [apiVersionOf(Lease), 'coordination.k8s.io/v1'],
])('%s', (made, expected) => expect(made).toBe(expected))
