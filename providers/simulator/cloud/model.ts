import type * as z from 'zod'

/** What a type of this cloud holds: whatever its schema says. */
export type Fields = Readonly<Record<string, unknown>>

type State = 'building' | 'ready' | 'changing' | 'deleting' | 'failed'

/** Work that the cloud does in its own time; its effect becomes visible at `endsAt`. */
export interface Operation {
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly endsAt: number
  /** What the object holds afterwards; absent = it is gone. */
  readonly fields?: Fields
  readonly metadata?: Readonly<Record<string, string>>
  /** The operation ends in this error instead. */
  readonly fails?: string
}

export interface CloudObject {
  readonly id: string
  readonly type: string
  /** Order of creation; what lists are sorted and paged by. */
  readonly seq: number
  readonly tag: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly metadata: Readonly<Record<string, string>>
  /** Creating again with the same token answers this object. */
  readonly clientToken: string
  readonly createdAt: number
  readonly state: State
  readonly error?: string
  readonly operation?: Operation
  readonly fields: Fields
}

/** A field that names other objects of the cloud. */
interface Link {
  readonly to: readonly string[]
  /** `hold`: the named object cannot be deleted meanwhile; `drop`: its deletion empties the field; `keep`: the field stays as it is. */
  readonly onDelete: 'hold' | 'drop' | 'keep'
}

/** What a type may ask of the cloud around it while it checks and completes an object. */
export interface Surroundings {
  find(id: string): CloudObject | undefined
  /** How many other objects occupy `key` in `pool` (an address in a segment). */
  isTaken(pool: string, key: string): boolean
  /** Objects that name `id`, of one type. */
  users(id: string, type: string): readonly CloudObject[]
  /** A number that differs each time, for spreading. */
  readonly seq: number
  /** Refuse what a stricter cloud refuses: second attachments, addresses and blocks given twice. */
  readonly isStrict: boolean
  readonly now: number
}

/** One type of object, as data. */
export interface TypeDefinition {
  /** Of ids: `vol` makes `vol-1f…`. */
  readonly prefix: string
  readonly create: z.ZodObject
  /** What PATCH may hold, besides labels, tag and metadata. */
  readonly change: z.ZodObject
  readonly links: Readonly<Record<string, Link>>
  /** Checks wanted fields against the rest of the cloud and fills in what it assigns. Throws {@link Refusal}. */
  readonly complete?: (wanted: Fields, cloud: Surroundings, before: CloudObject | undefined) => Fields
  /** What is exclusive to an object: `keys` in a named pool. */
  readonly occupies?: (fields: Fields) => { readonly pool: string; readonly keys: readonly string[] }
  /** Fields that the end of creation brings. */
  readonly built?: (fields: Fields, endsAt: number) => Fields
  /** Fields as they are shown: states of parts. */
  readonly view?: (fields: Fields, cloud: Surroundings) => Fields
}

/** The cloud's own refusal: an HTTP status, a code and words. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string
  readonly retryAfterS: number | undefined
  constructor(status: number, code: string, message: string, retryAfterS?: number) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.code = code
    this.retryAfterS = retryAfterS
  }
}
