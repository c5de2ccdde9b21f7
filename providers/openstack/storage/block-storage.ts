import type { BlockStorage } from '../../../src/kinds/index.ts'
import { adapterOf } from '../../../src/provider/adapter.ts'
import type { Accepted, CallContext, Desired, Observed, ResourceAdapter } from '../../../src/provider/contract.ts'
import { idAt, pathText, targetAt } from '../../../src/provider/targets.ts'
import type { Translation } from '../../../src/provider/translation.ts'
import { projectOf } from '../identity/workspace.ts'
import type { Session } from '../identity/session.ts'
import type { Sharing } from '../image/sharing.ts'
import { Lately, OFFERS_MS } from '../lately.ts'
import type { Native } from '../native.ts'
import type { VolumeClient } from './client.ts'
import { typeFor, type VolumeType, volumeTypes } from './types.ts'

type D = typeof BlockStorage

export const blockStorage: Translation<D, Native> = {
  type: 'volumes',
  capability: { note: 'a volume; extended while it is attached, too, and never made smaller' },
  parent: projectOf,
  wants: {
    // What somebody extended by hand stays: no cloud takes a size back.
    sizeGB: { fields: ({ spec }) => ({ size: spec.sizeGB }), isMet: (volume, { spec }) => Number(volume['size']) >= spec.sizeGB },
    skuRef: { isMet: () => true, isFixed: true },
    sourceImageRef: {
      fields: (desired) => ({ imageRef: idAt(desired, 'sourceImageRef') }),
      notes: (desired) => ({ source: pathText(desired, 'sourceImageRef') }),
      // Kept by name: an image that was made anew under the same name does not call for another filling.
      isMet: (volume, desired, notes) => {
        const source = pathText(desired, 'sourceImageRef')
        const { image_id: image } = (volume['volume_image_metadata'] ?? {}) as { image_id?: string }
        return source === undefined || notes['source'] === source || (image !== undefined && image === idAt(desired, 'sourceImageRef'))
      },
      isFixed: true,
    },
  },
  status: (volume) => ({ sizeGB: Number(volume['size']) }),
}

/** Volumes; the type that stands for a SKU is looked up when one is made. */
export class VolumeAdapter implements ResourceAdapter<D> {
  readonly #session: Session
  readonly #sharing: Sharing
  readonly #client: VolumeClient
  readonly #below: ResourceAdapter<D>
  readonly #types = new Lately<readonly VolumeType[]>(OFFERS_MS)

  constructor(session: Session, client: VolumeClient, sharing: Sharing) {
    this.#session = session
    this.#sharing = sharing
    this.#client = client
    this.#below = adapterOf(client, blockStorage)
  }

  observe(desired: Desired<D>, context: CallContext): Promise<Observed<D> | undefined> {
    return this.#below.observe(desired, context)
  }

  async create(desired: Desired<D>, context: CallContext): Promise<Accepted> {
    const { volumeTypes: mapping, volumeZone } = this.#session.settings
    const sku = targetAt(desired, 'skuRef')?.path.name ?? ''
    const project = projectOf(desired)
    const ask = () => volumeTypes(this.#session, context, project)
    const type = await this.#types.made(project ?? '', ask, (types) => typeFor(sku, types, mapping))
    const image = targetAt(desired, 'sourceImageRef')
    const { parent: owner } = (image?.handle ?? {}) as { readonly parent?: string }
    if (image?.externalId !== undefined && owner !== undefined)
      await this.#sharing.shareNow(image.externalId, owner, projectOf(desired) ?? owner, context)
    const fields = { volume_type: type, availability_zone: volumeZone }
    return adapterOf(this.#client, { ...blockStorage, initial: () => fields }).create(desired, context)
  }

  async update(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<Accepted | void> {
    return this.#below.update?.(desired, seen, context)
  }

  delete(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<Accepted | void> {
    return this.#below.delete(desired, seen, context)
  }
}
