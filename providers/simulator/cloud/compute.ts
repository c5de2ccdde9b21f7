import * as z from 'zod'
import { type Fields, Refusal } from '../../stand-in/model.ts'
import type { Surroundings, TypeDefinition } from './model.ts'

export const machine = {
  boot_volume: z.string(),
  data_volumes: z.array(z.string()).max(64),
  ports: z.array(z.string()).max(32),
  firewall: z.string().nullable(),
  placement_group: z.string().max(64).nullable(),
  ssh_keys: z.array(z.string().min(1).max(4096)).max(32),
  user_data: z.string().max(65_536).nullable(),
}

export const servers: TypeDefinition = {
  prefix: 'srv',
  create: z.strictObject({
    ...machine,
    project: z.string(),
    zone: z.string().min(1).max(32),
    vcpus: z.int().min(1),
    ram_gb: z.int().min(1),
  }),
  change: z.strictObject(machine).partial(),
  links: {
    project: { to: ['projects'], onDelete: 'hold' },
    boot_volume: { to: ['volumes'], onDelete: 'hold' },
    data_volumes: { to: ['volumes'], onDelete: 'hold' },
    ports: { to: ['ports'], onDelete: 'hold' },
    firewall: { to: ['firewalls'], onDelete: 'drop' },
    // Where ports are parts of servers (parts.ts).
    firewalls: { to: ['firewalls'], onDelete: 'drop' },
  },
  complete(wanted, cloud, before) {
    if (before && before.fields['power'] === 'on' && before.fields['boot_volume'] !== wanted['boot_volume'])
      throw new Refusal(422, 'must_be_off', `server ${before.id} must be off before its boot volume can change`)
    if (cloud.isStrict) refuseSharing(wanted, cloud, before?.id)
    return before ? wanted : { ...wanted, power: 'off', power_changed_at: null, boots: 0 }
  },
  // Like most clouds, this one starts a server as soon as it is built.
  built: (fields, endsAt) => (fields['boots'] === 0 ? { power: 'on', power_changed_at: endsAt, boots: 1 } : {}),
}

function refuseSharing(wanted: Fields, cloud: Surroundings, self: string | undefined): void {
  const parts = [wanted['boot_volume'], wanted['data_volumes'], wanted['ports']].flat().map(String)
  for (const part of parts) {
    const other = cloud.users(part, 'servers').find((server) => server.id !== self)
    if (other) throw new Refusal(409, 'in_use', `${part} is attached to ${other.id} already`)
  }
}
