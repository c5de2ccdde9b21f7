import { type Block, contains, formatIp, overlaps, parseBlock, parseIp } from '../../../src/ip.ts'
import type { CloudObject, Fields } from '../../stand-in/model.ts'
import type { View } from './view.ts'
import { FLAVORS, sizeOf } from '../flavors.ts'
import { notReady, Wrong } from './problem.ts'

/** What an object is made of, by collection: properties as they were sent become fields, or are refused. */

const ZONES = ['ITBG-1', 'ITBG-2', 'ITBG-3']
const PERIODS = ['Hour', 'Month', 'Year']
const TEMPLATES = /^(alma[89]|(DE1[12]|LU2[024]|WS19|WS22)-001\w*|osuse15_2_x64_1_0)$/
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].flatMap((text) => parseBlock(text) ?? [])

/** What is sent, with what it is put into. */
export interface Making {
  readonly cloud: View
  readonly sent: Fields
  /** Ids of project and of what it lives in, by field. */
  readonly place: Fields
  /** References that are not settled are told here: what is made of them fails. */
  readonly unsettled: (object: CloudObject) => void
}

type Maker = (making: Making) => Fields

function oneOf(field: string, value: unknown, allowed: readonly string[]): string {
  if (typeof value !== 'string' || !allowed.includes(value)) throw new Wrong(field, `must be one of ${allowed.join(', ')}`)
  return value
}

/** The object that a reference names. */
export function referred({ cloud, place, unsettled }: Making, field: string, value: unknown, type: string): CloudObject {
  const { uri } = (value ?? {}) as { uri?: unknown }
  if (uri === '') throw new Wrong(field, 'uri is empty')
  const object = typeof uri === 'string' ? cloud.named(uri, type) : undefined
  if (object === undefined || object.fields['project'] !== place['project']) throw new Wrong(field, `${String(uri)} does not exist`)
  if (cloud.time - object.createdAt < cloud.switches.serviceLagMs) throw cloud.unknownYet(uri as string)
  if (object.operation !== undefined || object.state === 'failed') unsettled(object)
  return object
}

const blockStorages: Maker = (making) => {
  const { sizeGb, billingPeriod, dataCenter, type, image, snapshot, bootable = false } = making.sent
  if (typeof sizeGb !== 'number' || sizeGb < 1) throw new Wrong('SizeGb', 'must be at least 1')
  if (dataCenter !== undefined) oneOf('DataCenter', dataCenter, ZONES)
  if (bootable === true && dataCenter === undefined) throw new Wrong('DataCenter', 'is needed for a bootable volume')
  if (image !== undefined && !(typeof image === 'string' && TEMPLATES.test(image)))
    throw new Wrong('Image', `${String(image)} does not exist`)
  if (bootable === true && image === undefined && snapshot === undefined)
    throw new Wrong('Bootable', 'a volume without image cannot be booted')
  return {
    sizeGb,
    billingPeriod: oneOf('BillingPeriod', billingPeriod, PERIODS),
    type: oneOf('Type', type, ['Standard', 'Performance']),
    bootable,
    ...(dataCenter === undefined ? {} : { dataCenter }),
    ...(image === undefined ? {} : { image }),
    ...(snapshot === undefined ? {} : { snapshot: referred(making, 'Snapshot', snapshot, 'snapshots').id }),
  }
}

const snapshots: Maker = (making) => {
  const volume = referred(making, 'Volume', making.sent['volume'], 'blockStorages')
  const { sizeGb, type } = volume.fields
  return { volume: volume.id, sizeGb, type, billingPeriod: oneOf('BillingPeriod', making.sent['billingPeriod'], PERIODS) }
}

const vpcs: Maker = ({ sent }) => ({ default: sent['default'] ?? true, preset: sent['preset'] ?? false })

const subnets: Maker = ({ cloud, sent, place }) => {
  const { type, network, dhcp, default: isDefault = false } = sent
  if (type !== 'Advanced') return { type: 'Basic', default: isDefault, network: { address: '10.250.0.0/24', gateway: '10.250.0.1' } }
  const { address } = (network ?? {}) as { address?: string }
  const block = parseBlock(address ?? '')
  if (block === undefined || !PRIVATE.some((one) => contains(one, block))) throw new Wrong('Network.Address', 'must be a private block')
  const others = cloud.inside('subnets', 'vpc', place['vpc'])
  if (others.some((one) => overlaps(blockOf(one), block))) throw new Wrong('Network.Address', `${String(address)} overlaps another subnet`)
  const { range, ...rest } = (dhcp ?? {}) as { range?: { start?: string; count?: number } }
  const start = parseIp(range?.start ?? '')
  if (start === undefined || !contains(block, start)) throw new Wrong('Dhcp.Range', 'must begin inside of the subnet')
  const last = formatIp({ family: 4, value: start.value + BigInt(range?.count ?? 1) - 1n })
  return {
    type,
    default: isDefault,
    network: { address, gateway: formatIp({ family: 4, value: block.value + 1n }) },
    dhcp: { enabled: true, routes: [], dns: [], ...rest, range: { ...range, last } },
  }
}

const blockOf = ({ fields }: CloudObject): Block =>
  parseBlock((fields['network'] as { address: string }).address) ?? { family: 4, value: 0n, prefix: 32 }

const securityRules: Maker = (making) => {
  const { direction, protocol, port, target } = making.sent
  const word = oneOf('Protocol', typeof protocol === 'string' ? protocol.toUpperCase() : protocol, ['ANY', 'TCP', 'UDP', 'ICMP'])
  const hasPorts = word === 'TCP' || word === 'UDP'
  if (hasPorts !== (port !== undefined)) throw new Wrong('Port', hasPorts ? 'is needed' : `${word} has none`)
  if (port !== undefined && !/^(\*|\d+(-\d+)?)$/.test(String(port))) throw new Wrong('Port', `${String(port)} is no range of ports`)
  const { kind, value } = (target ?? {}) as { kind?: string; value?: string }
  if (kind === 'SecurityGroup') {
    const group = referred(making, 'Target.Value', { uri: value }, 'securityGroups')
    if (group.fields['vpc'] !== making.place['vpc']) throw new Wrong('Target.Value', 'is a group of another VPC')
  } else if (parseBlock(value ?? '') === undefined) throw new Wrong('Target.Value', `${String(value)} is no block`)
  return {
    direction: oneOf('Direction', direction, ['Ingress', 'Egress']),
    protocol: word,
    ...(port === undefined ? {} : { port }),
    target,
  }
}

const elasticIps: Maker = ({ cloud, sent }) => {
  const { billingPeriod } = (sent['billingPlan'] ?? {}) as { billingPeriod?: string }
  const number = BigInt(cloud.store.lastSeq + 1) % 65_536n
  const address = formatIp({ family: 4, value: (parseIp('203.0.113.0')?.value ?? 0n) + number })
  return { billingPeriod: oneOf('BillingPeriod', billingPeriod, PERIODS), address }
}

const keyPairs: Maker = ({ sent }) => {
  if (typeof sent['value'] !== 'string' || !sent['value'].startsWith('ssh-')) throw new Wrong('Value', 'is no public key')
  return { value: sent['value'] }
}

const cloudServers: Maker = (making) => {
  const { cloud, sent } = making
  // An empty reference to an elastic IP is more than it can take (sdk 95).
  if ((sent['elasticIp'] as { uri?: string } | undefined)?.uri === '') throw cloud.broken()
  const dataCenter = oneOf('DataCenter', sent['dataCenter'], ZONES)
  const name = oneOf('FlavorName', sent['flavorName'], FLAVORS)
  const vpc = referred(making, 'Vpc', sent['vpc'], 'vpcs')
  const list = (field: string, type: string) => {
    const found = ((sent[type] ?? []) as readonly unknown[]).map((one) => referred(making, field, one, type))
    if (found.length === 0) throw new Wrong(field, 'needs one at least')
    if (found.some(({ fields }) => fields['vpc'] !== vpc.id)) throw new Wrong(field, 'is in another VPC')
    return found.map(({ id }) => id)
  }
  const boot = referred(making, 'BootVolume', sent['bootVolume'], 'blockStorages')
  if (boot.fields['bootable'] !== true) throw new Wrong('BootVolume', 'is not bootable')
  if (boot.fields['dataCenter'] !== dataCenter) throw new Wrong('BootVolume', 'is in another data center')
  if (cloud.serverOf(boot.id) !== undefined) throw new Wrong('BootVolume', 'in use')
  const ip = sent['elasticIp'] === undefined ? [] : [referred(making, 'ElasticIp', sent['elasticIp'], 'elasticIps')]
  if (ip.some(({ id }) => cloud.serverOf(id) !== undefined)) throw new Wrong('ElasticIp', 'in use')
  const { vCPU: cpu, ram } = sizeOf(name)
  const inSubnets = list('Subnets', 'subnets')
  return {
    dataCenter,
    flavor: { id: name.toLowerCase(), name, category: 'General', cpu, ram, hd: 0 },
    vpc: vpc.id,
    subnets: inSubnets,
    securityGroups: list('SecurityGroups', 'securityGroups'),
    bootVolume: boot.id,
    dataVolumes: [],
    elasticIps: ip.map(({ id }) => id),
    ...(sent['keyPair'] === undefined ? {} : { keyPair: referred(making, 'KeyPair', sent['keyPair'], 'keyPairs').id }),
    power: 'on',
    interfaces: interfacesFor(cloud, inSubnets, []),
  }
}

interface Interface {
  readonly subnet: string
  readonly mac: string
  readonly ip: string
}

/** An interface for each subnet: those that are there stay as they are. */
export function interfacesFor(cloud: View, wanted: readonly string[], has: readonly Interface[]): readonly Interface[] {
  return wanted.map((subnet) => has.find((one) => one.subnet === subnet) ?? newInterface(cloud, subnet))
}

function newInterface(cloud: View, subnet: string): Interface {
  const { range } = (cloud.find(subnet).fields['dhcp'] ?? { range: { start: '10.250.0.2', count: 200 } }) as {
    range: { start: string; count: number }
  }
  const taken = new Set(
    cloud.store.users(subnet).flatMap(({ fields }) => ((fields['interfaces'] ?? []) as readonly Interface[]).map(({ ip }) => ip)),
  )
  const first = parseIp(range.start)?.value ?? 0n
  for (let i = 0; i < range.count; i++) {
    const ip = formatIp({ family: 4, value: first + BigInt(i) })
    if (!taken.has(ip))
      return {
        subnet,
        ip,
        mac: `02:a2:ba:00:${ip
          .split('.')
          .slice(2)
          .map((one) => Number(one).toString(16).padStart(2, '0'))
          .join(':')}`,
      }
  }
  throw notReady('the subnet has no free address')
}

/** By collection. */
export const MAKERS: Readonly<Record<string, Maker>> = {
  projects: ({ sent }) => ({ description: sent['description'] ?? null, default: sent['default'] ?? false }),
  blockStorages,
  snapshots,
  vpcs,
  subnets,
  securityGroups: ({ sent }) => ({ default: sent['default'] ?? false }),
  securityRules,
  elasticIps,
  keyPairs,
  cloudServers,
}
