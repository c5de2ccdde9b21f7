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
    spec: { sizeGB: 10, skuRef: to('StorageSku/fast') },
    changes: { sizeGB: withField('sizeGB', 20) },
  },
  { kind: 'BlockStorage', name: 'data', spec: { sizeGB: 50, skuRef: to('StorageSku/fast') } },
  {
    kind: 'Image',
    name: 'golden',
    spec: { blockStorageRef: to('BlockStorage/boot'), cpuArchitecture: 'amd64', initializer: 'none', boot: 'UEFI' },
    changes: {
      blockStorageRef: withField('blockStorageRef', to('BlockStorage/data')),
      cpuArchitecture: withField('cpuArchitecture', 'arm64'),
      boot: withField('boot', 'BIOS'),
      initializer: withField('initializer', 'cloudinit-22'),
    },
  },
  { kind: 'BlockStorage', name: 'filled', spec: { sizeGB: 10, skuRef: to('StorageSku/fast'), sourceImageRef: to('Image/golden') } },
  {
    kind: 'Network',
    name: 'net',
    spec: { cidr: { ipv4: '10.0.0.0/16', ipv6: '::/56' }, skuRef: to('NetworkSku/n1k') },
    changes: { additionalCidrs: withField('additionalCidrs', [{ ipv4: '10.1.0.0/16' }, { ipv4: '0.0.0.0/20' }]) },
  },
  {
    kind: 'InternetGateway',
    name: 'gateway',
    spec: { egressOnly: false },
    changes: { egressOnly: withField('egressOnly', true) },
  },
  {
    kind: 'RouteTable',
    name: 'routes',
    parent: 'Network/net',
    spec: { routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: to('InternetGateway/gateway') }] },
    changes: {
      routes: withField('routes', [
        { destinationCidrBlock: '0.0.0.0/0', targetRef: to('InternetGateway/gateway') },
        { destinationCidrBlock: '192.168.0.0/16', targetRef: to('10.0.0.9') },
        { destinationCidrBlock: '192.169.0.0/16', targetRef: to('Instance/missing') },
      ]),
    },
  },
  {
    kind: 'RouteTable',
    name: 'others',
    parent: 'Network/net',
    spec: { routes: [{ destinationCidrBlock: '::/0', targetRef: to('InternetGateway/gateway') }] },
  },
  {
    kind: 'Subnet',
    name: 'subnet',
    parent: 'Network/net',
    spec: { cidr: { ipv4: '0.0.0.0/24', ipv6: '::/64' }, zone: '', routeTableRef: to('RouteTable/routes') },
    changes: {
      cidr: withField('cidr', { ipv4: '10.0.200.0/24' }),
      zone: withField('zone', 'b'),
      routeTableRef: withField('routeTableRef', to('RouteTable/others')),
      skuRef: withField('skuRef', to('NetworkSku/n1k')),
    },
  },
  {
    kind: 'SecurityGroupRule',
    name: 'rule',
    spec: TCP,
    changes: {
      direction: withField('direction', 'egress'),
      version: withField('version', 'IPv4'),
      protocol: withField('protocol', 'tcp+udp'),
      ports: withField('ports', { from: 80, to: 90, list: [443] }),
      icmp: (spec) => ({ ...spec, protocol: 'icmp', ports: undefined, icmp: { type: 8, code: 0 } }),
      sourceRef: withField('sourceRef', [to('Network/net')]),
    },
  },
  {
    kind: 'SecurityGroup',
    name: 'group',
    spec: { rules: [{ ...TCP, sourceRef: [to('10.0.0.0/8'), to('Network/net')] }] },
    changes: {
      rules: withField('rules', [{ direction: 'egress', version: 'IPv6', protocol: 'tcp+udp' }]),
      ruleRefs: withField('ruleRefs', [to('SecurityGroupRule/rule')]),
    },
  },
  {
    kind: 'PublicIp',
    name: 'ip',
    spec: { version: 'IPv4', address: '203.0.113.7' },
    changes: { address: withField('address', '198.51.100.7') },
  },
  {
    kind: 'Nic',
    name: 'nic',
    own: ['PublicIp/ip'],
    spec: { subnetRef: to('Subnet/subnet'), publicIpRefs: [to('PublicIp/ip')] },
    changes: {
      addresses: withField('addresses', ['0.0.0.0']),
      skuRef: withField('skuRef', to('NetworkSku/n1k')),
      publicIpRefs: withField('publicIpRefs', []),
      securityGroupRefs: withField('securityGroupRefs', [to('SecurityGroup/group')]),
    },
  },
  { kind: 'Nic', name: 'second', spec: { subnetRef: to('Subnet/subnet'), addresses: ['0.0.0.0', '::'] } },
  {
    kind: 'Instance',
    name: 'server',
    own: ['BlockStorage/boot', 'Nic/nic'],
    spec: {
      skuRef: to('InstanceSku/small'),
      zone: '',
      bootVolume: { deviceRef: to('BlockStorage/boot'), type: 'virtio' },
      primaryNicRef: to('Nic/nic'),
    },
    changes: {
      powerState: withField('powerState', 'on'),
      'bootVolume.deviceRef': withField('bootVolume', { deviceRef: to('BlockStorage/filled'), type: 'virtio' }),
      dataVolumes: withField('dataVolumes', [{ deviceRef: to('BlockStorage/data'), type: 'virtio' }]),
      primaryNicRef: withField('primaryNicRef', to('Nic/second')),
      additionalNicRefs: withField('additionalNicRefs', [to('Nic/second')]),
      securityGroupRef: withField('securityGroupRef', to('SecurityGroup/group')),
      antiAffinityGroup: withField('antiAffinityGroup', 'spread'),
      sshKeys: withField('sshKeys', ['ssh-ed25519 AAAA test']),
      userData: withField('userData', '#cloud-config'),
    },
    request: 'restart',
  },
]

const USER = 'Nic/user'

/** The same in a cloud where NICs are made with their instances, and groups in the network of who uses them. */
export const SAMPLES_IN_PARTS: readonly Sample[] = [
  ...SAMPLES.map((sample) => {
    if (sample.kind === 'SecurityGroup') return { ...sample, usedBy: USER }
    return sample.kind === 'Nic' && sample.name === 'nic' ? { ...sample, madeWith: 'Instance/server' } : sample
  }),
  { kind: 'Nic', name: 'user', spec: { subnetRef: to('Subnet/subnet'), securityGroupRefs: [to('SecurityGroup/group')] } },
]

export const CATALOGUE = {
  'StorageSku/fast': { iops: 500, type: 'remote-durable', minVolumeSize: 1 },
  'NetworkSku/n1k': { bandwidth: 1000, packets: 10_000 },
  'InstanceSku/small': { vCPU: 2, ram: 4 },
}

/** A field of each type of the cloud that somebody may change by hand, and that the spec decides. */
export const MEDDLING: Readonly<Record<string, AnySpec>> = {
  Workspace: { labels: {} },
  BlockStorage: { size_gb: 5 },
  Image: { arch: 'other' },
  Network: { extra: [{ ipv4: '172.16.0.0/16' }] },
  InternetGateway: { egress_only: true },
  RouteTable: { routes: [] },
  Subnet: { zone: 'c' },
  SecurityGroupRule: { rule: { direction: 'out', family: null, protocols: null, ports: null, icmp: null, peers: null } },
  SecurityGroup: { rules: [] },
  PublicIp: { address: '203.0.113.99' },
  Nic: { firewalls: ['fwl-unknown'] },
  Instance: { power: 'on' },
}
