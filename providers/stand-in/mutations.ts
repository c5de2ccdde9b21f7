import type { CloudObject } from './model.ts'

/** How an object is known to whoever made it. */
type Identity = Partial<Pick<CloudObject, 'tag' | 'key' | 'owner'>>

/** One effective change of the cloud, for audits. */
export interface Mutation extends Identity {
  readonly seq: number
  /** Milliseconds since the epoch, when it was accepted. */
  readonly at: number
  readonly action: 'create' | 'change' | 'delete' | 'start' | 'stop' | 'restart'
  /** `admin`: behind the customers' backs. */
  readonly by: 'api' | 'admin'
  readonly type: string
  readonly id: string
  readonly tag: string
  /** Of a creation: as it was sent, heeded or not. */
  readonly clientToken?: string
  readonly metadata?: Readonly<Record<string, string>>
  /** Names of the fields that a change asked for. */
  readonly fields?: readonly string[]
  /** What a change replaced of the object's identity. */
  readonly was?: Identity
  /** The server in whose request this happened to a part of it. */
  readonly with?: string
  /** When the cloud had done it; of a deletion: when the object was gone. Absent while it is under way, or overtaken by another. */
  readonly endedAt?: number
  /** It ended in this error. */
  readonly failed?: string
}

const KEPT = 100_000

/** What happened, oldest first; `endedAt` and `failed` are filled in later. */
export class Mutations {
  #items: Mutation[] = []
  readonly #open = new Map<string, Mutation>()

  get lastSeq(): number {
    return this.#items.at(-1)?.seq ?? 0
  }

  get all(): readonly Mutation[] {
    return this.#items
  }

  note(mutation: Mutation): Mutation {
    this.#items.push(mutation)
    if (this.#items.length > KEPT * 1.1) this.#items.splice(0, this.#items.length - KEPT)
    if (mutation.endedAt === undefined) this.#open.set(mutation.id, mutation)
    return mutation
  }

  /** What is under way of an object came to its end. */
  end(id: string, endedAt: number, failed: string | undefined): void {
    const open = this.#open.get(id)
    if (!open) return
    this.#open.delete(id)
    Object.assign(open, { endedAt }, failed === undefined ? {} : { failed })
  }

  /** Up to `limit` after mutation `since`. */
  page(since: number, limit: number): { items: readonly Mutation[]; next?: number } {
    const from = Math.max(0, since - (this.#items[0]?.seq ?? 1) + 1)
    const items = this.#items.slice(from, from + limit)
    const last = items.at(-1)?.seq
    return { items, ...(last !== undefined && last < this.lastSeq ? { next: last } : {}) }
  }
}

/** What a change replaces of an object's identity, for audits. */
export function replaced(object: CloudObject, identity: Identity): Pick<Mutation, 'was'> {
  const names = (['tag', 'key', 'owner'] as const).filter((name) => identity[name] !== undefined && identity[name] !== (object[name] ?? ''))
  return names.length === 0 ? {} : { was: Object.fromEntries(names.map((name) => [name, object[name] ?? ''])) }
}
