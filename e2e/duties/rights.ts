import { KUBERNETES } from '../../src/kube/builtin.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { applyObject, SERVICE_ACCOUNT } from '../../src/processes/install.ts'
import { apiServicePolicy } from '../../src/schema/policy.ts'
import {
  aggregationNamespaceRules,
  aggregationRules,
  declaredRules,
  managedTlsRules,
  type PolicyRule,
  pruneRules,
} from '../../src/schema/rbac.ts'
import { OPERATOR_NAMESPACE } from '../support/names.ts'

const NAME = 'seca-controllers-duties'

/** What the controllers may do besides, when they have duties: as the chart renders it for values that ask for all of them. */
export async function grantDuties(client: KubeClient, secret: string): Promise<void> {
  await grant(client, 'ClusterRole', [...aggregationRules(), ...declaredRules(), ...pruneRules()])
  await grant(client, 'Role', [...aggregationNamespaceRules(), ...managedTlsRules(secret)])
  for (const policy of apiServicePolicy(SERVICE_ACCOUNT, OPERATOR_NAMESPACE))
    await applyObject(client, KUBERNETES[policy['kind'] as 'ValidatingAdmissionPolicy'], policy)
}

async function grant(client: KubeClient, kind: 'ClusterRole' | 'Role', rules: readonly PolicyRule[]): Promise<void> {
  const apiVersion = 'rbac.authorization.k8s.io/v1'
  const metadata = { name: NAME, ...(kind === 'Role' ? { namespace: OPERATOR_NAMESPACE } : {}) }
  await applyObject(client, KUBERNETES[kind], { apiVersion, kind, metadata, rules })
  await applyObject(client, KUBERNETES[`${kind}Binding`], {
    apiVersion,
    kind: `${kind}Binding`,
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: NAME },
    subjects: [{ kind: 'ServiceAccount', name: SERVICE_ACCOUNT, namespace: OPERATOR_NAMESPACE }],
  })
}
