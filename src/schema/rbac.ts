import { KINDS } from '../kinds/index.ts'
import { isFinalized, type Kind } from '../kinds/kind.ts'
import { CONTROLLERS_LEASE, MEMBER_LEASES, SHARDS_LEASE } from '../kinds/names.ts'
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
const FOLLOW = ['list', 'watch'] as const
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

const NAMESPACED = new Set([...KINDS.filter(({ gvr }) => gvr.namespaced).map(({ gvr }) => gvr.resource), 'events'])

/** What of some rules is about objects in namespaces, and what about all else. */
export function byPlace(rules: readonly PolicyRule[]): { readonly everywhere: PolicyRule[]; readonly inNamespaces: PolicyRule[] } {
  const part = (isNamespaced: boolean) =>
    rules.flatMap((one) => {
      const resources = one.resources.filter((path) => NAMESPACED.has(path.split('/')[0] ?? '') === isNamespaced)
      return resources.length === 0 ? [] : [{ ...one, resources }]
    })
  return { everywhere: part(false), inNamespaces: part(true) }
}

/** Where an event about what is in no namespace goes, and the note which installation serves the cluster. */
const DEFAULT = 'default'
/** The namespace whose uid tells one cluster from another (`src/reconcile/installation.ts`). */
const SYSTEM = 'kube-system'

/** {@link rbacRules} where the rights are in some namespaces only: the part that is for all of the cluster. */
export function scopedRules(namespaces: readonly string[]): PolicyRule[] {
  return [
    ...byPlace(rbacRules()).everywhere.filter(({ resources }) => !resources.includes('namespaces')),
    // RBAC knows a namespace that is listed by the selector of its name.
    rule('', ['namespaces'], [...READ, 'patch'], namespaces),
    rule('', ['namespaces'], ['get', 'patch'], [DEFAULT]),
    rule('', ['namespaces'], ['get'], [SYSTEM]),
  ]
}

/** {@link apiRules} likewise. */
export function scopedApiRules(namespaces: readonly string[]): PolicyRule[] {
  return [
    ...byPlace(apiRules()).everywhere.filter(({ resources }) => !resources.includes('namespaces')),
    rule('', ['namespaces'], FOLLOW, namespaces),
  ]
}

/** What the controllers may do in the whole cluster. No wildcard, no escalate, no impersonation, no Secrets. */
export function rbacRules(): PolicyRule[] {
  return [
    // patch: finalizers, names of deleted roles in assignments, and regions and accounts from the mounted configuration; create: the latter.
    ...forKinds(KINDS, [...FOLLOW, 'patch']),
    // What is written after a fresh look: a status that somebody else wrote meanwhile, an object that is to go.
    ...forKinds(
      KINDS.filter((kind) => kind.status || isFinalized(kind)),
      ['get'],
    ),
    ...forKinds(
      KINDS.filter((kind) => kind.catalog && !kind.isOffered),
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
      KINDS.filter(isFinalized).map((kind) => `${kind.gvr.resource}.${kind.gvr.group}`),
    ),
    // Of the controllers of another installation: whether they still live.
    rule('coordination.k8s.io', ['leases'], ['get'], [CONTROLLERS_LEASE]),
    rule(TENANTS_RESOURCE.group, [TENANTS_RESOURCE.resource], ['bind']),
  ]
}

/** What the controllers may do in the operator's own namespace only. */
export function namespaceRules(): PolicyRule[] {
  return [
    // Rights to create cannot name what. Whether the work is shared by accounts is the process's setting, no right.
    rule('coordination.k8s.io', ['leases'], ['create']),
    rule('coordination.k8s.io', ['leases'], ['get', 'update'], [CONTROLLERS_LEASE, SHARDS_LEASE, ...MEMBER_LEASES]),
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

/** And where what is not declared any more is to be deleted; SKUs and role assignments they may delete anyway. */
export function pruneRules(): PolicyRule[] {
  return forKinds(
    KINDS.filter((kind) => (kind.catalog || DECLARED.includes(kind)) && !kind.isOffered && !kind.diesWithWorkspace),
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
  return [
    ...forKinds(KINDS, FOLLOW),
    // What a write is about, or refers to, where memory may be behind.
    ...forKinds(
      KINDS.filter((kind) => !kind.catalog || kind.isOffered),
      ['get'],
    ),
    ...forKinds(owned, ['create', 'patch', 'delete']),
    rule('', ['namespaces'], FOLLOW),
  ]
}

/** What the API server may do in the operator's own namespace only: say that this replica is there, and see the others. */
export function apiNamespaceRules(): PolicyRule[] {
  return [rule('coordination.k8s.io', ['leases'], [...FOLLOW, 'create', 'patch', 'delete'])]
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

/** A role of what is in namespaces, bound in each of those. */
function inEach(name: string, rules: readonly PolicyRule[], namespaces: readonly string[], subject: Manifest): Manifest[] {
  const bindings = namespaces.map((one) => ({
    ...binding('RoleBinding', name, one, [subject]),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
  }))
  return [clusterRole(name, rules), ...bindings]
}

// Bindings outside the namespace carry its name: installing a second operator must not take the rights of the first.
/** Everything that the controllers' service account needs, ready to apply; with namespaces: for what is in those only. */
export function controllerRoles(namespace: string, serviceAccount: string, namespaces?: readonly string[]): Manifest[] {
  const name = 'seca-controllers'
  const subject = { kind: 'ServiceAccount', name: serviceAccount, namespace }
  const { inNamespaces } = byPlace(rbacRules())
  const events = inNamespaces.filter(({ resources }) => resources.includes('events'))
  return [
    clusterRole(name, namespaces === undefined ? rbacRules() : scopedRules(namespaces)),
    binding('ClusterRoleBinding', name, undefined, [subject], `${name}:${namespace}`),
    role(name, namespace, namespaces === undefined ? namespaceRules() : [...namespaceRules(), ...events]),
    binding('RoleBinding', name, namespace, [subject]),
    ...(namespaces === undefined
      ? []
      : [
          ...inEach(`${name}-tenants`, inNamespaces, namespaces, subject),
          role(`${name}-events`, DEFAULT, events),
          binding('RoleBinding', `${name}-events`, DEFAULT, [subject]),
        ]),
  ]
}

/**
 * Everything that the API server's service account needs, ready to apply. Kubernetes' own roles let it ask who a token is
 * and who may do what (`system:auth-delegator`), and read whom kube-apiserver forwards requests as. With namespaces:
 * for what is in those only.
 */
export function apiRoles(namespace: string, serviceAccount: string, namespaces?: readonly string[]): Manifest[] {
  const name = 'seca-api'
  const subject = { kind: 'ServiceAccount', name: serviceAccount, namespace }
  return [
    clusterRole(name, namespaces === undefined ? apiRules() : scopedApiRules(namespaces)),
    ...(namespaces === undefined ? [] : inEach(`${name}-tenants`, byPlace(apiRules()).inNamespaces, namespaces, subject)),
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
