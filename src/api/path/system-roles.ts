import { Role } from '../../kinds/authorization/role.ts'
import type { Spec } from '../../kinds/kind.ts'
import type { Resource } from '../../kinds/resource.ts'

type RoleSpec = Spec<typeof Role>

const ALL = ['get', 'list', 'put', 'delete', 'post']
const READ = ['get', 'list']

/**
 * What `network`, `compute` and `storage` cover (SECA.md §7.3). The specification's table leaves `security-group-rules` out, which
 * would lock even a tenant's administrator out of a foundation kind; they are in here.
 */
const PATTERNS: Readonly<Record<string, readonly string[]>> = {
  'seca.network/v1': [
    'networks',
    'subnets',
    'route-tables',
    'nics',
    'internet-gateways',
    'security-groups',
    'security-group-rules',
    'public-ips',
    'skus',
  ],
  'seca.compute/v1': ['instances', 'skus'],
  'seca.storage/v1': ['images', 'block-storages', 'skus'],
}

const permission = (provider: string, collections: readonly string[], verb: readonly string[]) => ({
  provider,
  resources: collections.map((collection) => `${collection}/*`),
  verb: [...verb],
})

/** Every system role reads regions; infrastructure gets `infrastructure`'s verbs. */
function role(infrastructure: readonly string[], workspaces: readonly string[], authorization: readonly string[] = []): RoleSpec {
  return {
    permissions: [
      permission('seca.region/v1', ['regions'], READ),
      ...(authorization.length === 0 ? [] : [permission('seca.authorization/v1', ['roles', 'role-assignments'], authorization)]),
      ...(workspaces.length === 0 ? [] : [permission('seca.workspace/v1', ['workspaces'], workspaces)]),
      ...Object.entries(PATTERNS).map(([provider, collections]) => permission(provider, collections, infrastructure)),
    ],
  }
}

/** The five roles that every tenant has, by name: built in, not stored (DESIGN §6). */
export const SYSTEM_ROLES: ReadonlyMap<string, RoleSpec> = new Map([
  ['seca.admin', role(ALL, ALL, ALL)],
  ['seca.region-admin', role(ALL, ['get', 'list', 'put', 'delete'])],
  ['seca.workspace-admin', role(ALL, ['get', 'list', 'put'])],
  ['seca.workspace-editor', role(['get', 'list', 'put', 'post'], [])],
  ['seca.workspace-viewer', role(READ, [])],
])

const made = new WeakMap<object, ReadonlyMap<string, Resource>>()

/** The system roles as objects of a tenant's namespace; as old as the namespace. */
export function systemRoles(namespace: {
  readonly metadata: { readonly name: string; readonly creationTimestamp: string }
}): ReadonlyMap<string, Resource> {
  const known = made.get(namespace)
  if (known !== undefined) return known
  const { name: home, creationTimestamp } = namespace.metadata
  const lastModifiedAt = new Date(creationTimestamp).toISOString()
  const roles = new Map(
    [...SYSTEM_ROLES]
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, spec]): [string, Resource] => [
        name,
        {
          apiVersion: Role.apiVersion,
          kind: Role.kind,
          metadata: { name, namespace: home, uid: `${home}/${name}`, resourceVersion: '1', generation: 1, creationTimestamp },
          spec,
          status: {
            observedGeneration: 1,
            state: 'active',
            lastModifiedAt,
            history: (['active', 'creating', 'pending'] as const).map((state) => ({ state, lastTransitionAt: lastModifiedAt })),
          },
        },
      ]),
  )
  made.set(namespace, roles)
  return roles
}
