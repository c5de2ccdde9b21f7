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
  /** It never ends by itself. */
  readonly hangs?: true
  /** Operations of a lane are done one after the other (lanes.ts), each in `takesMs`, by `turn`. */
  readonly lane?: string
  readonly takesMs?: number
  readonly turn?: number
  /** Objects that go with this one. */
  readonly takes?: readonly string[]
  /** What its end does to other objects: where what is under way is an object itself, a request. */
  readonly ends?: { readonly done: readonly Effect[]; readonly failed: readonly Effect[] }
}

/** What happens to an object in the end. */
export interface Effect {
  readonly id: string
  /** Put beside what it holds by then. */
  readonly fields?: Fields
  /** A field that gets the time. */
  readonly stamp?: string
  readonly gone?: true
}

export interface CloudObject {
  readonly id: string
  readonly type: string
  /** Order of creation; what lists are sorted and paged by. */
  readonly seq: number
  readonly tag: string
  /** Where tags are short: what to find the object by, and whose it is. */
  readonly key?: string
  readonly owner?: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly metadata: Readonly<Record<string, string>>
  /** Creating again with the same token answers this object. */
  readonly clientToken: string
  readonly createdAt: number
  readonly state: State
  readonly error?: string
  /** Its creation failed, before it was complete. */
  readonly unbuilt?: true
  /** The server in whose request it was made. */
  readonly madeWith?: string
  readonly operation?: Operation
  readonly fields: Fields
}

/** Looks an object up by its id. */
export type Find = (id: string) => CloudObject | undefined

/** A field that names other objects of the cloud. */
interface Link {
  readonly to: readonly string[]
  /** `hold`: the named object cannot be deleted meanwhile; `drop`: its deletion empties the field; `keep`: the field stays as it is; `go`: its deletion takes this object along. */
  readonly onDelete: 'hold' | 'drop' | 'keep' | 'go'
}

/** What the store needs to know of a type. */
export interface StoredType {
  readonly links: Readonly<Record<string, Link>>
  /** What is exclusive to an object: `keys` in a named pool. */
  readonly occupies?: (fields: Fields) => { readonly pool: string; readonly keys: readonly string[] }
}

/** The cloud's own refusal: an HTTP status, a code and words. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string
  readonly retryAfterS: number | undefined
  /** More to tell, for machines. */
  readonly details: Fields
  constructor(
    status: number,
    code: string,
    message: string,
    more: { readonly retryAfterS?: number | undefined; readonly details?: Fields } = {},
  ) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.code = code
    this.retryAfterS = more.retryAfterS
    this.details = more.details ?? {}
  }
}

/** What an object can be looked up by. */
export function marksOf(object: CloudObject | undefined): readonly string[] {
  const marks: string[] = []
  if (object && object.tag !== '') marks.push(markOf(object.type, 'tag', object.tag))
  if (object?.key) marks.push(markOf(object.type, 'key', object.key))
  return marks
}

export function markOf(type: string, by: 'tag' | 'key', value: string): string {
  return `${type} ${by} ${value}`
}
