import type { Sample } from '../../src/provider/testkit.ts'

type AnySpec = Readonly<Record<string, unknown>>

const to = (resource: string) => ({ resource })
const withField = (key: string, value: unknown) => (spec: AnySpec) => ({ ...spec, [key]: value })
const volume = (sizeGB: number, more: AnySpec = {}) => ({ sizeGB, skuRef: to('StorageSku/fast'), ...more })
const disk = (name: string) => ({ deviceRef: to(`BlockStorage/${name}`), type: 'virtio' })
const machine = { skuRef: to('InstanceSku/small'), zone: '' }

const TCP = { direction: 'ingress', protocol: 'tcp', ports: { from: 22 } }

/** One object of each kind, and how each field that can change does; in order of dependency. */
export const SAMPLES: readonly Sample[] = [
  { kind: 'Workspace', name: 'w', spec: {} },
  { kind: 'BlockStorage', name: 'boot', spec: volume(2), changes: { sizeGB: withField('sizeGB', 3) } },
  { kind: 'BlockStorage', name: 'spare', spec: volume(2) },
  { kind: 'BlockStorage', name: 'data', spec: volume(2) },
  {
    kind: 'Image',
    name: 'golden',
    spec: { blockStorageRef: to('BlockStorage/data'), cpuArchitecture: 'amd64', initializer: 'none', boot: 'UEFI' },
  },
  { kind: 'BlockStorage', name: 'filled', spec: volume(3, { sourceImageRef: to('Image/golden') }) },
  { kind: 'Network', name: 'net', spec: { cidr: { ipv4: '10.0.0.0/16' }, skuRef: to('NetworkSku/n1k') } },
  { kind: 'InternetGateway', name: 'gateway', spec: { egressOnly: false } },
  {
    kind: 'RouteTable',
    name: 'routes',
    parent: 'Network/net',
    spec: { routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: to('InternetGateway/gateway') }] },
  },
  {
    kind: 'RouteTable',
    name: 'others',
    parent: 'Network/net',
    spec: { routes: [{ destinationCidrBlock: '10.0.0.0/16', targetRef: to('10.0.0.1') }] },
  },
  {
    kind: 'Subnet',
    name: 'subnet',
    parent: 'Network/net',
    spec: { cidr: { ipv4: '10.0.1.0/24' }, zone: '', routeTableRef: to('RouteTable/routes') },
    changes: { routeTableRef: withField('routeTableRef', to('RouteTable/others')) },
  },
  { kind: 'SecurityGroupRule', name: 'rule', spec: { direction: 'egress', protocol: 'tcp+udp' } },
  {
    kind: 'SecurityGroup',
    name: 'group',
    spec: { rules: [{ ...TCP, sourceRef: [to('10.0.0.0/8'), to('Network/net'), to('SecurityGroup/group')] }] },
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
    madeWith: 'Instance/server',
    spec: { subnetRef: to('Subnet/subnet'), publicIpRefs: [to('PublicIp/ip')], securityGroupRefs: [to('SecurityGroup/group')] },
    changes: {
      addresses: withField('addresses', ['10.0.1.77']),
      publicIpRefs: withField('publicIpRefs', []),
      securityGroupRefs: withField('securityGroupRefs', []),
    },
  },
  { kind: 'Nic', name: 'second', spec: { subnetRef: to('Subnet/subnet') } },
  { kind: 'Nic', name: 'third', spec: { subnetRef: to('Subnet/subnet'), addresses: ['10.0.1.5'] } },
  {
    kind: 'Instance',
    name: 'server',
    own: ['BlockStorage/boot', 'Nic/nic'],
    spec: { ...machine, bootVolume: disk('boot'), primaryNicRef: to('Nic/nic') },
    changes: {
      skuRef: withField('skuRef', to('InstanceSku/big')),
      powerState: withField('powerState', 'on'),
      'bootVolume.deviceRef': withField('bootVolume', disk('spare')),
      dataVolumes: withField('dataVolumes', [disk('data')]),
      primaryNicRef: withField('primaryNicRef', to('Nic/second')),
      additionalNicRefs: withField('additionalNicRefs', [to('Nic/second')]),
    },
    request: 'restart',
  },
  {
    kind: 'Instance',
    name: 'filled',
    spec: { ...machine, bootVolume: disk('filled'), primaryNicRef: to('Nic/third'), powerState: 'on', userData: '#cloud-config' },
  },
]

export const CATALOGUE = {
  'StorageSku/fast': { iops: 500, type: 'remote-durable', minVolumeSize: 1 },
  'NetworkSku/n1k': { bandwidth: 1000, packets: 10_000 },
  'InstanceSku/small': { vCPU: 1, ram: 2 },
  'InstanceSku/big': { vCPU: 2, ram: 4 },
}

/** What somebody may change by hand, and the spec decides: fields of the stand-in, by kind. */
export const MEDDLING: Readonly<Record<string, AnySpec>> = {
  Workspace: { labels: {} },
  BlockStorage: { size: 1 },
  Image: { labels: {} },
  Subnet: { public: true },
  PublicIp: { labels: {} },
  Nic: { _groups: [] },
  Instance: { vmState: 'RUNNING' },
}
