import { randomInt } from 'node:crypto'
import { type ClientKind, KINDS, refTo, type Resource, skuRef } from './resource.ts'

export const DEVELOPMENT = { env: 'development' }
export const CONFORMANCE = { env: 'conformance' }
/** Whom the suite's assignments name. */
export const USERS = ['user1@secapi.com', 'user2@secapi.com']

const PREFIXES = new Map<ClientKind, string>([
  [KINDS.volume, 'disk'],
  [KINDS.routeTable, 'route-table'],
])

/** A name that no other scenario uses, as the suite makes them. */
export const newName = (kind: ClientKind): string => `${PREFIXES.get(kind) ?? kind.kind}-${randomInt(2 ** 31)}`

/** The resources of one scenario: a whole workspace, made and refined before anything is sent. `net` keeps addresses of two apart. */
export class Fixtures {
  readonly tenant: string
  readonly region: string
  readonly net: number
  readonly workspace: Resource
  readonly volume: Resource
  readonly image: Resource
  readonly instance: Resource
  readonly network: Resource
  readonly gateway: Resource
  readonly routeTable: Resource
  readonly subnet: Resource
  readonly publicIp: Resource
  readonly nic: Resource
  readonly rule: Resource
  readonly group: Resource
  readonly role: Resource
  readonly assignment: Resource

  constructor(tenant: string, region: string, net = 1) {
    this.tenant = tenant
    this.region = region
    this.net = net
    this.workspace = this.#make(KINDS.workspace, {})
    this.volume = this.#make(KINDS.volume, { skuRef: skuRef('storage', tenant, 'RD500'), sizeGB: 50 })
    this.image = this.#make(KINDS.image, { blockStorageRef: refTo(this.volume), cpuArchitecture: 'amd64' })
    this.instance = this.#make(KINDS.instance, {
      skuRef: skuRef('compute', tenant, 'DXS'),
      zone: 'a',
      bootVolume: { deviceRef: refTo(this.volume) },
    })
    this.network = this.#make(KINDS.network, { cidr: { ipv4: '10.1.0.0/16' }, skuRef: skuRef('network', tenant, 'N1K') })
    this.gateway = this.#make(KINDS.gateway, { egressOnly: false })
    this.routeTable = this.#make(KINDS.routeTable, { routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: refTo(this.gateway) }] })
    const routeTableRef = refTo(this.routeTable)
    this.subnet = this.#make(KINDS.subnet, { cidr: { ipv4: `10.1.${net}.0/24` }, zone: 'a', routeTableRef })
    this.publicIp = this.#make(KINDS.publicIp, { version: 'IPv4', address: `52.93.126.${net}` })
    this.nic = this.#make(KINDS.nic, { addresses: [`10.1.${net}.1`], subnetRef: refTo(this.subnet) })
    this.rule = this.#make(KINDS.rule, { direction: 'ingress' })
    this.group = this.#make(KINDS.group, { rules: [{ direction: 'ingress' }] })
    this.role = this.#make(KINDS.role, {
      permissions: [{ provider: 'seca.storage/v1', resources: [`images/${this.image.name}`], verb: ['GET'] }],
    })
    this.assignment = this.#make(KINDS.assignment, {
      roles: [this.role.name],
      subs: [USERS[0]],
      scopes: [{ tenants: [tenant] }],
    })
  }

  #make(kind: ClientKind, spec: Readonly<Record<string, unknown>>): Resource {
    const { tenant, region } = this
    return {
      kind,
      name: newName(kind),
      tenant,
      region,
      ...(kind.level === 'tenant' ? {} : { workspace: this.workspace.name }),
      ...(kind.level === 'network' ? { network: this.network.name } : {}),
      labels: DEVELOPMENT,
      annotations: { description: `${kind.kind} for conformance testing` },
      spec,
    }
  }
}

/** The resource with other fields in its spec. */
export const respec = (of: Resource, spec: Readonly<Record<string, unknown>>): Resource => ({ ...of, spec: { ...of.spec, ...spec } })
/** Another resource like this one. */
export const another = (of: Resource, change: Partial<Resource> = {}): Resource => ({ ...of, name: newName(of.kind), ...change })
/** Several like this one, with the label that the suite's queries look for. */
export const several = (of: Resource, count: number): readonly Resource[] =>
  Array.from({ length: count }, () => another(of, { labels: CONFORMANCE }))
