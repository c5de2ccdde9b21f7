import * as z from 'zod'
import type { Switches } from './characters.ts'
import { machine } from './compute.ts'
import { port, ports } from './edge.ts'
import { firewall } from './filtering.ts'
import { type CloudObject, type Find, Refusal } from '../../stand-in/model.ts'
import type { TypeDefinition } from './model.ts'
import { segment } from './network.ts'

const body = z.record(z.string(), z.unknown())
const order = z.looseObject({ project: z.string(), boot_volume: z.union([z.string(), body]), ports: z.array(body).max(32).default([]) })
const { firewall: _one, ports: _ids, ...alone } = machine
const onServer = { ...alone, firewalls: z.array(z.string()).max(16) }
const { router: _router, ...flat } = segment

/**
 * How types differ where ports are parts of servers and firewalls parts of vpcs: a server is made with its ports, and with its
 * boot volume if that is not there yet, in one request. `null`: there is no such type.
 */
export const PARTS: Readonly<Record<string, Partial<TypeDefinition> | null>> = {
  routers: null,
  uplinks: null,
  segments: {
    create: z.strictObject({ vpc: z.string(), mbit_s: z.int().min(1).optional(), ...flat }),
    change: z.strictObject({ mbit_s: z.int().min(1), ...flat }).partial(),
  },
  servers: {
    create: z.strictObject({
      ...onServer,
      project: z.string(),
      zone: z.string().min(1).max(32),
      vcpus: z.int().min(1),
      ram_gb: z.int().min(1),
    }),
    change: z.strictObject(onServer).partial(),
    assemble(sent, make) {
      const { boot_volume: disk, ports: nics, ...rest } = order.parse(sent)
      const boot = typeof disk === 'string' ? undefined : make('volumes', { project: rest.project, ...disk })
      const server = make('servers', { ...rest, boot_volume: boot?.id ?? disk })
      return [server, ...(boot ? [boot] : []), ...nics.map((nic) => make('ports', { ...nic, server: server.id }))]
    },
    view: (fields, cloud) => ({ ...fields, ports: cloud.users(cloud.self ?? '', 'ports').map(({ id }) => id) }),
  },
  ports: {
    create: z.strictObject({ ...port, server: z.string(), segment: z.string(), mbit_s: z.int().min(1).optional() }),
    complete(wanted, cloud, before) {
      const vpc = cloud.find(String(wanted['segment']))?.fields['vpc']
      const stranger = (wanted['firewalls'] as readonly string[]).find((id) => cloud.find(id)?.fields['vpc'] !== vpc)
      if (stranger !== undefined) throw new Refusal(422, 'wrong_vpc', `firewall ${stranger} is not in the vpc of the port's segment`)
      return ports.complete?.(wanted, cloud, before) ?? wanted
    },
  },
  firewalls: { create: z.strictObject({ vpc: z.string(), ...firewall }) },
}

/** The type in whose objects those of `type` live: they are made, changed and deleted below it alone. */
export function parentOf({ switches }: { readonly switches: Pick<Switches, 'parts'> }, type: string): string | undefined {
  return switches.parts && type === 'ports' ? 'servers' : undefined
}

/** A type as it is in this cloud. */
export function typeIn(type: string, definition: TypeDefinition | undefined, parts: boolean): TypeDefinition {
  const other = parts ? PARTS[type] : undefined
  if (!definition || other === null) throw new Refusal(404, 'no_such_type', `there is no ${type} here`)
  return other ? { ...definition, ...other } : definition
}

/** What an object is doing. A part is built and deleted with its server. */
export function stateOf(object: CloudObject, find: Find): Pick<CloudObject, 'state' | 'operation'> {
  if (object.operation) return object
  const maker = object.madeWith === undefined ? undefined : find(object.madeWith)
  if (maker?.state === 'building') return maker
  const home = object.fields['server'] === undefined ? undefined : find(String(object.fields['server']))
  return home?.state === 'deleting' ? home : object
}
