import { randomBytes } from 'node:crypto'
import type { BlockStorage } from '../../src/kinds/index.ts'
import type { Desired, Other } from '../../src/provider/contract.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import type { Fields, Translation } from '../../src/provider/translation.ts'
import type { Native } from './native.ts'
import type { Settings } from './settings.ts'
import { centerOf } from './workspace.ts'

type D = typeof BlockStorage
type Volume = Pick<Other, 'targets'> & { readonly spec: Readonly<Record<string, unknown>> }

const imageOf = ({ targets }: Pick<Other, 'targets'>) => targets['sourceImageRef']
const isFilled = ({ spec }: Volume) => spec['sourceImageRef'] !== undefined
/** Images that others offer ask for a password or keys; those made of volumes take neither. */
export const isPublic = (image: Other | undefined): boolean => image !== undefined && image.spec['blockStorageRef'] === undefined

/** The type of a volume by its SKU. */
function typeOf({ targets }: Pick<Other, 'targets'>, { volumeTypes }: Settings): string | undefined {
  const sku = targets['skuRef']
  if (sku === undefined) return undefined
  if (String(sku.spec['type']).startsWith('local'))
    throw new ProviderError('unsupported', `${sku.path.name}: this cloud has no local volumes, take one with remote-durable storage`)
  const iops = Number(sku.spec['iops'] ?? 0)
  return volumeTypes[sku.path.name] ?? (iops <= 600 ? 'HDD' : iops <= 5_000 ? 'SSD Standard' : 'SSD Premium')
}

/** What a volume is made with, whoever makes it. */
export function volumeFields(volume: Volume, settings: Settings): Fields {
  const image = imageOf(volume)
  if (isFilled(volume) && image?.externalId === undefined)
    throw new ProviderError('waiting', 'the image that the volume is filled from is not in the cloud yet')
  return {
    size: volume.spec['sizeGB'],
    type: typeOf(volume, settings),
    availabilityZone: 'AUTO',
    bus: 'VIRTIO',
    ...(image?.externalId === undefined ? { licenceType: 'OTHER' } : { image: image.externalId }),
  }
}

/** Where somebody has to be let in by a password, and keys are not given: one that nobody knows. */
export const nobodysPassword = (): string => randomBytes(24).toString('hex')

export function blockStorage(settings: Settings): Translation<D, Native> {
  return {
    type: 'volumes',
    capability: {
      reads: ['holders', 'sourceImageRef.blockStorageRef'],
      note: 'a volume with an image is made with the instance that boots from it, so that keys and user data reach it',
    },
    parent: centerOf,
    part: (desired) => (isFilled(desired) && !isData(desired) ? 'is made with the instance that boots from it' : undefined),
    initial: (desired) => ({
      ...volumeFields(desired, settings),
      ...(isPublic(imageOf(desired)) ? { imagePassword: nobodysPassword() } : {}),
    }),
    wants: {
      sizeGB: { fields: ({ spec }) => ({ size: spec.sizeGB }) },
      skuRef: { fields: (desired) => ({ type: typeOf(desired, settings) }), isFixed: true },
      sourceImageRef: { fields: (desired) => ({ image: imageOf(desired)?.externalId }), isFixed: true },
    },
    status: ({ properties }) => ({ sizeGB: Number(properties['size']) }),
  }
}

/** Somebody wants it as a disk beside the one that it boots from. */
const isData = ({ holders }: Desired<D>) => holders.some(({ field }) => field.startsWith('dataVolumes'))
