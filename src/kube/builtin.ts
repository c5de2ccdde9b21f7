import type { GroupVersionResource } from './gvr.ts'

const core = (resource: string, kind: string, namespaced = true): GroupVersionResource => ({
  group: '',
  version: 'v1',
  resource,
  kind,
  namespaced,
})
const rbac = (resource: string, kind: string, namespaced: boolean): GroupVersionResource => ({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  resource,
  kind,
  namespaced,
})
const admission = (resource: string, kind: string): GroupVersionResource => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  resource,
  kind,
  namespaced: false,
})

/** Kubernetes' own kinds that this project reads or writes, by `kind`. */
export const KUBERNETES = {
  ConfigMap: core('configmaps', 'ConfigMap'),
  Service: core('services', 'Service'),
  Lease: { group: 'coordination.k8s.io', version: 'v1', resource: 'leases', kind: 'Lease', namespaced: true },
  Event: { group: 'events.k8s.io', version: 'v1', resource: 'events', kind: 'Event', namespaced: true },
  EndpointSlice: { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices', kind: 'EndpointSlice', namespaced: true },
  APIService: { group: 'apiregistration.k8s.io', version: 'v1', resource: 'apiservices', kind: 'APIService', namespaced: false },
  Namespace: core('namespaces', 'Namespace', false),
  Pod: core('pods', 'Pod'),
  Deployment: { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment', namespaced: true },
  Secret: core('secrets', 'Secret'),
  ServiceAccount: core('serviceaccounts', 'ServiceAccount'),
  CustomResourceDefinition: {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    resource: 'customresourcedefinitions',
    kind: 'CustomResourceDefinition',
    namespaced: false,
  },
  Role: rbac('roles', 'Role', true),
  RoleBinding: rbac('rolebindings', 'RoleBinding', true),
  ClusterRole: rbac('clusterroles', 'ClusterRole', false),
  ClusterRoleBinding: rbac('clusterrolebindings', 'ClusterRoleBinding', false),
  ValidatingAdmissionPolicy: admission('validatingadmissionpolicies', 'ValidatingAdmissionPolicy'),
  ValidatingAdmissionPolicyBinding: admission('validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding'),
} as const satisfies Record<string, GroupVersionResource>
