import type { Case } from './constraints.ts'
import { minimal } from './minimal.ts'

const create = (kind: string, options: Parameters<typeof minimal>[1], field: string, says: RegExp): Case => ({
  title: `${kind} ${JSON.stringify(options).slice(0, 100)}`,
  manifest: minimal(kind, options),
  field,
  says,
})
const route = (destinationCidrBlock: string) => ({ routes: [{ destinationCidrBlock, targetRef: { resource: 'x' } }] })
/** Permissions of a role whose resources all hold a `*`. */
const patterns = (permissions: number, each: number) =>
  Array.from({ length: permissions }, () => ({
    provider: 'seca.compute',
    resources: Array.from({ length: each }, (_, index) => `instances/web-${index}-*`),
    verb: ['get'],
  }))
const named = (length: number) => 'a'.repeat(length)

/** Manifests that no single constraint refuses: rules on names, on forms, on several fields. */
export const REFUSED: readonly Case[] = [
  create('Role', { name: 'seca.admin' }, '<nil>', /'seca\.' are kept for the built-in system roles/),
  create('Role', { name: 'seca.mine' }, '<nil>', /'seca\.' are kept/),
  create(
    'Role',
    { spec: { permissions: patterns(2, 256).concat(patterns(1, 1)) } },
    'spec.permissions',
    /at most 512 resources of a role may hold/,
  ),
  create('Network', { name: 'a.b' }, '<nil>', /network must be a DNS label.*no dots/),
  create('Network', { name: named(64) }, '<nil>', /network must be a DNS label: at most 63/),
  create('Region', { name: 'eu.1' }, '<nil>', /region must be a DNS label/),
  create('Region', { name: named(64) }, '<nil>', /region must be a DNS label/),
  create('CloudProvider', { name: 'a.b' }, '<nil>', /cloud provider must be a DNS label/),
  create('Workspace', { name: named(64) }, '<nil>', /workspace must have at most 63 characters/),
  create('Instance', { name: named(129) }, '<nil>', /at most 128 characters/),
  create('BlockStorage', { name: named(129) }, '<nil>', /at most 128 characters/),
  create('Instance', { name: 'Upper' }, 'metadata.name', /RFC 1123/),
  create('Subnet', { name: 'other.sub', spec: { network: 'net' } }, 'spec.network', /<spec\.network>\.<name>/),
  create('Subnet', { name: 'net', spec: { network: 'net' } }, 'spec.network', /<spec\.network>\.<name>/),
  create(
    'Subnet',
    { name: `net.${named(129)}`, spec: { network: 'net' } },
    'spec.network',
    /1 to 128 characters for the subnet's own name/,
  ),
  create('Subnet', { name: 'network.sub', spec: { network: 'net' } }, 'spec.network', /<spec\.network>\.<name>/),
  create('Subnet', { spec: { network: 'network-1.x' } }, 'spec.network', /should match/),
  create('RouteTable', { name: 'rt', spec: { network: 'net' } }, 'spec.network', /<spec\.network>\.<name>/),
  create('StorageSku', { name: 'rd100', spec: { region: 'eu-1' } }, 'spec.region', /<spec\.region>\.<name>/),
  create('InstanceSku', { name: 'eu-2.dxs', spec: { region: 'eu-1' } }, 'spec.region', /<spec\.region>\.<name>/),
  create('NetworkSku', { name: 'eu-1', spec: { region: 'eu-1' } }, 'spec.region', /<spec\.region>\.<name>/),
  create('SecurityGroupRule', { spec: { ports: {} } }, 'spec.ports', /needs from, to or list/),
  create('SecurityGroupRule', { spec: { ports: { list: [] } } }, 'spec.ports', /needs from, to or list/),
  create('SecurityGroupRule', { spec: { ports: { from: 443, to: 80 } } }, 'spec.ports.from', /from must not be above to/),
  create(
    'SecurityGroup',
    { spec: { rules: [{ direction: 'ingress' }, { direction: 'egress', ports: {} }] } },
    'spec.rules[1].ports',
    /needs from/,
  ),
  create(
    'SecurityGroup',
    { spec: { rules: [{ direction: 'ingress', ports: { from: 2, to: 1 } }] } },
    'spec.rules[0].ports.from',
    /not be above/,
  ),
  create('Nic', { spec: { addresses: ['10.0.0'] } }, 'spec.addresses[0]', /must be an IPv4 or IPv6 address/),
  create('Nic', { spec: { addresses: ['::', '10.0.0.1/24'] } }, 'spec.addresses[1]', /must be an IPv4 or IPv6 address/),
  create('Nic', { spec: { addresses: ['10.0.0.256'] } }, 'spec.addresses[0]', /must be an IPv4 or IPv6 address/),
  create('PublicIp', { spec: { address: 'any' } }, 'spec.address', /empty or an IPv4 or IPv6 address/),
  create('Network', { spec: { cidr: {} } }, 'spec.cidr', /needs ipv4, ipv6 or both/),
  create('Network', { spec: { cidr: { ipv4: '10.0.0.0/33' } } }, 'spec.cidr.ipv4', /must be an IPv4 CIDR block/),
  create('Network', { spec: { cidr: { ipv4: 'fd00:1::/56' } } }, 'spec.cidr.ipv4', /must be an IPv4 CIDR block/),
  create('Network', { spec: { cidr: { ipv4: '10.0.0.0.0/8' } } }, 'spec.cidr.ipv4', /must be an IPv4 CIDR block/),
  create('Network', { spec: { cidr: { ipv6: '10.0.0.0/8' } } }, 'spec.cidr.ipv6', /must be an IPv6 CIDR block/),
  create('Network', { spec: { cidr: { ipv6: 'fd00::/129' } } }, 'spec.cidr.ipv6', /must be an IPv6 CIDR block/),
  create('Network', { spec: { additionalCidrs: [{ ipv4: '10.1.0.0/16' }, {}] } }, 'spec.additionalCidrs[1]', /needs ipv4/),
  create('Subnet', { spec: { cidr: { ipv4: '10.0.1.0/240' } } }, 'spec.cidr.ipv4', /must be an IPv4 CIDR block/),
  create('RouteTable', { spec: route('default') }, 'spec.routes[0].destinationCidrBlock', /must be a CIDR block/),
  create('RouteTable', { spec: route('0.0.0.0') }, 'spec.routes[0].destinationCidrBlock', /must be a CIDR block/),
  create('RouteTable', { spec: route('10.0.0.0/8/8') }, 'spec.routes[0].destinationCidrBlock', /must be a CIDR block/),
  create(
    'CloudProvider',
    {
      spec: {
        tenantCredentials: [
          { tenant: 'a', name: 'x' },
          { tenant: 'a', name: 'y' },
        ],
      },
    },
    'spec.tenantCredentials[1]',
    /Duplicate value/,
  ),
]

/** Changes of a stored object: merge patches in a row, the last of which is refused. */
interface Change {
  readonly kind: string
  readonly before: Record<string, unknown>
  readonly patches: readonly Record<string, unknown>[]
  readonly field: string
  readonly says: RegExp
}

const change = (kind: string, before: Change['before'], patches: Change['patches'], field: string, says: RegExp): Change => ({
  kind,
  before,
  patches,
  field,
  says,
})
const spec = (fields: Record<string, unknown> | null) => ({ spec: fields })
const other = { resource: 'skus/other' }
const FIXED = /cannot be changed; make a new object/

export const REFUSED_CHANGES: readonly Change[] = [
  change('BlockStorage', {}, [spec({ sizeGB: 49 })], 'spec.sizeGB', /cannot be made smaller/),
  change('BlockStorage', {}, [spec({ sizeGB: 60 }), spec({ sizeGB: 59 })], 'spec.sizeGB', /cannot be made smaller/),
  change('BlockStorage', {}, [spec({ sizeGB: null })], 'spec.sizeGB', /Required value/),
  change('BlockStorage', {}, [spec({ skuRef: other })], 'spec.skuRef', FIXED),
  change('BlockStorage', {}, [spec({ skuRef: { tenant: 'seca' } })], 'spec.skuRef', FIXED),
  change('BlockStorage', {}, [spec({ skuRef: null })], 'spec.skuRef', /Required value/),
  change('Instance', {}, [spec({ skuRef: other })], 'spec.skuRef', FIXED),
  change('Instance', {}, [spec({ zone: 'b' })], 'spec.zone', FIXED),
  change('Instance', {}, [spec({ zone: '' })], 'spec.zone', FIXED),
  change('Network', {}, [spec({ cidr: { ipv4: '10.0.0.0/8' } })], 'spec.cidr', FIXED),
  change('Network', {}, [spec({ cidr: { ipv6: 'fd00::/56' } })], 'spec.cidr', FIXED),
  change('Network', { cidr: { ipv4: '10.0.0.0/16', ipv6: 'fd00::/56' } }, [spec({ cidr: { ipv6: null } })], 'spec.cidr', FIXED),
  change('Network', {}, [spec({ skuRef: other })], 'spec.skuRef', FIXED),
  change('Nic', {}, [spec({ skuRef: other }), spec({ skuRef: { resource: 'skus/third' } })], 'spec.skuRef', FIXED),
  change('Nic', {}, [spec({ skuRef: other }), spec({ skuRef: null })], 'spec.skuRef', /cannot be removed once it is set/),
  change('Subnet', {}, [spec({ network: 'network' })], 'spec.network', FIXED),
  change('RouteTable', {}, [spec({ network: 'network' })], 'spec.network', FIXED),
  change('StorageSku', {}, [spec({ region: 'eu' })], 'spec.region', FIXED),
  change('InstanceSku', {}, [spec({ region: 'eu' })], 'spec.region', FIXED),
  change('NetworkSku', {}, [spec({ region: 'eu' })], 'spec.region', FIXED),
  change('Workspace', {}, [spec({ region: 'eu-1' })], 'spec.region', /cannot be added or removed/),
  change('Workspace', { region: 'eu-1' }, [spec({ region: 'eu-2' })], 'spec.region', FIXED),
  change('Workspace', { region: 'eu-1' }, [spec({ region: null })], 'spec.region', /cannot be added or removed/),
  change('Workspace', { region: 'eu-1' }, [spec(null)], 'spec.region', /cannot be added or removed/),
  change('Image', {}, [spec({ region: 'eu-1' })], 'spec.region', /cannot be added or removed/),
  change('Image', { region: 'eu-1' }, [spec({ region: 'eu-2' })], 'spec.region', FIXED),
  change('Image', { region: 'eu-1' }, [spec({ region: null })], 'spec.region', /cannot be added or removed/),
  change('RoleAssignment', {}, [spec({ subs: [] })], 'spec.subs', /at least 1 items/),
]
