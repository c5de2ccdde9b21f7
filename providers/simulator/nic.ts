import { isDeepStrictEqual } from 'node:util'
import type { Nic, PublicIp } from '../../src/kinds/index.ts'
import type { Reference } from '../../src/kinds/ref.ts'
import type { Desired } from '../../src/provider/contract.ts'
import { isUnassigned, parseIp, sameIp } from '../../src/ip.ts'
import { idAt, idsAt, targetsAt } from '../../src/provider/targets.ts'
import { projectOf, skuNumber, type Translation } from './adapter.ts'
import type { CloudObject } from './client.ts'

const addressesOf = (object: CloudObject) => object['addresses'] as readonly string[]

/** The very address, or any of its family where `0.0.0.0` or `::` asks for one. */
function isMetBy(wanted: string, has: string | undefined): boolean {
  if (has === undefined) return false
  return isUnassigned(wanted) ? parseIp(wanted)?.family === parseIp(has)?.family : sameIp(wanted, has)
}

/** Those that are there are bound. While one is not, nothing is taken away: what stands for it may be the cloud's already. */
function floatingIps(desired: Desired<typeof Nic>, references: readonly Reference[] = []) {
  const known = targetsAt(desired, 'publicIpRefs[]').flatMap((target) => target?.externalId ?? [])
  const bound = (object: CloudObject) => object['floating_ips'] as readonly string[]
  const isMet = (object: CloudObject) =>
    known.length === references.length ? isDeepStrictEqual(bound(object), known) : known.every((id) => bound(object).includes(id))
  return { fields: { floating_ips: known }, isMet }
}

export const nic: Translation<typeof Nic> = {
  type: 'ports',
  capability: { updates: ['addresses', 'skuRef', 'publicIpRefs', 'securityGroupRefs'] },
  wants(desired) {
    const { addresses, publicIpRefs } = desired.spec
    const asked = addresses?.map((one) => (isUnassigned(one) ? `auto${parseIp(one)?.family ?? 4}` : one)) ?? null
    const isMet = (object: CloudObject) =>
      !addresses || (addresses.length === addressesOf(object).length && addresses.every((one, i) => isMetBy(one, addressesOf(object)[i])))
    return {
      subnetRef: { fields: { segment: idAt(desired, 'subnetRef') }, fixed: 'a port stays in its segment; make a new NIC' },
      addresses: { fields: { addresses: asked }, isMet },
      skuRef: { fields: { mbit_s: skuNumber(desired, 'skuRef', 'bandwidth') } },
      publicIpRefs: floatingIps(desired, publicIpRefs),
      securityGroupRefs: { fields: { firewalls: idsAt(desired, 'securityGroupRefs[]') } },
    }
  },
  status: (object) => ({ addresses: [...addressesOf(object)], macAddress: String(object['mac']) }),
}

export const publicIp: Translation<typeof PublicIp> = {
  type: 'floating-ips',
  capability: { updates: ['address'] },
  initial: projectOf,
  wants({ spec: { version, address } }) {
    return {
      version: { fields: { family: version === 'IPv4' ? 4 : 6 }, fixed: 'an address has the IP version that it was made with' },
      address: { fields: { address: address || null }, isMet: (object) => !address || sameIp(address, String(object['address'])) },
    }
  },
  status: (object) => ({ ipAddress: String(object['address']) }),
}
