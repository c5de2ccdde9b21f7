import type { BlockStorage, Image } from '../../src/kinds/index.ts'
import { adapterOf } from '../../src/provider/adapter.ts'
import type { CallContext, Desired, Observed, Other, ResourceAdapter } from '../../src/provider/contract.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import { idAt, pathText, skuNumber, targetAt } from '../../src/provider/targets.ts'
import type { Fields, Notes, Translation } from '../../src/provider/translation.ts'
import type { ArubaClient } from './client.ts'
import { factsOf, type Native, property, refOf, uriOf } from './native.ts'
import type { Settings } from './settings.ts'
import { bound } from './subnet.ts'
import { parentOf, sameUri } from './uri.ts'
import { projectOf } from './workspace.ts'

const MIB_PER_GB = 1_024

/** Kept by name: a source that was made anew under the same name does not call for another filling. */
const isFilledFrom = (source: string | undefined, notes: Notes) =>
  source === undefined || notes['source'] === undefined || notes['source'] === source

/** The instance that uses a volume says in which zone that has to be. */
const instanceOf = ({ holders }: Pick<Desired, 'holders'>): Other | undefined => holders.find(({ path }) => path.kind === 'Instance')

/** What an image is here: a snapshot, by its URI, or a template, by its code. */
const isTemplate = (id: string | undefined): id is string => id !== undefined && id !== '' && !id.startsWith('/')

export const blockStorageIn = (settings: Settings): Translation<typeof BlockStorage, Native> => ({
  type: 'blockStorages',
  capability: {
    reads: ['holders'],
    note: 'a volume; one that is filled from an image is made with the instance or image that uses it first, in whose zone it has to be',
  },
  parent: projectOf,
  part: ({ spec, holders }) =>
    spec.sourceImageRef !== undefined && holders.length === 0 ? 'is made in the zone of the instance that uses it first' : undefined,
  initial: (desired) => ({ billingPeriod: settings.billingPeriod, type: typeFor(desired, settings), ...source(desired, settings) }),
  wants: {
    // What somebody extended by hand stays: no cloud takes a size back.
    sizeGB: {
      fields: ({ spec }) => ({ sizeGb: spec.sizeGB }),
      isMet: (volume, { spec }) => Number(property(volume, 'sizeGb')) >= spec.sizeGB,
    },
    skuRef: { isMet: () => true, isFixed: true },
    sourceImageRef: {
      notes: (desired) => ({ source: pathText(desired, 'sourceImageRef') }),
      isMet: (_volume, desired, notes) => isFilledFrom(pathText(desired, 'sourceImageRef'), notes),
      isFixed: true,
    },
  },
  status: (volume) => ({ sizeGB: Number(property(volume, 'sizeGb')) }),
})

function typeFor(desired: Desired<typeof BlockStorage>, { volumeTypes, performanceIops }: Settings): string {
  const named = volumeTypes[targetAt(desired, 'skuRef')?.path.name ?? '']
  return named ?? ((skuNumber(desired, 'skuRef', 'iops') ?? 0) >= performanceIops ? 'Performance' : 'Standard')
}

/** A data volume is in all zones of the region; one that can be booted from is in one. */
function source(desired: Desired<typeof BlockStorage>, { zone }: Settings): Fields {
  if (desired.spec.sourceImageRef === undefined) return {}
  const image = idAt(desired, 'sourceImageRef')
  if (image === undefined || image === '') throw new ProviderError('waiting', 'its image is not in the cloud yet')
  const from = isTemplate(image) ? { image } : { snapshot: { uri: image } }
  return { dataCenter: instanceOf(desired)?.zone ?? zone, bootable: true, ...from }
}

/** Snapshots of a volume that goes before them can never be deleted again: it stays until they are gone. */
export function blockStorageAdapter(client: ArubaClient): ResourceAdapter<typeof BlockStorage> {
  const below = adapterOf(client, blockStorageIn(client.session.settings))
  const snapshotOf = async (uri: string | undefined, context: CallContext): Promise<string | undefined> => {
    if (uri === undefined || uri === '') return undefined
    const snapshots = await client.all({ type: 'snapshots', parent: parentOf(uri) }, context)
    const found = snapshots.find((one) => sameUri(refOf(one, 'volume'), uri) && !factsOf(one).isGoing)
    return found && `snapshot ${found.metadata.name ?? uriOf(found)}, an image of it that has to be deleted first`
  }
  return {
    ...bound(below),
    async observe(desired, context) {
      const seen = await below.observe(desired, context)
      if (seen === undefined || !desired.isLeaving || seen.going === true || seen.heldBy !== undefined) return seen
      return { ...seen, heldBy: await snapshotOf(seen.externalId, context) }
    },
    async delete(desired, seen, context) {
      const held = await snapshotOf(seen.externalId ?? desired.externalId, context)
      if (held !== undefined) throw new ProviderError('waiting', `it is kept by ${held}`)
      return below.delete(desired, seen, context)
    },
  }
}

export const imageIn = ({ billingPeriod }: Pick<Settings, 'billingPeriod'>): Translation<typeof Image, Native> => ({
  type: 'snapshots',
  capability: {
    ignores: ['labels', 'boot', 'initializer'],
    note: 'a snapshot of its volume, which stays in the cloud as long as there is one; templates of the cloud are images by their code (external-id: LU24-001)',
  },
  parent: (desired) => parentOf(idAt(desired, 'blockStorageRef') ?? ''),
  initial: (desired) => {
    if (desired.spec.cpuArchitecture !== 'amd64') throw new ProviderError('unsupported', 'this cloud has machines of amd64 only')
    return { billingPeriod, volume: { uri: idAt(desired, 'blockStorageRef') } }
  },
  wants: {
    blockStorageRef: {
      notes: (desired) => ({ source: pathText(desired, 'blockStorageRef') }),
      isMet: (_snapshot, desired, notes) => isFilledFrom(pathText(desired, 'blockStorageRef'), notes),
      isFixed: true,
    },
    cpuArchitecture: { isMet: (_snapshot, { spec }) => spec.cpuArchitecture === 'amd64', isFixed: true },
  },
  status: (snapshot) => {
    const size = Number(property(snapshot, 'sizeGb') ?? 0)
    return size > 0 ? { sizeMB: size * MIB_PER_GB } : {}
  },
})

export function imageAdapter(client: ArubaClient): ResourceAdapter<typeof Image> {
  const below = adapterOf(client, imageIn(client.session.settings))
  return {
    ...bound(below),
    observe: (desired, context) =>
      isTemplate(desired.externalId) ? Promise.resolve(template(desired.externalId, desired.isLeaving)) : below.observe(desired, context),
    async create(desired, context) {
      await client.settled(idAt(desired, 'blockStorageRef'), 'its volume', context)
      return below.create(desired, context)
    },
  }
}

/** The cloud's own, without an object: nobody's to delete. */
function template(externalId: string, isLeaving: boolean): Observed<typeof Image> {
  return { externalId, status: {}, drift: [], ...(isLeaving ? { part: 'is a template of the cloud' } : {}) }
}
