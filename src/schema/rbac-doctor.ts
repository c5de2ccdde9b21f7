import { KINDS } from '../kinds/index.ts'
import { apiServicePolicy, tenantPolicy } from './policy.ts'
import { binding, clusterRole, forKinds, isOpen, type Manifest, type PolicyRule, role, rule } from './rbac.ts'

/** ServiceAccount of `doctor` in a pod of its own, and name of its roles. */
export const DOCTOR_ACCOUNT = 'seca-doctor'

/** What `doctor` reads in the whole cluster, so that it has to leave nothing unchecked; it writes nothing, and asks what others may do. */
export function doctorRules(): PolicyRule[] {
  const policies = [...tenantPolicy(), ...apiServicePolicy('', '')].map(({ metadata }) => (metadata as { name: string }).name)
  return [
    ...forKinds(
      KINDS.filter((kind) => kind.status && !isOpen(kind)),
      ['list'],
    ),
    // get: whose the cluster is stands in namespace default, which one it is in kube-system.
    rule('', ['namespaces'], ['list']),
    rule('', ['namespaces'], ['get'], ['default', 'kube-system']),
    rule(
      'apiextensions.k8s.io',
      ['customresourcedefinitions'],
      ['get'],
      KINDS.map((kind) => `${kind.gvr.resource}.${kind.gvr.group}`),
    ),
    rule(
      'admissionregistration.k8s.io',
      ['validatingadmissionpolicies', 'validatingadmissionpolicybindings'],
      ['get'],
      [...new Set(policies)],
    ),
    rule('apiregistration.k8s.io', ['apiservices'], ['list']),
    rule('authorization.k8s.io', ['subjectaccessreviews'], ['create']),
  ]
}

/** What it reads in the operator's own namespace only. */
export function doctorNamespaceRules(): PolicyRule[] {
  return [
    // Of the certificate, and of accounts in the clouds: whatever CloudProviders name. As the controllers, it cannot look which there are.
    rule('', ['secrets'], ['get']),
    rule('', ['configmaps'], ['get'], ['seca-installation', 'seca-tokens']),
    rule('', ['pods'], ['list']),
    rule('apps', ['deployments'], ['list']),
    rule('coordination.k8s.io', ['leases'], ['get', 'list']),
  ]
}

/** Everything that `doctor` needs in a pod, ready to apply. */
export function doctorRoles(namespace: string): Manifest[] {
  const subject = { kind: 'ServiceAccount', name: DOCTOR_ACCOUNT, namespace }
  return [
    clusterRole(DOCTOR_ACCOUNT, doctorRules()),
    role(DOCTOR_ACCOUNT, namespace, doctorNamespaceRules()),
    binding('ClusterRoleBinding', DOCTOR_ACCOUNT, undefined, [subject], `${DOCTOR_ACCOUNT}:${namespace}`),
    binding('RoleBinding', DOCTOR_ACCOUNT, namespace, [subject]),
  ]
}
