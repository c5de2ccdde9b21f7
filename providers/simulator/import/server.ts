import type { Unmanaged } from '../../../src/provider/contract.ts'
import { leftOut, remarked, toId, toSku } from '../../../src/provider/unmanaged.ts'
import type { CloudObject } from '../client.ts'
import { type Account, base, toAll, unlessEmpty } from './account.ts'

const volume = (id: string) => ({ deviceRef: toId('BlockStorage', id), type: 'virtio' })

/** User data may hold secrets: they are not written, and stay as they are. */
const SECRET = 'its user data are not written, since they may hold secrets: they stay in the cloud as they are'

export function serverOf(server: CloudObject, account: Account): Unmanaged {
  const about = base('Instance', server, account)
  const [first, ...nics] = toAll('Nic', server['ports'])
  const groups = (account.hasParts ? server['firewalls'] : [server['firewall']].filter((id) => id !== null)) as readonly string[]
  if (groups.length > 1) return leftOut(about, `an instance has one security group, and this server ${groups.length} firewalls`)
  const [group] = toAll('SecurityGroup', groups)
  const spec = {
    skuRef: toSku('InstanceSku', { vCPU: server['vcpus'] as number, ram: server['ram_gb'] as number }),
    zone: String(server['zone']),
    powerState: server['power'] === 'on' ? 'on' : 'off',
    bootVolume: volume(String(server['boot_volume'])),
    ...unlessEmpty('dataVolumes', ((server['data_volumes'] ?? []) as readonly string[]).map(volume)),
    ...(first === undefined ? {} : { primaryNicRef: first }),
    ...unlessEmpty('additionalNicRefs', nics),
    ...(group === undefined ? {} : { securityGroupRef: group }),
    ...(typeof server['placement_group'] === 'string' ? { antiAffinityGroup: server['placement_group'] } : {}),
    ...unlessEmpty('sshKeys', (server['ssh_keys'] ?? []) as readonly string[]),
  }
  return remarked({ ...about, spec }, typeof server['user_data'] === 'string' ? [SECRET] : [])
}
