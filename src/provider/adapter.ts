import { isDeepStrictEqual } from 'node:util'
import type { KindDefinition } from '../kinds/kind.ts'
import { type Capability, covers, TAG_PATH } from './capability.ts'
import type { Accepted, CallContext, Desired, Observed, ResourceAdapter } from './contract.ts'
import { ProviderError } from './errors.ts'
import { digest, handleFor, hasLabels, INCARNATION_NOTE, type Kept, keptOf, LABELS_PATH, labelNote, labelOrder, noted } from './notes.ts'
import { claim } from './tags.ts'
import type { Act, CloudClient, Fields, Notes, Order, Place, Translation, Want } from './translation.ts'

/** The adapter of a kind, made of its translation and the cloud's client. */
export function adapterOf<D extends KindDefinition, O>(client: CloudClient<O>, translation: Translation<D, O>): ResourceAdapter<D> {
  return new GenericAdapter(client, translation)
}

/** What a translation tells of its capability. */
export function abilityOf<D extends KindDefinition, O>({ wants, actions, capability }: Translation<D, O>, hasLabel = true) {
  const paths = Object.entries(wants)
  const hidden = paths.filter(([, want]) => want.isHidden).map(([path]) => path)
  const replaces = paths.filter(([, want]) => want.isFixed).map(([path]) => path)
  return {
    object: 'own',
    ...capability,
    updates: [
      ...(actions?.paths ?? []),
      ...paths.filter(([, want]) => !want.isFixed).map(([path]) => path),
      ...(hasLabel ? [LABELS_PATH] : []),
    ],
    ...(replaces.length === 0 ? {} : { replaces }),
    ...(hidden.length === 0 ? {} : { hidden }),
  } as const satisfies Partial<Capability>
}

class GenericAdapter<D extends KindDefinition, O> implements ResourceAdapter<D> {
  readonly #client: CloudClient<O>
  readonly #translation: Translation<D, O>

  constructor(client: CloudClient<O>, translation: Translation<D, O>) {
    this.#client = client
    this.#translation = translation
  }

  async observe(desired: Desired<D>, context: CallContext): Promise<Observed<D> | undefined> {
    const { part, status, items } = this.#translation
    const claimed = claim(await this.#matches(desired, context), desired)
    if (!claimed) {
      const words = part?.(desired)
      return words === undefined ? undefined : { status: {}, drift: [], part: words }
    }
    const { object, isUntagged, twins } = claimed
    const { id, parent, busy, failed, isGoing, usedBy } = object
    const kept = keptOf(desired.handle)
    const notes = object.notes ?? noted(this.#hiddenNotes(desired), kept.notes)
    // A key stands for the tag only until its own adapter comes by, where the cloud has room for the tag.
    const isTag = isUntagged || (object.tag === desired.tagKey && this.#client.lookup === 'tag')
    const drift = busy === undefined && !isGoing ? [...(isTag ? [TAG_PATH] : []), ...this.#drift(object, desired, notes)] : []
    const handle = handleFor(kept, { parent, ...(object.notes === undefined ? { notes } : {}) })
    return {
      externalId: id,
      status: status?.(object.native, desired) ?? {},
      drift,
      busy,
      failed,
      items: items?.(object.native, desired) ?? {},
      going: isGoing,
      ...(desired.isLeaving && !isGoing ? { heldBy: usedBy } : {}),
      ...(handle === undefined ? {} : { handle }),
      twins,
    }
  }

  async create(desired: Desired<D>, context: CallContext): Promise<Accepted> {
    const { wants, initial, actions } = this.#translation
    const all = Object.values(wants)
    const notes = noted(
      { [INCARNATION_NOTE]: desired.incarnation, ...labelNote(desired.labels), ...this.#hiddenNotes(desired) },
      { ...notesOf(all, desired), ...actions?.answered?.(desired) },
    )
    const order: Order = {
      name: desired.path.name,
      mark: desired,
      clientToken: desired.incarnation,
      labels: desired.labels,
      fields: known({ ...initial?.(desired), ...fieldsOf(all, desired) }),
    }
    const place = this.#place(desired, {})
    const made = this.#client.facts(await this.#client.create(place, this.#client.keepsNotes ? { ...order, notes } : order, context))
    const handle = handleFor(keptOf(desired.handle), { parent: made.parent ?? place.parent, ...(this.#client.keepsNotes ? {} : { notes }) })
    return { externalId: made.id, ...(handle === undefined ? {} : { handle }) }
  }

  async update(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<Accepted | void> {
    const { wants, actions } = this.#translation
    const kept = keptOf(seen.handle ?? desired.handle)
    const place = this.#place(desired, kept)
    const id = seen.externalId ?? ''
    const isAsked = (path: string) => seen.drift.some((one) => covers(path, one))
    const paths = Object.keys(wants).filter(isAsked)
    const others = [TAG_PATH, LABELS_PATH].filter(isAsked)
    const next = actions?.next(desired, seen, [...paths, ...others])
    if (next === 'delete') return this.#client.delete(place, id, context)
    if (next !== undefined) return this.#act(place, id, next, kept, context)
    const asked = paths.flatMap((path) => (wants[path] === undefined || wants[path].isFixed ? [] : wants[path]))
    if (asked.length + others.length === 0)
      throw new ProviderError('unsupported', `${seen.drift.join(', ')} cannot be changed in this cloud: make a new object`)
    const isTag = others.includes(TAG_PATH)
    const labels = others.includes(LABELS_PATH) ? await this.#labels(place, id, desired, kept, context) : undefined
    const order: Order = {
      ...(isTag ? { mark: desired } : {}),
      ...(labels ? { labels: labels.labels } : {}),
      fields: fieldsOf(asked, desired),
    }
    const notes = {
      ...(isTag ? { [INCARNATION_NOTE]: desired.incarnation, ...this.#hiddenNotes(desired) } : this.#hiddenNotes(desired, paths)),
      ...notesOf(asked, desired),
      ...labels?.notes,
    }
    return this.#noting(kept, notes, (more) => this.#client.change(place, id, { ...order, ...more }, context))
  }

  async delete(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<void> {
    const kept = keptOf(seen.handle ?? desired.handle)
    await this.#client.delete(this.#place(desired, kept), desired.externalId ?? seen.externalId ?? '', context)
  }

  #act(place: Place, id: string, next: Partial<Act>, kept: Kept, context: CallContext): Promise<Accepted | void> {
    const { verb, notes = {}, fields } = next
    const more = fields === undefined ? {} : { fields }
    return this.#noting(kept, notes, (order) =>
      verb === undefined
        ? this.#client.change(place, id, order, context)
        : this.#client.act(place, id, verb, { ...order, ...more }, context),
    )
  }

  /** A call that notes something: with the object, or in the handle once it went through. */
  async #noting(kept: Kept, notes: Order['notes'], call: (order: Order) => Promise<void>): Promise<Accepted | void> {
    const { keepsNotes } = this.#client
    const added = noted({}, notes)
    await call(keepsNotes && Object.keys(added).length > 0 ? { notes: added } : {})
    const handle = keepsNotes ? undefined : handleFor(kept, { ...kept, notes: noted(kept.notes ?? {}, added) })
    return handle === undefined ? undefined : { handle }
  }

  /** What may be the object: swept, found by its mark, or by its id. */
  async #matches(desired: Desired<D>, context: CallContext) {
    const found = desired.swept === undefined ? await this.#look(desired, context) : [desired.swept as O]
    return found.map((native) => {
      const facts = this.#client.facts(native)
      return { ...facts, native, incarnation: facts.incarnation ?? facts.notes?.[INCARNATION_NOTE], isUsed: facts.usedBy !== undefined }
    })
  }

  async #look(desired: Desired<D>, context: CallContext): Promise<readonly O[]> {
    const place = this.#place(desired, keptOf(desired.handle))
    const marked = await this.#client.find(place, desired, context)
    if (marked.length > 0 || desired.externalId === undefined) return marked
    const named = await this.#client.get(place, desired.externalId, context)
    return named === undefined ? [] : [named]
  }

  #drift(object: Known<O>, desired: Desired<D>, notes: Notes): readonly string[] {
    const { wants, actions } = this.#translation
    const paths = Object.entries(wants).filter(([path, want]) => !isMet(path, want, object.native, desired, notes))
    const areLabelsRight = object.labels === undefined || hasLabels(object.labels, desired.labels, notes)
    return [
      ...paths.map(([path]) => path),
      ...(actions?.drift(object.native, desired, notes) ?? []),
      ...(areLabelsRight ? [] : [LABELS_PATH]),
    ]
  }

  /** Labels of others stay, so the object is looked at again: nothing else is as fresh. */
  async #labels(place: Place, id: string, desired: Desired<D>, kept: Kept, context: CallContext) {
    const now = await this.#client.get(place, id, context)
    if (now === undefined) throw new ProviderError('waiting', `${id} cannot be seen at the moment`)
    const { labels = {}, notes = kept.notes ?? {} } = this.#client.facts(now)
    return labelOrder(labels, desired.labels, notes)
  }

  #place(desired: Desired<D>, { parent }: Kept): Place {
    const { type, parent: parentOf } = this.#translation
    return { type, parent: parent ?? parentOf?.(desired) }
  }

  /** Digests of what the cloud does not show, as it is wanted now. */
  #hiddenNotes(desired: Desired<D>, paths: readonly string[] = Object.keys(this.#translation.wants)): Notes {
    const hidden = paths.filter((path) => this.#translation.wants[path]?.isHidden)
    return Object.fromEntries(hidden.map((path) => [path, digest(this.#translation.wants[path]?.fields?.(desired))]))
  }
}

type Known<O> = ReturnType<CloudClient<O>['facts']> & { readonly native: O }

function isMet<D extends KindDefinition, O>(path: string, want: Want<D, O>, object: O, desired: Desired<D>, notes: Notes): boolean {
  const fields = want.fields?.(desired) ?? {}
  if (want.isHidden) return notes[path] === undefined || notes[path] === digest(fields)
  if (want.isMet) return want.isMet(object, desired, notes)
  const areNoted = Object.entries(want.notes?.(desired) ?? {}).every(([key, value]) => value === undefined || notes[key] === value)
  return areNoted && hasFields(object as Fields, fields)
}

/** Whether an object has fields, as far as they are known. */
function hasFields(object: Fields, fields: Fields): boolean {
  return Object.entries(fields).every(([key, value]) => value === undefined || isDeepStrictEqual(object[key], value))
}

function known(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function fieldsOf<D extends KindDefinition, O>(wants: readonly Want<D, O>[], desired: Desired<D>): Fields {
  return known(Object.assign({}, ...wants.map((want) => want.fields?.(desired))) as Fields)
}

function notesOf<D extends KindDefinition, O>(wants: readonly Want<D, O>[], desired: Desired<D>): NonNullable<Order['notes']> {
  return Object.assign({}, ...wants.map((want) => want.notes?.(desired))) as NonNullable<Order['notes']>
}
