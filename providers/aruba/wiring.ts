import type { Instance } from '../../src/kinds/index.ts'
import type { Desired, Other } from '../../src/provider/contract.ts'
import { idsAt, targetsAt } from '../../src/provider/targets.ts'
import { linkedTo, type Native, refOf } from './native.ts'
import { interfacesOf } from './nic.ts'
import { copyIn } from './rules.ts'
import { hasUri, sameUri } from './uri.ts'

type D = typeof Instance

/** URIs of what a server is to be connected with; undefined while something of it is not known. */
export interface Wiring {
  readonly vpc: string | undefined
  readonly subnets: readonly string[] | undefined
  readonly groups: readonly string[] | undefined
  readonly elasticIps: readonly string[] | undefined
  /** Why that is not to be had, in a person's words. */
  readonly refused?: string
}

export const nicsOf = (desired: Pick<Desired<D>, 'spec' | 'targets'>): readonly Other[] =>
  [desired.targets['primaryNicRef'], ...targetsAt(desired, 'additionalNicRefs[]')].filter((nic) => nic !== undefined)

const known = <T>(all: readonly (T | undefined)[]): readonly T[] | undefined => {
  const found = all.filter((one) => one !== undefined)
  return found.length === all.length ? found : undefined
}

/** Groups of a NIC's own, or that of its instance. */
function groupsOf(nic: Other, desired: Desired<D>): readonly Other[] {
  const own = targetsAt(nic, 'securityGroupRefs[]')
  return (own.length > 0 ? own : [desired.targets['securityGroupRef']]).filter((group) => group !== undefined)
}

/** Whether the group of the instance itself counts. */
export const isByInstance = (desired: Desired<D>): boolean =>
  nicsOf(desired).some((nic) => targetsAt(nic, 'securityGroupRefs[]').length === 0)

export function wiringOf(desired: Desired<D>): Wiring {
  const nics = nicsOf(desired)
  const subnets = nics.map((nic) => nic.targets['subnetRef'])
  const groups = nics.map((nic) => groupsOf(nic, desired))
  const networks = new Set(subnets.map((subnet) => subnet?.parent?.tagKey))
  const publicIps = nics.flatMap((nic) => targetsAt(nic, 'publicIpRefs[]').filter((ip) => ip !== undefined))
  const vpc = subnets[0]?.parent?.externalId
  const refused = refusalOf(nics, networks.size, subnets, groups, publicIps.length)
  return {
    vpc,
    subnets: known(subnets.map((subnet) => subnet?.externalId)),
    groups: vpc === undefined ? undefined : known((groups[0] ?? []).map((group) => copyIn(vpc, group))),
    elasticIps: nics.some((nic) => idsAt(nic, 'publicIpRefs[]') === undefined)
      ? undefined
      : publicIps.flatMap(({ externalId }) => externalId ?? []),
    ...(refused === undefined ? {} : { refused }),
  }
}

function refusalOf(
  nics: readonly Other[],
  networks: number,
  subnets: readonly (Other | undefined)[],
  groups: readonly (readonly Other[])[],
  publicIps: number,
): string | undefined {
  if (nics.length === 0) return 'a machine of this cloud needs a NIC: name one in primaryNicRef'
  if (networks > 1) return 'all NICs of an instance have to be in one network here'
  if (new Set(subnets.map((subnet) => subnet?.tagKey)).size < subnets.length) return 'an instance can have one NIC in a subnet here'
  if (publicIps > 1) return 'an instance can have one public IP here: leave the others out of its NICs'
  const sets = groups.map((some) =>
    some
      .map(({ tagKey }) => tagKey)
      .toSorted()
      .join(' '),
  )
  if (new Set(sets).size > 1)
    return 'security groups count for all NICs of an instance here, so that each would let in more than it says: give its NICs the same groups'
  if ((groups[0] ?? []).length === 0) return 'a machine of this cloud needs a security group: name one in securityGroupRef, or in its NICs'
  return undefined
}

/** What is connected and what should be. */
export interface Difference {
  readonly missing: readonly string[]
  readonly surplus: readonly string[]
}

export const difference = (has: readonly string[], wanted: readonly string[]): Difference => ({
  missing: wanted.filter((uri) => !hasUri(has, uri)),
  surplus: has.filter((uri) => !hasUri(wanted, uri)),
})

export const isNone = ({ missing, surplus }: Difference): boolean => missing.length + surplus.length === 0

/** What a server has: it shows nothing of it as it was sent. */
export function wiredOf(server: Native) {
  const [linked, shown] = [
    linkedTo(server, 'subnets'),
    interfacesOf(server).flatMap(({ subnet }) => (subnet?.startsWith('/') ? [subnet] : [])),
  ]
  return {
    subnets: linked.length > 0 ? linked : shown,
    groups: linkedTo(server, 'securityGroups'),
    elasticIps: linkedTo(server, 'elasticIps'),
    volumes: linkedTo(server, 'blockStorages').filter((uri) => !sameUri(uri, refOf(server, 'bootVolume'))),
  }
}

type Aspect = 'subnets' | 'groups' | 'elasticIps'

/** What differs of an aspect; nothing while it is not known, or not to be had. */
export function differs(server: Native, desired: Desired<D>, aspect: Aspect): Difference {
  const wanted = wiringOf(desired)[aspect]
  return wanted === undefined ? { missing: [], surplus: [] } : difference(wiredOf(server)[aspect], wanted)
}

export function volumesDiffer(server: Native, desired: Desired<D>): Difference {
  const wanted = idsAt(desired, 'dataVolumes[].deviceRef')
  return wanted === undefined ? { missing: [], surplus: [] } : difference(wiredOf(server).volumes, wanted)
}
