import type { CallContext, Unmanaged } from '../../../src/provider/contract.ts'
import type { ServerClient } from '../compute/client.ts'
import { factsIn } from '../metadata.ts'
import { listOf, type Native, textOf } from '../native.ts'
import { skuName } from '../sku-name.ts'
import type { VolumeClient } from '../storage/client.ts'

const to = (kind: string, id: string) => ({ resource: `@${kind}/${id}` })
const isFree = (object: Native) => factsIn(object).tag === ''

/** Volumes and servers of a project that carry no tag, in SECA's words. */
export async function* machinesOf(storage: VolumeClient, compute: ServerClient, context: CallContext): AsyncGenerator<Unmanaged> {
  const volumes = (await storage.seen(context)).filter(isFree)
  yield* volumes.map(volumeOf)
  for (const server of (await compute.seen(context)).filter((one) => compute.facts(one).tag === '')) yield serverOf(server, volumes)
}

function volumeOf(volume: Native): Unmanaged {
  const type = textOf(volume, 'volume_type')
  return {
    kind: 'BlockStorage',
    externalId: volume.id,
    name: textOf(volume, 'name') || `volume-${volume.id.slice(0, 8)}`,
    spec: { sizeGB: Number(volume['size']), skuRef: { resource: `skus/${skuName(type)}` } },
  }
}

/** A server's volumes, in the order of their devices: the first is what it boots from. */
export function volumesOf(server: Native, volumes: readonly Native[]): readonly string[] {
  const device = (volume: Native) =>
    listOf<{ server_id: string; device: string }>(volume, 'attachments').find((one) => one.server_id === server.id)?.device
  return volumes
    .flatMap((volume) => (device(volume) === undefined ? [] : [[device(volume) ?? '', volume.id] as const]))
    .toSorted(([a], [b]) => a.length - b.length || (a < b ? -1 : 1))
    .map(([, id]) => id)
}

function serverOf(server: Native, volumes: readonly Native[]): Unmanaged {
  const [boot, ...data] = volumesOf(server, volumes)
  const [first, ...nics] = listOf<string>(server, 'ports')
  const base = { kind: 'Instance', externalId: server.id, name: textOf(server, 'name') } as const
  if (boot === undefined)
    return { ...base, spec: {}, isLeftOut: true, remarks: ['an instance boots from a volume, and this server from a disk of its host'] }
  const { original_name: flavor = '' } = (server['flavor'] ?? {}) as { original_name?: string }
  const volume = (id: string) => ({ deviceRef: to('BlockStorage', id), type: 'virtio' })
  return {
    ...base,
    spec: {
      skuRef: { resource: `skus/${skuName(flavor)}` },
      zone: textOf(server, 'OS-EXT-AZ:availability_zone'),
      powerState: server['OS-EXT-STS:power_state'] === 1 ? 'on' : 'off',
      bootVolume: volume(boot),
      ...(data.length === 0 ? {} : { dataVolumes: data.map(volume) }),
      ...(first === undefined ? {} : { primaryNicRef: to('Nic', first) }),
      ...(nics.length === 0 ? {} : { additionalNicRefs: nics.map((id) => to('Nic', id)) }),
    },
  }
}
