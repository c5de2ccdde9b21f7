import { isDeepStrictEqual } from 'node:util'
import type { KindDefinition, OwnStatus } from '../../src/kinds/kind.ts'
import { TAG_PATH } from '../../src/provider/capability.ts'
import type { CallContext, Capability, Desired, Observed, ResourceAdapter } from '../../src/provider/contract.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import { HttpFailure } from '../../src/provider/http.ts'
import { claim } from '../../src/provider/tags.ts'
import { targetAt } from '../../src/provider/targets.ts'
import type { CloudObject, SimulatorClient } from './client.ts'

type Fields = Readonly<Record<string, unknown>>

/** What one path of the spec means in this cloud. */
interface Want {
  /** Fields for create and PATCH. An undefined value is not known now (its target is gone) and is left alone. */
  readonly fields: Fields
  /** When the fields' equality is not what decides. */
  readonly isMet?: (object: CloudObject) => boolean
  /** Cannot be changed later; the reason, for the user. */
  readonly fixed?: string
}

/** A kind in this cloud, as data. */
export interface Translation<D extends KindDefinition> {
  /** Collection of the cloud. */
  readonly type: string
  readonly capability: Pick<Capability, 'updates' | 'note' | 'reads' | 'replaces' | 'hidden' | 'ignores'>
  /** What the spec wants, by spec path. */
  wants(desired: Desired<D>): Readonly<Record<string, Want>>
  /** Fields for create alone, which nothing changes later. */
  initial?(desired: Desired<D>): Fields
  status?(object: CloudObject): Partial<OwnStatus<D>>
  items?(object: CloudObject, desired: Desired<D>): NonNullable<Observed['items']>
  /** Differences that are put right by an action instead of a PATCH. */
  actions?: {
    drift(object: CloudObject, desired: Desired<D>): readonly string[]
    run(client: SimulatorClient, desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<void>
  }
}

/** Makes the adapter of a kind from its translation. */
export function adapter<D extends KindDefinition>(client: SimulatorClient, translation: Translation<D>): ResourceAdapter<D> {
  const { type } = translation
  return {
    async observe(desired, context) {
      let matches = await client.tagged(type, desired.tag, context)
      if (matches.length === 0 && desired.externalId !== undefined) {
        const named = await client.find(type, desired.externalId, context)
        matches = named ? [named] : []
      }
      const claimed = claim(matches, desired)
      if (!claimed) return undefined
      const { object, isUntagged, twins } = claimed
      const busy = object.operation
      const drift = busy === undefined ? [...(isUntagged ? [TAG_PATH] : []), ...differences(translation, object, desired)] : []
      const status = translation.status?.(object) ?? {}
      const items = translation.items?.(object, desired) ?? {}
      return { externalId: object.id, status, drift, busy, failed: object.error, items, going: object.state === 'deleting', twins }
    },

    async create(desired, context) {
      const fields = { ...translation.initial?.(desired), ...merged(Object.values(translation.wants(desired))) }
      const owner = { client_token: desired.incarnation, tag: desired.tag, name: desired.path.name, labels: desired.labels }
      const { id } = await client.create(type, { ...owner, ...fields }, context)
      return { externalId: id }
    },

    async update(desired, seen, context) {
      const wants = Object.entries(translation.wants(desired)).filter(([path]) => seen.drift.includes(path))
      const fixed = wants.find(([, want]) => want.fixed !== undefined)
      if (fixed) throw new ProviderError('unsupported', `${fixed[0]} cannot be changed: ${fixed[1].fixed}`)
      const tag = seen.drift.includes(TAG_PATH) ? { tag: desired.tag } : {}
      if (wants.length === 0 && !seen.drift.includes(TAG_PATH)) return translation.actions?.run(client, desired, seen, context)
      const fields = merged(wants.map(([, want]) => want))
      await client.change(type, seen.externalId ?? '', { ...tag, labels: desired.labels, ...fields }, context)
    },

    async delete(desired, seen, context) {
      try {
        await client.delete(type, desired.externalId ?? seen.externalId ?? '', context)
      } catch (thrown) {
        // Whoever uses it may let go at any time, and nobody tells: worth another try.
        if (thrown instanceof HttpFailure && thrown.status === 409) throw new ProviderError('waiting', thrown.message, { cause: thrown })
        throw thrown
      }
    },
  }
}

function differences<D extends KindDefinition>(translation: Translation<D>, object: CloudObject, desired: Desired<D>): readonly string[] {
  const wants = Object.entries(translation.wants(desired))
  const paths = wants.filter(([, want]) => !(want.isMet ?? ((one) => hasFields(one, want.fields)))(object)).map(([path]) => path)
  return [...paths, ...(translation.actions?.drift(object, desired) ?? [])]
}

function hasFields(object: CloudObject, fields: Fields): boolean {
  return Object.entries(fields).every(([key, value]) => value === undefined || isDeepStrictEqual(object[key], value))
}

function merged(wants: readonly Want[]): Fields {
  return Object.fromEntries(wants.flatMap((want) => Object.entries(want.fields)).filter(([, value]) => value !== undefined))
}

/** A number of the SKU behind a reference. */
export function skuNumber(desired: Desired, path: string, key: string): number | undefined {
  const value = targetAt(desired, path)?.spec[key]
  return typeof value === 'number' ? value : undefined
}

/** `tenant/workspace/name` of what a reference names: the same for an object that was made anew under that name. */
export function pathText(desired: Desired, path: string): string | undefined {
  const target = targetAt(desired, path)?.path
  return target && [target.tenant, target.workspace, target.name].filter((part) => part !== undefined).join('/')
}

/** The workspace's project; every object in a workspace belongs to it. */
export function projectOf(desired: Desired): Fields {
  return { project: desired.workspace?.externalId }
}
