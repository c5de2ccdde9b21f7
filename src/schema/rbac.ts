import { KINDS } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import { CONTROLLERS_LEASE } from '../kinds/names.ts'
import { TENANTS_RESOURCE } from './policy.ts'

/** One rule of a Role or ClusterRole. */
export interface PolicyRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
  readonly resourceNames?: readonly string[]
}

export type Manifest = Readonly<Record<string, unknown>>

const READ = ['get', 'list', 'watch'] as const
const WRITE = ['create', 'update', 'patch', 'delete', 'deletecollection'] as const

/** Rules for a set of kinds, one per API group; `suffix` names a subresource (`/status`). */
export function forKinds(kinds: readonly Kind[], verbs: readonly string[], suffix = ''): PolicyRule[] {
  return [...Map.groupBy(kinds, (kind) => kind.gvr.group)].map(([group, members]) => ({
    apiGroups: [group],
    resources: members.map((kind) => kind.gvr.resource + suffix),
    verbs,
  }))
}

export const rule = (
  group: string,
  resources: readonly string[],
  verbs: readonly string[],
  resourceNames?: readonly string[],
): PolicyRule => ({
  apiGroups: [group],
  resources,
  verbs,
  ...(resourceNames ? { resourceNames } : {}),
})

/** What the controllers may do in the whole cluster. No wildcard, no escalate, no impersonation, no Secrets. */
export function rbacRules(): PolicyRule[] {
  return [
    // patch: finalizers, names of deleted roles in assignments, and regions and accounts from the mounted configuration; create: the latter.
    ...forKinds(KINDS, [...READ, 'patch']),
    ...forKinds(
      KINDS.filter((kind) => kind.catalog),
      ['create'],
    ),
    // What a cloud offers, where its CloudProvider says that it is kept up: SKUs and images come and go with it.
    ...forKinds(
      KINDS.filter((kind) => kind.isOffered),
      ['create', 'delete'],
    ),
    // delete: a network takes its subnets along, a tenant everything in its workspaces, a workspace its role assignments.
    ...forKinds(
      KINDS.filter((kind) => kind.scope === 'workspace' || kind.diesWithWorkspace),
      ['delete'],
    ),
    ...forKinds(
      KINDS.filter((kind) => kind.status),
      ['patch'],
      '/status',
    ),
    rule('', ['namespaces'], [...READ, 'create', 'patch', 'delete']),
    rule('events.k8s.io', ['events'], ['create', 'patch']),
    rule(
      'apiextensions.k8s.io',
      ['customresourcedefinitions'],
      ['get'],
      KINDS.map((kind) => `${kind.gvr.resource}.${kind.gvr.group}`),
    ),
    // Of the controllers of another installation: whether they still live.
    rule('coordination.k8s.io', ['leases'], ['get'], [CONTROLLERS_LEASE]),
    rule(TENANTS_RESOURCE.group, [TENANTS_RESOURCE.resource], ['bind']),
  ]
}

/** What the controllers may do in the operator's own namespace only. */
export function namespaceRules(): PolicyRule[] {
  return [
    rule('coordination.k8s.io', ['leases'], ['get', 'create', 'update', 'patch']),
    rule('', ['secrets'], ['get']),
    // The installation's id; rights to create cannot name what.
    rule('', ['configmaps'], ['create']),
    rule('', ['configmaps'], ['get', 'patch'], ['seca-installation']),
  ]
}

/** What more the controllers may do where they keep APIServices up: those of others are out of bounds by {@link apiServicePolicy}. */
export function aggregationRules(): PolicyRule[] {
  return [rule('apiregistration.k8s.io', ['apiservices'], ['get', 'list', 'create', 'patch', 'delete'])]
}

/** The same in the operator's namespace: whether the API serves. */
export function aggregationNamespaceRules(): PolicyRule[] {
  return [rule('discovery.k8s.io', ['endpointslices'], ['list'])]
}

/** What more they may do where the configuration declares roles of tenants; regions, accounts and SKUs they make anyway. */
export function declaredRules(): PolicyRule[] {
  return forKinds(DECLARED, ['create'])
}

/** And where what is not declared any more is to be deleted. */
export function pruneRules(): PolicyRule[] {
  return forKinds(
    KINDS.filter((kind) => kind.catalog || DECLARED.includes(kind)),
    ['delete'],
  )
}

/** Where the API's certificate is ours to make; rights to create cannot name what. */
export function managedTlsRules(secret: string): PolicyRule[] {
  return [rule('', ['secrets'], ['create']), rule('', ['secrets'], ['patch'], [secret, `${secret}-ca`])]
}

const DECLARED = KINDS.filter(({ kind }) => kind === 'Role' || kind === 'RoleAssignment')

/** What the API server may do: read everything, write what tenants own, never touch status. */
export function apiRules(): PolicyRule[] {
  const owned = KINDS.filter((kind) => !kind.catalog)
  return [...forKinds(KINDS, READ), ...forKinds(owned, ['create', 'patch', 'delete']), rule('', ['namespaces'], READ)]
}

/** What the API server may do in the operator's own namespace only: say that this replica is there, and see the others. */
export function apiNamespaceRules(): PolicyRule[] {
  return [rule('coordination.k8s.io', ['leases'], [...READ, 'create', 'patch', 'delete'])]
}

export const clusterRole = (name: string, rules: readonly PolicyRule[], labels: Readonly<Record<string, string>> = {}): Manifest => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name, labels: { 'app.kubernetes.io/part-of': 'seca-operator', ...labels } },
  rules,
})

const aggregatedTo = (...roles: readonly string[]) =>
  Object.fromEntries(roles.map((role) => [`rbac.authorization.k8s.io/aggregate-to-${role}`, 'true']))

/** Every authenticated user reads these. */
export const isOpen = (kind: Kind): boolean => kind.catalog === true && kind.api.startsWith('seca.')

/**
 * Roles for people, added to Kubernetes' own view, edit and admin. `edit` holds no Role or RoleAssignment, since who
 * writes those is the tenant's administrator (architecture §6). Every authenticated user reads the catalogue, but not the
 * cloud accounts, which name tenants.
 */
export function userRoles(): Manifest[] {
  const owned = KINDS.filter((kind) => !kind.catalog)
  const isAccess = (kind: Kind) => kind.api.startsWith('seca.authorization/')
  return [
    clusterRole('seca-view', forKinds(owned, READ), aggregatedTo('view')),
    clusterRole(
      'seca-edit',
      forKinds(
        owned.filter((kind) => !isAccess(kind)),
        WRITE,
      ),
      aggregatedTo('edit'),
    ),
    clusterRole('seca-admin', forKinds(owned.filter(isAccess), WRITE), aggregatedTo('admin')),
    clusterRole('seca-catalog-reader', forKinds(KINDS.filter(isOpen), READ)),
    binding('ClusterRoleBinding', 'seca-catalog-reader', undefined, [
      { kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:authenticated' },
    ]),
  ]
}

export function role(name: string, namespace: string, rules: readonly PolicyRule[]): Manifest {
  const metadata = { name, namespace, labels: { 'app.kubernetes.io/part-of': 'seca-operator' } }
  return { ...clusterRole(name, rules), kind: 'Role', metadata }
}

export function binding(
  kind: 'ClusterRoleBinding' | 'RoleBinding',
  role: string,
  namespace: string | undefined,
  subjects: readonly Manifest[],
  name = role,
): Manifest {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind,
    metadata: { name, ...(namespace ? { namespace } : {}), labels: { 'app.kubernetes.io/part-of': 'seca-operator' } },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: kind === 'RoleBinding' ? 'Role' : 'ClusterRole', name: role },
    subjects,
  }
}

// Bindings outside the namespace carry its name: installing a second operator must not take the rights of the first.
/** Everything that the controllers' service account needs, ready to apply. */
export function controllerRoles(namespace: string, serviceAccount: string): Manifest[] {
  const name = 'seca-controllers'
  const subject = { kind: 'ServiceAccount', name: serviceAccount, namespace }
  return [
    clusterRole(name, rbacRules()),
    binding('ClusterRoleBinding', name, undefined, [subject], `${name}:${namespace}`),
    role(name, namespace, namespaceRules()),
    binding('RoleBinding', name, namespace, [subject]),
  ]
}

/**
 * Everything that the API server's service account needs, ready to apply. Kubernetes' own roles let it ask who a token is
 * and who may do what (`system:auth-delegator`), and read whom kube-apiserver forwards requests as.
 */
export function apiRoles(namespace: string, serviceAccount: string): Manifest[] {
  const name = 'seca-api'
  const subject = { kind: 'ServiceAccount', name: serviceAccount, namespace }
  return [
    clusterRole(name, apiRules()),
    binding('ClusterRoleBinding', name, undefined, [subject], `${name}:${namespace}`),
    binding('ClusterRoleBinding', 'system:auth-delegator', undefined, [subject], `${name}:auth-delegator:${namespace}`),
    binding(
      'RoleBinding',
      'extension-apiserver-authentication-reader',
      'kube-system',
      [subject],
      `${name}:authentication-reader:${namespace}`,
    ),
    role(name, namespace, apiNamespaceRules()),
    binding('RoleBinding', name, namespace, [subject]),
  ]
}
