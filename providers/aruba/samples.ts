import type { Sample } from '../../src/provider/testkit.ts'

type AnySpec = Readonly<Record<string, unknown>>

const to = (resource: string) => ({ resource })
const withField = (key: string, value: unknown) => (spec: AnySpec) => ({ ...spec, [key]: value })

const TCP = { direction: 'ingress', protocol: 'tcp', ports: { from: 22 } }
const virtio = (resource: string) => ({ deviceRef: to(resource), type: 'virtio' })

/** One object of each kind, and how each field that can change does; in order of dependency. */
export const SAMPLES: readonly Sample[] = [
  { kind: 'Workspace', name: 'w', spec: {} },
  {
    kind: 'BlockStorage',
    name: 'data',
    spec: { sizeGB: 10, skuRef: to('StorageSku/fast') },
    changes: { sizeGB: withField('sizeGB', 20) },
  },
  {
    kind: 'Image',
    name: 'golden',
    spec: { blockStorageRef: to('BlockStorage/data'), cpuArchitecture: 'amd64', initializer: 'none', boot: 'UEFI' },
  },
  {
    kind: 'BlockStorage',
    name: 'boot',
    spec: { sizeGB: 10, skuRef: to('StorageSku/fast'), sourceImageRef: to('Image/golden') },
    usedBy: 'Instance/server',
  },
  { kind: 'Network', name: 'net', spec: { cidr: { ipv4: '10.0.0.0/16' }, skuRef: to('NetworkSku/n1k') } },
  { kind: 'InternetGateway', name: 'gateway', spec: { egressOnly: false } },
  {
    kind: 'RouteTable',
    name: 'routes',
    parent: 'Network/net',
    spec: { routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: to('InternetGateway/gateway') }] },
  },
  {
    kind: 'Subnet',
    name: 'subnet',
    parent: 'Network/net',
    spec: { cidr: { ipv4: '0.0.0.0/24' }, zone: '', routeTableRef: to('RouteTable/routes') },
  },
  {
    kind: 'Subnet',
    name: 'other',
    parent: 'Network/net',
    spec: { cidr: { ipv4: '10.0.200.0/24' }, zone: '', routeTableRef: to('RouteTable/routes') },
  },
  { kind: 'SecurityGroupRule', name: 'rule', spec: { direction: 'egress', protocol: 'tcp+udp', version: 'IPv4' } },
  {
    kind: 'SecurityGroup',
    name: 'group',
    spec: { rules: [{ ...TCP, sourceRef: [to('192.168.0.0/16'), to('Network/net'), to('SecurityGroup/group')] }] },
    changes: {
      rules: withField('rules', [{ direction: 'ingress', protocol: 'icmp' }, TCP]),
      ruleRefs: withField('ruleRefs', [to('SecurityGroupRule/rule')]),
    },
    usedBy: 'Nic/member',
  },
  { kind: 'SecurityGroup', name: 'others', spec: { rules: [TCP] } },
  { kind: 'PublicIp', name: 'ip', spec: { version: 'IPv4' } },
  { kind: 'Nic', name: 'nic', own: ['PublicIp/ip'], spec: { subnetRef: to('Subnet/subnet'), publicIpRefs: [to('PublicIp/ip')] } },
  { kind: 'Nic', name: 'second', spec: { subnetRef: to('Subnet/other') } },
  { kind: 'Nic', name: 'member', spec: { subnetRef: to('Subnet/subnet'), securityGroupRefs: [to('SecurityGroup/group')] } },
  { kind: 'Nic', name: 'stranger', spec: { subnetRef: to('Subnet/subnet'), securityGroupRefs: [to('SecurityGroup/others')] } },
  {
    kind: 'Instance',
    name: 'server',
    own: ['BlockStorage/boot', 'Nic/nic', 'BlockStorage/data'],
    spec: {
      skuRef: to('InstanceSku/small'),
      zone: '',
      bootVolume: virtio('BlockStorage/boot'),
      primaryNicRef: to('Nic/nic'),
      securityGroupRef: to('SecurityGroup/group'),
    },
    changes: {
      powerState: withField('powerState', 'on'),
      dataVolumes: withField('dataVolumes', [virtio('BlockStorage/data')]),
      primaryNicRef: withField('primaryNicRef', to('Nic/second')),
      additionalNicRefs: withField('additionalNicRefs', [to('Nic/second')]),
      securityGroupRef: withField('securityGroupRef', to('SecurityGroup/others')),
    },
    request: 'restart',
  },
]

export const CATALOGUE = {
  'StorageSku/fast': { iops: 500, type: 'remote-durable', minVolumeSize: 1 },
  'NetworkSku/n1k': { bandwidth: 1000, packets: 10_000 },
  'InstanceSku/small': { vCPU: 2, ram: 4 },
}
