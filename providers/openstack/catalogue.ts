import type { CallContext, Offer } from '../../src/provider/contract.ts'
import { allFlavors, type Flavor } from './compute/flavors.ts'
import type { Session } from './identity/session.ts'
import { architecture, firmware, initializer } from './image/words.ts'
import type { ImageClient } from './image/client.ts'
import { textOf } from './native.ts'
import type { Settings } from './settings.ts'
import { skuName } from './sku-name.ts'
import { volumeTypes } from './storage/types.ts'

/** What the cloud offers to everybody, in SECA's words. Speeds of networks are nothing that OpenStack tells, so there are no SKUs of them. */
export async function* catalogueOf(session: Session, images: ImageClient, context: CallContext): AsyncGenerator<Offer> {
  const { settings } = session
  const project = await session.outlook(context)
  for (const { name, vcpus, ram } of bootingFromVolume(await allFlavors(session, context, project)))
    if (skuName(name) !== '')
      yield { kind: 'InstanceSku', name: skuName(name), spec: { vCPU: vcpus, ram: Math.max(1, Math.floor(ram / 1024)) } }
  for (const { name } of await volumeTypes(session, context, project)) {
    const iops = iopsOf(name, settings)
    if (iops !== undefined) yield { kind: 'StorageSku', name: skuName(name), spec: { iops, type: 'remote-durable', minVolumeSize: 1 } }
  }
  for await (const image of images.pages({ visibility: 'public', status: 'active' }, project, context)) {
    const name = skuName(textOf(image, 'name'))
    if (name !== '')
      yield {
        kind: 'Image',
        name,
        externalId: image.id,
        spec: {
          cpuArchitecture: architecture.from(image['architecture']),
          boot: firmware.from(image['hw_firmware_type']),
          initializer: initializer.from(image['seca_initializer']),
        },
      }
  }
}

/** SECA's instances boot from volumes: where a cloud has flavors for just that, the others are not offered. */
function bootingFromVolume(flavors: readonly Flavor[]): readonly Flavor[] {
  const diskless = flavors.filter(({ disk }) => disk === 0)
  return diskless.length === 0 ? flavors : diskless
}

/** Of volume types OpenStack tells users nothing but the name. */
function iopsOf(name: string, { iops }: Pick<Settings, 'iops'>): number | undefined {
  return iops[name] ?? iops['*']
}
