import type { CallContext, Unmanaged } from '../../../src/provider/contract.ts'
import { leftOut, remarked, settled, toId, toSku } from '../../../src/provider/unmanaged.ts'
import type { ServerClient } from '../compute/client.ts'
import { powerOf } from '../compute/power.ts'
import { listOf, type Native, textOf } from '../native.ts'
import type { Settings } from '../settings.ts'
import { skuName } from '../sku-name.ts'
import type { VolumeClient } from '../storage/client.ts'

interface Attachment {
  readonly server_id: string
  readonly device: string
}

/** Volumes and servers of a project that carry no tag, in SECA's words. */
export async function* machinesOf(
  { storage, compute, settings }: { readonly storage: VolumeClient; readonly compute: ServerClient; readonly settings: Settings },
  context: CallContext,
): AsyncGenerator<Unmanaged> {
  const volumes = await storage.seen(context)
  for (const volume of volumes) {
    const facts = storage.facts(volume)
    const found = facts.tag === '' ? settled(facts, volumeOf(volume, settings)) : undefined
    if (found !== undefined) yield found
  }
  const attached = attachedTo(volumes)
  for (const server of await compute.seen(context)) {
    const facts = compute.facts(server)
    const found = facts.tag === '' ? settled(facts, serverOf(server, attached.get(server.id) ?? [], settings)) : undefined
    if (found !== undefined) yield found
  }
}

/** The SKU that the settings map to what the cloud calls so, or one of that name. */
export function skuNamed(names: readonly string[], mapping: Readonly<Record<string, string>>): string {
  const [mapped] = Object.entries(mapping).find(([, wanted]) => names.includes(wanted)) ?? []
  return mapped ?? skuName(names[0] ?? '')
}

function volumeOf(volume: Native, { volumeTypes }: Pick<Settings, 'volumeTypes'>): Unmanaged {
  const type = textOf(volume, 'volume_type')
  const name = skuNamed([type], volumeTypes)
  return {
    kind: 'BlockStorage',
    externalId: volume.id,
    name: textOf(volume, 'name') || `volume-${volume.id.slice(0, 8)}`,
    spec: { sizeGB: Number(volume['size']), skuRef: toSku('StorageSku', { name: name === '' ? undefined : name }) },
  }
}

/** Ids of volumes by their server, in the order of their devices: the first is what it boots from, if it boots from any. */
export function attachedTo(volumes: readonly Native[]): ReadonlyMap<string, readonly string[]> {
  const all = volumes.flatMap((volume) => listOf<Attachment>(volume, 'attachments').map((one) => ({ ...one, id: volume.id })))
  const inOrder = all.toSorted(({ device: a }, { device: b }) => a.length - b.length || (a < b ? -1 : 1))
  return new Map([...Map.groupBy(inOrder, (one) => one.server_id)].map(([server, found]) => [server, found.map(({ id }) => id)]))
}

/** Nova names an image where the server boots from a disk that it made of it, whatever volumes it has besides. */
const bootsFromHost = (server: Native) => typeof server['image'] === 'object' && server['image'] !== null

export function serverOf(server: Native, volumes: readonly string[], { flavors }: Pick<Settings, 'flavors'>): Unmanaged {
  const [boot, ...data] = volumes
  const [first, ...nics] = listOf<string>(server, 'ports')
  const base = { kind: 'Instance', externalId: server.id, name: textOf(server, 'name') } as const
  if (boot === undefined || bootsFromHost(server))
    return leftOut(base, 'an instance boots from a volume, and this server from a disk of its host')
  const { original_name: flavor = '' } = (server['flavor'] ?? {}) as { original_name?: string }
  const volume = (id: string) => ({ deviceRef: toId('BlockStorage', id), type: 'virtio' })
  const instance = {
    ...base,
    spec: {
      skuRef: toSku('InstanceSku', { name: skuNamed([flavor], flavors) }),
      zone: textOf(server, 'OS-EXT-AZ:availability_zone'),
      powerState: powerOf(server),
      bootVolume: volume(boot),
      ...(data.length === 0 ? {} : { dataVolumes: data.map(volume) }),
      ...(first === undefined ? {} : { primaryNicRef: toId('Nic', first) }),
      ...(nics.length === 0 ? {} : { additionalNicRefs: nics.map((id) => toId('Nic', id)) }),
    },
  }
  const going = listOf<{ id: string; delete_on_termination?: boolean }>(server, 'os-extended-volumes:volumes_attached')
    .filter((one) => one.delete_on_termination === true)
    .map(({ id }) => id)
  return remarked(
    instance,
    going.length === 0 ? [] : [`Nova deletes ${going.join(', ')} along with it (delete_on_termination): change that before it is deleted`],
  )
}
