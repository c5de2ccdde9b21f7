import type * as z from 'zod'
import type { CloudObject, Fields, Find, StoredType } from '../../stand-in/model.ts'

/** What a type may ask of the cloud around it while it checks and completes an object. */
export interface Surroundings {
  readonly find: Find
  /** How many other objects occupy `key` in `pool` (an address in a segment). */
  isTaken(pool: string, key: string): boolean
  /** Objects that name `id`, of one type. */
  users(id: string, type: string): readonly CloudObject[]
  /** The object that asks; absent while it is being made. */
  readonly self: string | undefined
  /** A number that differs each time, for spreading. */
  readonly seq: number
  /** Refuse what a stricter cloud refuses: second attachments, addresses and blocks given twice. */
  readonly isStrict: boolean
  readonly now: number
}

/** One type of object, as data. */
export interface TypeDefinition extends StoredType {
  /** Of ids: `vol` makes `vol-1f…`. */
  readonly prefix: string
  readonly create: z.ZodObject
  /** What PATCH may hold, besides labels, tag and metadata. */
  readonly change: z.ZodObject
  /** Checks wanted fields against the rest of the cloud and fills in what it assigns. Throws {@link Refusal}. */
  readonly complete?: (wanted: Fields, cloud: Surroundings, before: CloudObject | undefined) => Fields
  /** Makes the object of a request together with its parts; the first is what was asked for. Without it, the request is one object. */
  readonly assemble?: (body: unknown, make: (type: string, body: Fields) => CloudObject) => readonly CloudObject[]
  /** Fields that the end of creation brings. */
  readonly built?: (fields: Fields, endsAt: number) => Fields
  /** Fields as they are shown: states of parts. */
  readonly view?: (fields: Fields, cloud: Surroundings) => Fields
}
