import { kindNamed } from '../../kinds/index.ts'
import type { Kind } from '../../kinds/kind.ts'
import { NO_VOLUME } from '../../kinds/naming.ts'
import type { Json, Unmanaged } from '../../provider/contract.ts'
import { faultIn, resolved, skuTraits, unmanagedId } from '../../provider/unmanaged.ts'
import { type Held, skuFor } from './known.ts'
import type { Target } from './target.ts'

interface Kept {
  readonly one: Unmanaged
  readonly kind: Kind
}

const keyOf = (one: Unmanaged) => `${one.kind}/${unmanagedId(one)}`
const title = ({ kind, name, externalId }: Unmanaged) => `${kind} "${name}"${externalId === undefined ? '' : ` (${externalId})`}`

/** What was found, without what cannot be taken over and whatever needs that; and how each is referred to. */
export class Inventory {
  readonly kept: readonly Kept[]
  readonly #target: Target
  readonly #byKey: Map<string, Kept>
  readonly #names = new Map<string, string>()
  readonly #remarks = new Set<string>()

  constructor(found: readonly Unmanaged[], target: Target) {
    this.#target = target
    this.#byKey = new Map(found.flatMap((one) => this.#admitted(one)))
    for (let before = -1; before !== this.#byKey.size;) {
      before = this.#byKey.size
      for (const [key, { one, kind }] of this.#byKey) {
        const words = this.#fault(one, kind)
        if (words === undefined) continue
        this.#byKey.delete(key)
        this.#remarks.add(`${title(one)} is left out: ${words}`)
      }
    }
    this.kept = [...this.#byKey.values()]
    for (const { one, kind } of this.kept) this.#remark(one, kind)
  }

  get remarks(): readonly string[] {
    return [...this.#remarks]
  }

  name(one: Unmanaged, name: string): void {
    this.#names.set(keyOf(one), name)
  }

  /** Name here of what goes by an id in the cloud. */
  nameOf(kind: string, id: string): string | undefined {
    return this.#names.get(`${kind}/${id}`) ?? this.#held(kind, id)?.name
  }

  /** A spec as it is written; of what the kind needs and nobody knows, it says so. */
  specOf(one: Unmanaged, kind: Kind): Unmanaged['spec'] {
    const spec = this.#withVolume(one, kind)
    const outcome = resolved(kind, spec, (target, id) => this.#reference(kind, target, id))
    return { ...('spec' in outcome ? outcome.spec : {}), ...this.#zoneOf(kind, spec) }
  }

  #admitted(one: Unmanaged): readonly (readonly [string, Kept])[] {
    const kind = kindNamed(one.kind)
    for (const words of one.remarks ?? []) this.#remarks.add(`${title(one)}${one.isLeftOut ? ' is left out' : ''}: ${words}`)
    if (kind === undefined || one.isLeftOut) return []
    const held = this.#target.known.held.get(keyOf(one))
    if (held !== undefined && !held.isHere)
      this.#remarks.add(`${title(one)} is left out: it is ${held.kind} "${held.name}" of namespace ${held.namespace} already`)
    return held === undefined ? [[keyOf(one), { one, kind }] as const] : []
  }

  /** Why it cannot be taken over as things are. */
  #fault(one: Unmanaged, kind: Kind): string | undefined {
    if (kind.parent !== undefined && !this.#isThere(kind.parent.kind, one.parentId ?? ''))
      return `so is ${kind.parent.kind} ${one.parentId ?? ''}, which it is in`
    const spec = this.#withVolume(one, kind)
    const outcome = resolved(kind, spec, (target, id) => this.#written(target, id))
    if ('missing' in outcome) return this.#missing(outcome.missing.kind, outcome.missing.id)
    const fault = faultIn(kind, { ...outcome.spec, ...this.#zoneOf(kind, spec) })
    return fault && `SECA cannot say it: ${fault}`
  }

  #missing(kind: string, id: string): string {
    return kindNamed(kind)?.catalog === true ? this.#noSku(kind, id) : `so is ${kind} ${id}, which it needs`
  }

  #noSku(kind: string, id: string): string {
    const traits = [...skuTraits(id)].map(([key, value]) => `${key} ${value}`).join(' and ')
    return `region "${this.#target.region}" has no ${kind}${traits === '' ? '' : ` with ${traits}`}: make one, and run import again`
  }

  #remark(one: Unmanaged, kind: Kind): void {
    const say = (words: string) => this.#remarks.add(`${title(one)}: ${words}`)
    const spec = this.#withVolume(one, kind)
    if (spec !== one.spec)
      say(
        'the volume that it was made of is not known: it is only looked at, whatever is enforced, and stays in the cloud when it is deleted here',
      )
    const outcome = resolved(kind, spec, (target, id) => {
      const isSku = kindNamed(target)?.catalog === true
      const sku = isSku ? skuFor(this.#target.skus, target, id) : undefined
      if (sku?.isThere === false)
        say(`${this.#noSku(target, id).replace(', and run import again', ', or name another one in the manifest')}`)
      return this.#written(target, id)
    })
    for (const { kind: other, id } of 'dropped' in outcome ? outcome.dropped : [])
      say(
        kindNamed(other)?.catalog === true
          ? `${this.#noSku(other, id)}, or leave it as it is`
          : `names ${other} ${id}, which is left out: enforced, it does without`,
      )
    const zone = Object.values(this.#zoneOf(kind, spec))[0]
    if (zone !== undefined && !this.#target.availableZones.includes(zone))
      say(
        `region "${this.#target.region}" has no zone "${zone}": add it to spec.availableZones, and to spec.cloud.zones if it has another name there`,
      )
  }

  #held(kind: string, id: string): Held | undefined {
    const held = this.#target.known.held.get(`${kind}/${id}`)
    return held?.isHere === true ? held : undefined
  }

  #isThere(kind: string, id: string): boolean {
    return this.#byKey.has(`${kind}/${id}`) || this.#held(kind, id) !== undefined
  }

  /** Something in the place of a reference, while there are no names. */
  #written(kind: string, id: string): string | undefined {
    if (kindNamed(kind)?.catalog === true) return this.#sku(kind, id)
    return this.#isThere(kind, id) ? id : undefined
  }

  #sku(kind: string, id: string): string | undefined {
    const sku = skuFor(this.#target.skus, kind, id)
    return sku && `skus/${sku.name}`
  }

  #reference(from: Kind, kindName: string, id: string): string | undefined {
    const kind = kindNamed(kindName)
    if (kind?.catalog === true) return this.#sku(kindName, id)
    const name = this.nameOf(kindName, id)
    if (kind === undefined || name === undefined) return undefined
    const { one } = this.#byKey.get(`${kindName}/${id}`) ?? {}
    const parent = one?.parentId === undefined ? this.#held(kindName, id)?.parent : this.nameOf(kind.parent?.kind ?? '', one.parentId)
    const within = parent === undefined ? '' : `${kindNamed(kind.parent?.kind ?? '')?.collection ?? ''}/${parent}/`
    const scope = from.scope === 'tenant' && kind.scope === 'workspace' ? `workspaces/${this.#target.workspace}/` : ''
    return `${scope}${within}${kind.collection}/${name}`
  }

  /** An image whose volume is not there, or not known, is borrowed: it names none. */
  #withVolume(one: Unmanaged, kind: Kind): Unmanaged['spec'] {
    const [field] = kind.isOffered === true ? kind.references.map(({ path }) => path[0] ?? '') : []
    if (field === undefined) return one.spec
    const outcome = resolved(kind, { [field]: one.spec[field] ?? null }, (target, id) => this.#written(target, id))
    const isKnown = one.spec[field] !== undefined && 'spec' in outcome
    return isKnown ? one.spec : { ...one.spec, [field]: { resource: NO_VOLUME } }
  }

  /** A zone by its name here. */
  #zoneOf({ guards }: Kind, spec: Unmanaged['spec']): Readonly<Record<string, string>> {
    const field = guards?.find(({ rule }) => rule === 'zone')?.field
    const zone: Json | undefined = field === undefined ? undefined : spec[field]
    return field === undefined || typeof zone !== 'string' || zone === '' ? {} : { [field]: this.#target.zones[zone] ?? zone }
  }
}
