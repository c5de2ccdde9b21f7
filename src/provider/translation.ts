import type { KindDefinition, OwnStatus } from '../kinds/kind.ts'
import type { CallContext, Capability, Desired, Observed } from './contract.ts'

/** Fields of a cloud object in the cloud's words. An undefined value is not known now (its target is not there) and is left alone. */
export type Fields = Readonly<Record<string, unknown>>

/** Small texts that an adapter keeps about an object: with it where the cloud has room, else in the handle. */
export type Notes = Readonly<Record<string, string>>

/** What one path of the spec means in a cloud: plain data and pure functions. */
export interface Want<D extends KindDefinition, O> {
  /** Fields for creation and change. */
  readonly fields?: (desired: Desired<D>) => Fields
  /** Notes that go with them, for what the cloud does not tell (the name of the source that something was filled from). */
  readonly notes?: (desired: Desired<D>) => Readonly<Record<string, string | undefined>>
  /** When it is not equality of fields and notes that decides. */
  readonly isMet?: (object: O, desired: Desired<D>, notes: Notes) => boolean
  /** Only creation can set it (`replaces` of the capability). */
  readonly isFixed?: true
  /** The cloud takes it and does not show it: a digest is kept, so that a change is noticed all the same (`hidden` of the capability). */
  readonly isHidden?: true
}

/** An action in the cloud, instead of a change of fields. */
export interface Act {
  /** In the cloud's words. */
  readonly verb: string
  readonly fields?: Fields
  /** Written in the same call. */
  readonly notes?: Readonly<Record<string, string | undefined>>
}

/** A kind in a cloud, as data: the generic part is {@link adapterOf}. */
export interface Translation<D extends KindDefinition, O> {
  /** Collection of the cloud. */
  readonly type: string
  /** What the rest of the translation does not tell of the capability. */
  readonly capability?: Partial<Pick<Capability, 'object' | 'note' | 'reads' | 'ignores'>>
  /** What the spec wants, by spec path. */
  readonly wants: Readonly<Record<string, Want<D, O>>>
  /** Id of the object that it lives in, where the cloud reaches it only there. */
  parent?(desired: Desired<D>): string | undefined
  /** Fields for creation alone, which no spec path decides. */
  initial?(desired: Desired<D>): Fields
  status?(object: O, desired: Desired<D>): Partial<OwnStatus<D>>
  items?(object: O, desired: Desired<D>): NonNullable<Observed['items']>
  /** Why nothing of its own is there at the moment, in a person's words; undefined = then it is missing. */
  part?(desired: Desired<D>): string | undefined
  /** Differences that are put right by actions, and in which order to fields. */
  readonly actions?: Actions<D, O>
}

export interface Actions<D extends KindDefinition, O> {
  /** All the paths that {@link drift} may name. */
  readonly paths: readonly string[]
  drift(object: O, desired: Desired<D>, notes: Notes): readonly string[]
  /** Notes of a creation: what was asked for before needs no action after it. */
  answered?(desired: Desired<D>): Readonly<Record<string, string | undefined>>
  /** The next step while `fields` (paths) differ, too: an action, or undefined = the fields first. One that is a note alone has no verb. */
  next(desired: Desired<D>, seen: Observed<D>, fields: readonly string[]): Act | Pick<Act, 'notes'> | 'delete' | undefined
}

/** Where an object is: its collection, and the object that it lives in. */
export interface Place {
  readonly type: string
  readonly parent?: string | undefined
}

/** By what an object is ours; a cloud keeps as much of it as it has room for. */
export type Mark = Pick<Desired, 'tag' | 'tagKey' | 'installationKey' | 'incarnation'>

/** What is sent with a creation or a change; absent = left as it is. */
export interface Order {
  readonly name?: string
  readonly mark?: Mark
  /** For clouds that take one. */
  readonly clientToken?: string
  /** All of them, also those of others that are to stay. */
  readonly labels?: Readonly<Record<string, string>>
  readonly notes?: Readonly<Record<string, string | undefined>>
  readonly fields?: Fields
}

/** What every object of a cloud tells of itself. */
export interface Facts {
  readonly id: string
  /** Ownership tag or key; empty = none. */
  readonly tag: string
  /** Where the cloud keeps it beside a key. */
  readonly installationKey?: string | undefined
  /** Absent: the cloud has none. */
  readonly labels?: Readonly<Record<string, string>>
  /** Absent: the cloud has no room for any. */
  readonly notes?: Notes
  /** Nonce that it was made with, where the cloud keeps that beside the notes, or instead. */
  readonly incarnation?: string | undefined
  readonly parent?: string | undefined
  /** What is under way. */
  readonly busy?: string | undefined
  readonly failed?: string | undefined
  readonly isGoing: boolean
  /** Something else uses it, in a person's words. */
  readonly usedBy?: string | undefined
}

/** A cloud's API, in what the adapters of all kinds need of it. `O` is an object as the cloud shows it: plain JSON. */
export interface CloudClient<O> {
  /** What objects are found by. */
  readonly lookup: Capability['lookup']
  /** The cloud keeps notes with its objects. */
  readonly keepsNotes: boolean
  facts(object: O): Facts
  get(place: Place, id: string, context: CallContext): Promise<O | undefined>
  /** What carries a mark. */
  find(place: Place, mark: Mark, context: CallContext): Promise<readonly O[]>
  /** All that is an installation's, page by page; `undefined`: all that carries a mark, whosever it is. */
  list(type: string, installation: string | undefined, context: CallContext): AsyncIterable<O>
  create(place: Place, order: Order, context: CallContext): Promise<O>
  change(place: Place, id: string, order: Order, context: CallContext): Promise<void>
  act(place: Place, id: string, verb: string, order: Order, context: CallContext): Promise<void>
  /** What is gone, or going, is fine. */
  delete(place: Place, id: string, context: CallContext): Promise<void>
}
