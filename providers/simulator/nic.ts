import type { Nic, PublicIp } from '../../src/kinds/index.ts'
import { isUnassigned, parseIp, sameIp } from '../../src/ip.ts'
import { idOf, idsOf, projectOf, skuNumber, type Translation } from './adapter.ts'
import type { CloudObject } from './client.ts'

const addressesOf = (object: CloudObject) => object['addresses'] as readonly string[]

/** The very address, or any of its family where `0.0.0.0` or `::` asks for one. */
function isMetBy(wanted: string, has: string | undefined): boolean {
  if (has === undefined) return false
  return isUnassigned(wanted) ? parseIp(wanted)?.family === parseIp(has)?.family : sameIp(wanted, has)
}

export const nic: Translation<typeof Nic> = {
  type: 'ports',
  capability: { updates: ['addresses', 'skuRef', 'publicIpRefs', 'securityGroupRefs'] },
  wants(desired) {
    const { addresses, publicIpRefs, securityGroupRefs, skuRef, subnetRef } = desired.spec
    const asked = addresses?.map((one) => (isUnassigned(one) ? `auto${parseIp(one)?.family ?? 4}` : one)) ?? null
    const isMet = (object: CloudObject) =>
      !addresses || (addresses.length === addressesOf(object).length && addresses.every((one, i) => isMetBy(one, addressesOf(object)[i])))
    return {
      subnetRef: { fields: { segment: idOf(desired, subnetRef) }, fixed: 'a port stays in its segment; make a new NIC' },
      addresses: { fields: { addresses: asked }, isMet },
      skuRef: { fields: { mbit_s: skuNumber(desired, skuRef, 'bandwidth') } },
      publicIpRefs: { fields: { floating_ips: idsOf(desired, publicIpRefs) } },
      securityGroupRefs: { fields: { firewalls: idsOf(desired, securityGroupRefs) } },
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
