import type { Nic } from '../../src/kinds/index.ts'
import { isUnassigned } from '../../src/ip.ts'
import type { CallContext, Capability, Desired, Observed, ResourceAdapter } from '../../src/provider/contract.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import { idAt } from '../../src/provider/targets.ts'
import type { ArubaClient } from './client.ts'
import { type Native, property } from './native.ts'
import { names } from './uri.ts'

type D = typeof Nic

interface Interface {
  readonly subnet?: string | null
  readonly macAddress?: string | null
  readonly ips?: readonly string[] | null
}

export const interfacesOf = (server: Native): readonly Interface[] => (property(server, 'networkInterfaces') ?? []) as readonly Interface[]

export const nicAbility: Pick<Capability, 'object' | 'updates' | 'ignores' | 'reads' | 'note'> = {
  object: 'part',
  updates: ['subnetRef', 'publicIpRefs', 'securityGroupRefs'],
  ignores: ['addresses', 'skuRef'],
  reads: ['holders'],
  note: 'a part of its instance, which the cloud connects to the subnet; addresses are chosen by the cloud',
}

/** Nothing of its own: the instance is connected to the NIC's subnet, and tells what came of it. */
export function nicAdapter(client: ArubaClient): ResourceAdapter<D> {
  const done = () => Promise.resolve({})
  return { observe: (desired, context) => observe(client, desired, context), create: done, update: done, delete: done }
}

async function observe(client: ArubaClient, desired: Desired<D>, context: CallContext): Promise<Observed<D>> {
  const { holders, isLeaving, spec } = desired
  if (isLeaving) return { status: {}, drift: [], part: 'goes with its instance' }
  if (spec.addresses?.some((address) => !isUnassigned(address) || address.includes(':')) || (spec.addresses?.length ?? 0) > 1)
    throw new ProviderError('unsupported', 'this cloud gives each NIC one IPv4 address that it chooses itself: leave addresses out')
  const instance = holders.find(({ path, externalId }) => path.kind === 'Instance' && externalId)
  const server = instance && (await client.look(instance.externalId ?? '', context))
  const [uri, subnet] = [idAt(desired, 'subnetRef'), desired.targets['subnetRef']]
  const own =
    server && uri && interfacesOf(server).find((one) => names(one.subnet ?? '', { uri, ...(subnet ? { name: subnet.path.name } : {}) }))
  if (!own) return { status: {}, drift: [], part: 'is made with the instance that names it' }
  const status = { addresses: [...(own.ips ?? [])], ...(own.macAddress ? { macAddress: own.macAddress } : {}) }
  return { status, drift: [], part: 'is a part of its instance' }
}
