import type { Sample } from '../../src/provider/testkit.ts'

type AnySpec = Readonly<Record<string, unknown>>

const to = (resource: string) => ({ resource })
const withField = (key: string, value: unknown) => (spec: AnySpec) => ({ ...spec, [key]: value })

const TCP = { direction: 'ingress', protocol: 'tcp', ports: { from: 22 } }

/** One object of each kind, and how each field that can change does; in order of dependency. */
export const SAMPLES: readonly Sample[] = [
  { kind: 'Workspace', name: 'w', spec: {} },
  {
    kind: 'BlockStorage',
    name: 'boot',
    spec: { sizeGB: 1, skuRef: to('StorageSku/fast') },
    changes: { sizeGB: withField('sizeGB', 2) },
  },
  { kind: 'BlockStorage', name: 'data', spec: { sizeGB: 2, skuRef: to('StorageSku/fast') } },
  {
    kind: 'Image',
    name: 'golden',
    spec: { blockStorageRef: to('BlockStorage/data'), cpuArchitecture: 'amd64', initializer: 'none', boot: 'UEFI' },
    changes: {
      cpuArchitecture: withField('cpuArchitecture', 'arm64'),
      boot: withField('boot', 'BIOS'),
      initializer: withField('initializer', 'cloudinit-22'),
    },
  },
  { kind: 'Network', name: 'net', spec: { cidr: { ipv4: '10.0.0.0/16', ipv6: '::/56' }, skuRef: to('NetworkSku/n1k') } },
  { kind: 'InternetGateway', name: 'gateway', spec: { egressOnly: false } },
  {
    kind: 'RouteTable',
    name: 'routes',
    parent: 'Network/net',
    spec: { routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: to('InternetGateway/gateway') }] },
    changes: { routes: withField('routes', [{ destinationCidrBlock: '192.168.0.0/16', targetRef: to('10.0.0.9') }]) },
  },
  {
    kind: 'RouteTable',
    name: 'others',
    parent: 'Network/net',
    spec: { routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: to('InternetGateway/gateway') }] },
  },
  {
    kind: 'Subnet',
    name: 'subnet',
    parent: 'Network/net',
    spec: { cidr: { ipv4: '0.0.0.0/24', ipv6: '::/64' }, zone: '', routeTableRef: to('RouteTable/routes') },
    changes: { routeTableRef: withField('routeTableRef', to('RouteTable/others')) },
  },
  { kind: 'SecurityGroupRule', name: 'rule', spec: { direction: 'egress', protocol: 'tcp+udp', version: 'IPv6' } },
  {
    kind: 'SecurityGroup',
    name: 'group',
    spec: { rules: [{ ...TCP, sourceRef: [to('10.0.0.0/8'), to('Network/net')] }] },
    changes: {
      rules: withField('rules', [{ direction: 'ingress', protocol: 'icmp', icmp: { type: 8, code: 0 } }]),
      ruleRefs: withField('ruleRefs', [to('SecurityGroupRule/rule')]),
    },
  },
  { kind: 'PublicIp', name: 'ip', spec: { version: 'IPv4' } },
  {
    kind: 'Nic',
    name: 'nic',
    own: ['PublicIp/ip'],
    spec: { subnetRef: to('Subnet/subnet'), publicIpRefs: [to('PublicIp/ip')] },
    changes: {
      addresses: withField('addresses', ['0.0.0.0', '0.0.0.0']),
      publicIpRefs: withField('publicIpRefs', []),
      securityGroupRefs: withField('securityGroupRefs', [to('SecurityGroup/group')]),
    },
  },
  { kind: 'Nic', name: 'second', spec: { subnetRef: to('Subnet/subnet'), addresses: ['0.0.0.0', '::'] } },
  {
    kind: 'Instance',
    name: 'server',
    own: ['BlockStorage/boot', 'Nic/nic', 'Nic/second', 'BlockStorage/data'],
    spec: {
      skuRef: to('InstanceSku/small'),
      zone: '',
      bootVolume: { deviceRef: to('BlockStorage/boot'), type: 'virtio' },
      primaryNicRef: to('Nic/nic'),
    },
    changes: {
      powerState: withField('powerState', 'on'),
      dataVolumes: withField('dataVolumes', [{ deviceRef: to('BlockStorage/data'), type: 'virtio' }]),
      primaryNicRef: withField('primaryNicRef', to('Nic/second')),
      additionalNicRefs: withField('additionalNicRefs', [to('Nic/second')]),
    },
    request: 'restart',
  },
]

export const CATALOGUE = {
  'StorageSku/fast': { iops: 500, type: 'remote-durable', minVolumeSize: 1 },
  'NetworkSku/n1k': { bandwidth: 1000, packets: 10_000 },
  'InstanceSku/small': { vCPU: 2, ram: 4 },
}
