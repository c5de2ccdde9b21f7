import type { Nic } from '../../src/kinds/index.ts'
import { isUnassigned, parseIp, sameIp } from '../../src/ip.ts'
import { adapterOf } from '../../src/provider/adapter.ts'
import type { CallContext, Desired, Holder, ResourceAdapter } from '../../src/provider/contract.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import { withSteps } from '../../src/provider/steps.ts'
import { idAt, idsAt, targetsAt } from '../../src/provider/targets.ts'
import type { Translation } from '../../src/provider/translation.ts'
import type { IonosClient } from './client.ts'
import { companionName } from './names.ts'
import { lastOf, type Native, parentOf, pathIn, pathOf, textsOf } from './native.ts'
import { gatewayOf } from './network.ts'

type D = typeof Nic

const isInstance = ({ path }: Holder) => path.kind === 'Instance'
const instanceOf = ({ holders }: Pick<Desired, 'holders'>) => holders.find(isInstance)

/** Public addresses that the NIC is to have; unknown while one is still being reserved. */
function publicIps(desired: Desired<D>): readonly string[] | undefined {
  const found = targetsAt(desired, 'publicIpRefs[]').filter((one) => one !== undefined)
  const ips = found.flatMap(({ status }) => (typeof status['ipAddress'] === 'string' ? [status['ipAddress']] : []))
  return ips.length === found.length ? ips : undefined
}

/** Its own groups, or the one that its instance has for NICs without: groups of a server would come on top of those of its NICs. */
function groupsOf(desired: Desired<D>): readonly string[] | undefined {
  if (desired.spec.securityGroupRefs?.length) return idsAt(desired, 'securityGroupRefs[]')
  const instance = instanceOf(desired)
  if (instance?.spec['securityGroupRef'] === undefined) return []
  const group = instance.targets['securityGroupRef']
  return group === undefined ? [] : group.externalId === undefined ? undefined : [group.externalId]
}

const areSame = (some: readonly string[], others: readonly string[]) => new Set(some).symmetricDifference(new Set(others)).size === 0
const groupIds = ({ entities }: Native) => (entities['securitygroups'] ?? []).map(({ id }) => id)
const explicit = (addresses: readonly string[] = []) => addresses.filter((one) => !isUnassigned(one))

export const nic: Translation<D, Native> = {
  type: 'nics',
  capability: {
    object: 'part',
    ignores: ['skuRef'],
    reads: ['holders', 'holders.securityGroupRef', 'subnetRef.routeTableRef.routes[].targetRef'],
    note: 'made with the instance that names it; public IPs are on a second interface, in the LAN of the internet gateway',
  },
  parent: (desired) => instanceOf(desired)?.externalId,
  part: () => 'is made with the instance that names it',
  wants: {
    subnetRef: { fields: (desired) => ({ lan: lanNumber(idAt(desired, 'subnetRef')) }), isFixed: true },
    addresses: {
      fields: ({ spec }) => ({ ips: explicit(spec.addresses).length === 0 ? undefined : explicit(spec.addresses) }),
      // Their order is not kept.
      isMet: (object, { spec: { addresses } }) => {
        const ips = textsOf(object, 'ips')
        const isThere = explicit(addresses).every((one) => ips.some((ip) => sameIp(ip, one)))
        return isThere && (addresses === undefined || ips.length === addresses.length)
      },
    },
    publicIpRefs: {
      isMet: ({ companion }, desired) => {
        const ips = publicIps(desired)
        return (
          ips === undefined ||
          (ips.length === 0 ? companion === undefined : companion !== undefined && areSame(ips, textsOf(companion, 'ips')))
        )
      },
    },
    securityGroupRefs: {
      isMet: (object, desired) => {
        const groups = groupsOf(desired)
        return groups === undefined || [object, object.companion].every((one) => one === undefined || areSame(groups, groupIds(one)))
      },
    },
  },
  status: (object) => ({
    addresses: textsOf(object, 'ips').filter((ip) => parseIp(ip)),
    ...(typeof object['mac'] === 'string' ? { macAddress: object['mac'] } : {}),
  }),
}

export const lanNumber = (id: string | undefined): number | undefined => (id === undefined ? undefined : Number(lastOf(id)))

/** NICs with their second interface, and the groups of both. */
export function nicAdapter(client: IonosClient): ResourceAdapter<D> {
  return withSteps(adapterOf(client, nic), {
    async publicIpRefs(desired, seen, context) {
      const ips = publicIps(desired) ?? []
      const { companion } = await look(seen.externalId ?? '', context)
      if (ips.length === 0) return companion && client.http.call({ method: 'DELETE', path: pathOf('nics', companion.id) }, context)
      if (companion !== undefined) return client.http.call({ method: 'PATCH', path: pathOf('nics', companion.id), body: { ips } }, context)
      const lan = lanNumber(gatewayOf(desired.targets['subnetRef']))
      if (lan === undefined)
        throw new ProviderError(
          'waiting',
          'publicIpRefs: the route table of the subnet has no way out yet; give it 0.0.0.0/0 through an internet gateway',
        )
      const properties = { name: companionName(desired.tagKey), lan, ips, dhcp: true }
      await client.http.call({ method: 'POST', path: pathIn('nics', parentOf(seen.externalId ?? '')), body: { properties } }, context)
    },
    async securityGroupRefs(desired, seen, context) {
      const groups = groupsOf(desired) ?? []
      const object = await look(seen.externalId ?? '', context)
      const items = groups.map((id) => ({ id: lastOf(id) }))
      for (const one of [object, object.companion])
        if (one !== undefined && !areSame(groups, groupIds(one)))
          await client.http.call({ method: 'PUT', path: `${pathOf('nics', one.id)}/securitygroups`, body: { items } }, context)
    },
  })

  async function look(id: string, context: CallContext): Promise<Native> {
    const object = await client.get({ type: 'nics' }, id, context)
    if (object === undefined) throw new ProviderError('waiting', 'the NIC cannot be seen at the moment')
    return object
  }
}
