import type { Nic, PublicIp } from '../../src/kinds/index.ts'
import { isUnassigned, parseIp, sameIp } from '../../src/ip.ts'
import { idAt, idsAt, knownIds, skuNumber } from '../../src/provider/targets.ts'
import type { Translation } from '../../src/provider/translation.ts'
import type { CloudObject } from './client.ts'
import { projectOf } from './workspace.ts'

const addressesOf = (port: CloudObject) => ((port['addresses'] ?? []) as readonly string[]).filter((one) => parseIp(one))

/** The very address, or any of its family where `0.0.0.0` or `::` asks for one. */
function isMetBy(wanted: string, has: string | undefined): boolean {
  if (has === undefined) return false
  return isUnassigned(wanted) ? parseIp(wanted)?.family === parseIp(has)?.family : sameIp(wanted, has)
}

export const nic: Translation<typeof Nic, CloudObject> = {
  type: 'ports',
  // What is still being made is bound when it is there.
  initial: (desired) => ({
    floating_ips: knownIds(desired, 'publicIpRefs[]'),
    firewalls: knownIds(desired, 'securityGroupRefs[]'),
  }),
  wants: {
    subnetRef: { fields: (desired) => ({ segment: idAt(desired, 'subnetRef') }), isFixed: true },
    addresses: {
      fields: ({ spec: { addresses } }) => ({
        addresses: addresses?.map((one) => (isUnassigned(one) ? `auto${parseIp(one)?.family ?? 4}` : one)) ?? null,
      }),
      isMet: (port, { spec: { addresses } }) =>
        !addresses || (addresses.length === addressesOf(port).length && addresses.every((one, i) => isMetBy(one, addressesOf(port)[i]))),
    },
    skuRef: { fields: (desired) => ({ mbit_s: skuNumber(desired, 'skuRef', 'bandwidth') }) },
    publicIpRefs: { fields: (desired) => ({ floating_ips: idsAt(desired, 'publicIpRefs[]') }) },
    securityGroupRefs: { fields: (desired) => ({ firewalls: idsAt(desired, 'securityGroupRefs[]') }) },
  },
  status: (port) => ({
    addresses: [...addressesOf(port)],
    ...(typeof port['mac'] === 'string' ? { macAddress: port['mac'] } : {}),
  }),
}

export const publicIp: Translation<typeof PublicIp, CloudObject> = {
  type: 'floating-ips',
  initial: projectOf,
  wants: {
    version: { fields: ({ spec }) => ({ family: spec.version === 'IPv4' ? 4 : 6 }), isFixed: true },
    address: {
      fields: ({ spec }) => ({ address: spec.address || null }),
      isMet: (floating, { spec }) => !spec.address || sameIp(spec.address, String(floating['address'])),
    },
  },
  status: ({ address }) => (typeof address === 'string' ? { ipAddress: address } : {}),
}
