/** A kind as clients of the SECA API see it. */
export interface ClientKind {
  /** `seca.storage` */
  readonly api: string
  readonly collection: string
  /** `metadata.kind` */
  readonly kind: string
  readonly level: 'tenant' | 'workspace' | 'network'
  /** False: it belongs to the tenant in all regions. */
  readonly isRegional: boolean
  /** Fields of the spec that the server may fill in. */
  readonly defaults: readonly string[]
}

const kind = (api: string, level: ClientKind['level'], collection: string, name: string, defaults: readonly string[] = []): ClientKind => ({
  api: `seca.${api}`,
  collection,
  kind: name,
  level,
  isRegional: api !== 'authorization',
  defaults,
})

export const KINDS = {
  role: kind('authorization', 'tenant', 'roles', 'role'),
  assignment: kind('authorization', 'tenant', 'role-assignments', 'role-assignment'),
  workspace: kind('workspace', 'tenant', 'workspaces', 'workspace'),
  volume: kind('storage', 'workspace', 'block-storages', 'block-storage'),
  image: kind('storage', 'tenant', 'images', 'image', ['boot', 'initializer']),
  instance: kind('compute', 'workspace', 'instances', 'instance'),
  network: kind('network', 'workspace', 'networks', 'network'),
  gateway: kind('network', 'workspace', 'internet-gateways', 'internet-gateway', ['egressOnly']),
  routeTable: kind('network', 'network', 'route-tables', 'routing-table'),
  subnet: kind('network', 'network', 'subnets', 'subnet'),
  publicIp: kind('network', 'workspace', 'public-ips', 'public-ip'),
  nic: kind('network', 'workspace', 'nics', 'nic'),
  rule: kind('network', 'workspace', 'security-group-rules', 'security-group-rule'),
  group: kind('network', 'workspace', 'security-groups', 'security-group'),
} satisfies Record<string, ClientKind>

/** A resource as a client writes it. */
export interface Resource {
  readonly kind: ClientKind
  readonly name: string
  readonly tenant: string
  readonly region: string
  readonly workspace?: string
  readonly network?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly spec: Readonly<Record<string, unknown>>
}

const within = ({ workspace, network }: Resource) =>
  `${workspace === undefined ? '' : `/workspaces/${workspace}`}${network === undefined ? '' : `/networks/${network}`}`

/** Path below the base URL of the resource's API. */
export const collectionPath = (of: Resource): string => `/v1/tenants/${of.tenant}${within(of)}/${of.kind.collection}`
export const resourcePath = (of: Resource): string => `${collectionPath(of)}/${of.name}`

/** `metadata.resource` of the collection: what stands below the workspace. */
export const collectionName = (of: Resource): string => `${of.network === undefined ? '' : `networks/${of.network}/`}${of.kind.collection}`
export const resourceName = (of: Resource): string => `${collectionName(of)}/${of.name}`

/** The full URN, as `metadata.ref` and as the suite refers to everything. */
export const urn = (of: Resource): string => `${of.kind.api}/v1/tenants/${of.tenant}${within(of)}/${of.kind.collection}/${of.name}`
export const refTo = (of: Resource) => ({ resource: urn(of) })
export const skuRef = (api: 'storage' | 'compute' | 'network', tenant: string, name: string) => ({
  resource: `seca.${api}/v1/tenants/${tenant}/skus/${name}`,
})

/** What identifies a resource in `metadata`. */
export const identity = (of: Resource) => ({
  name: of.name,
  provider: `${of.kind.api}/v1`,
  resource: resourceName(of),
  apiVersion: 'v1',
  kind: of.kind.kind,
  ref: urn(of),
  tenant: of.tenant,
  ...(of.workspace === undefined ? {} : { workspace: of.workspace }),
  ...(of.network === undefined ? {} : { network: of.network }),
  ...(of.kind.isRegional ? { region: of.region } : {}),
})

const ZERO_TIME = '0001-01-01T00:00:00Z'

/** The whole object, as the Go SDK encodes one that was never read. */
export function bodyOf(of: Resource) {
  const metadata = { ...identity(of), verb: '', createdAt: ZERO_TIME, lastModifiedAt: ZERO_TIME, resourceVersion: 0 }
  const { labels, annotations, spec } = of
  return {
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
    metadata,
    spec,
    status: { conditions: null },
  }
}
