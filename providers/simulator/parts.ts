import type { Instance, InternetGateway, Nic, RouteTable, SecurityGroup, Subnet } from '../../src/kinds/index.ts'
import type { Capability, Desired, Holder, Observed, Other, ResourceAdapter } from '../../src/provider/contract.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import { nothing } from '../../src/provider/nothing.ts'
import { idAt, targetsAt } from '../../src/provider/targets.ts'
import type { Fields, Translation } from '../../src/provider/translation.ts'
import type { CloudObject } from './client.ts'
import { instance } from './instance.ts'
import { nic } from './nic.ts'
import { securityGroup } from './security-group.ts'
import { subnet } from './subnet.ts'
import { projectOf } from './workspace.ts'

/** The kinds of a cloud where ports live in servers and firewalls in networks, and that routes by itself (README.md, "Parts"). */

const { initial: _atOnce, ...nicAlone } = nic
/** Made by its instance's own calls ({@link portsOf}), and an object with an id from then on. */
export const nicInServer: Translation<typeof Nic, CloudObject> = {
  ...nicAlone,
  capability: { object: 'part', note: 'made with the instance that names it' },
  part: () => 'is made with the instance that names it',
}

/** The cloud knows no router of a segment: it routes by itself. */
const { routeTableRef: _router, ...segmentWants } = subnet.wants
export const flatSubnet: Translation<typeof Subnet, CloudObject> = {
  ...subnet,
  capability: { ...subnet.capability, ignores: ['routeTableRef'] },
  wants: segmentWants,
}

/** One network each: that of who uses it first. */
export const groupInNetwork: Translation<typeof SecurityGroup, CloudObject> = {
  ...securityGroup,
  capability: {
    reads: ['holders', 'holders.subnetRef', 'holders.primaryNicRef.subnetRef'],
    note: 'made in the network of the NIC or instance that uses it first, and of use only there',
  },
  initial: (desired) => ({ vpc: networkOf(desired) }),
  part: (desired) => (networkOf(desired) === undefined ? 'is made in the network of the NIC or instance that uses it first' : undefined),
}

function networkOf({ holders }: Pick<Desired, 'holders'>): string | undefined {
  const subnetOf = ({ targets }: Holder) => targets['subnetRef'] ?? targets['primaryNicRef']?.targets['subnetRef']
  return holders.map((holder) => subnetOf(holder)?.parent?.externalId).find((id) => id !== undefined)
}

const NIC_PATHS = ['primaryNicRef', 'additionalNicRefs[]'] as const
const { securityGroupRef: _firewall, ...serverWants } = instance.wants
/** Ports are compared by id while all of them are known; {@link ServerAdapter} looks closer. */
const arePorts = (server: CloudObject, desired: Desired<typeof Instance>) => {
  const ids = nicsOf(desired).map(({ externalId }) => externalId)
  return ids.every((id) => id !== undefined) && new Set(ids).symmetricDifference(new Set(server['ports'] as string[])).size === 0
}
export const serverWithPorts: Translation<typeof Instance, CloudObject> = {
  ...instance,
  capability: {
    ...instance.capability,
    reads: NIC_PATHS.flatMap((path) => ['subnetRef', 'securityGroupRefs[]', 'publicIpRefs[]', 'skuRef'].map((below) => `${path}.${below}`)),
  },
  initial: (desired) => ({ ...projectOf(desired), data_volumes: instance.initial?.(desired)['data_volumes'] }),
  wants: {
    ...serverWants,
    primaryNicRef: { isMet: arePorts },
    additionalNicRefs: { isMet: arePorts },
    securityGroupRef: {
      fields: (desired) => {
        const firewall = desired.spec.securityGroupRef ? idAt(desired, 'securityGroupRef') : ''
        return { firewalls: firewall === undefined ? undefined : firewall === '' ? [] : [firewall] }
      },
    },
  },
}

/** The NICs that an instance names and that are there. */
export function nicsOf(desired: Pick<Desired, 'spec' | 'targets'>): readonly Other[] {
  const [first] = [desired.targets['primaryNicRef']]
  return [first, ...targetsAt(desired, 'additionalNicRefs[]')].filter((nic_) => nic_ !== undefined)
}

/** A port as its server's calls make it; throws `waiting` while something that it is made of is not there, so that none is ever open to all. */
export function portOf(other: Other): Fields {
  const desired = other as unknown as Desired<typeof Nic>
  const groups = targetsAt(desired, 'securityGroupRefs[]').filter((group) => group !== undefined)
  const missing = [other.targets['subnetRef'], ...groups].find((target) => target?.externalId === undefined)
  if (missing !== undefined || other.targets['subnetRef'] === undefined)
    throw new ProviderError(
      'waiting',
      `${missing?.path.kind ?? 'the subnet'} ${missing?.path.name ?? ''} of NIC ${other.path.name} is not in the cloud yet`,
    )
  const wanted = Object.values(nic.wants).map((want) => want.fields?.(desired))
  const fields = Object.assign({}, nic.initial?.(desired), ...wanted.map((some) => known(some))) as Fields
  return { addresses: null, ...fields }
}

const known = (fields: Fields = {}) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

const BY_ITSELF = 'this cloud routes by itself'
const DEFAULTS: ReadonlySet<string> = new Set(['0.0.0.0/0', '::/0'])

type Items = NonNullable<Observed['items']>

/** The way out to the internet is there; any other way is not to be had. */
function refused({ spec, targets }: Desired<typeof RouteTable>): Items {
  const isThere = (destination: string, index: number) =>
    DEFAULTS.has(destination) && targets[`routes[${index}].targetRef`]?.path.kind === 'InternetGateway'
  const message = `${BY_ITSELF}: nothing but a default route through an internet gateway can be had; remove this one`
  const found = spec.routes.flatMap(({ destinationCidrBlock }, index) =>
    isThere(destinationCidrBlock, index) ? [] : [[`routes[${index}]`, { state: 'error', message }] as const],
  )
  return Object.fromEntries(found)
}

/** Kinds without an object, by name. */
export const WITHOUT: Readonly<Record<string, ResourceAdapter>> = {
  RouteTable: nothing<typeof RouteTable>(BY_ITSELF, refused) as ResourceAdapter,
  InternetGateway: nothing<typeof InternetGateway>(BY_ITSELF) as ResourceAdapter,
}

/** What can be done with these: whatever they say. */
export const ABLE_WITHOUT: Readonly<Record<string, Pick<Capability, 'object' | 'updates' | 'note'>>> = {
  RouteTable: { object: 'none', updates: ['routes', 'labels'], note: `${BY_ITSELF}; a default route through an internet gateway` },
  InternetGateway: { object: 'none', updates: ['egressOnly', 'labels'], note: BY_ITSELF },
}
