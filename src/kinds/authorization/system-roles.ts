/** Spec of a role; written out, since the kind itself has these roles as its built-in ones. */
type RoleSpec = {
  readonly permissions: { readonly provider: string; readonly resources: string[]; readonly verb: string[] }[]
}

/** Names that begin so are kept for built-in roles. */
export const SYSTEM_PREFIX = 'seca.'

const ALL = ['get', 'list', 'put', 'delete', 'post']
const READ = ['get', 'list']

/**
 * What `network`, `compute` and `storage` cover (contract §7.3). The specification's table leaves `security-group-rules` out, which
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

/** The five roles that every tenant has, by name: built in, not stored (architecture §6). */
export const SYSTEM_ROLES: ReadonlyMap<string, RoleSpec> = new Map([
  ['seca.admin', role(ALL, ALL, ALL)],
  ['seca.region-admin', role(ALL, ['get', 'list', 'put', 'delete'])],
  ['seca.workspace-admin', role(ALL, ['get', 'list', 'put'])],
  ['seca.workspace-editor', role(['get', 'list', 'put', 'post'], [])],
  ['seca.workspace-viewer', role(READ, [])],
])

/** Role that the creator of a workspace gets on it. */
export const WORKSPACE_ADMIN = 'seca.workspace-admin'
