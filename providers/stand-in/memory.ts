import { randomBytes } from 'node:crypto'
import { type Entry, type Journal, NO_JOURNAL, openJournal } from './journal.ts'
import type { CloudObject } from './model.ts'
import { type Mutation, Mutations } from './mutations.ts'
import { Store, type StoredTypes } from './store.ts'

/** What was done, as far as the object itself does not tell. */
export type Did = Pick<Mutation, 'action' | 'by'> & Partial<Mutation>

/** What a cloud knows, and finds again after a restart: its objects, what was done to them, and the name of its account. */
export class Memory {
  readonly mutations = new Mutations()
  readonly store: Store
  readonly account: string
  readonly #journal: Journal
  /** When the entry that is replayed was written. */
  #replayed = 0
  #found: string | undefined

  constructor(types: StoredTypes, stateDir: string | undefined, account: string | undefined) {
    this.store = new Store(types, (id, at, failed) => this.mutations.end(id, at, failed))
    const replay = (entry: Entry) => this.#replay(entry)
    this.#journal = stateDir === undefined ? NO_JOURNAL : openJournal(stateDir, replay, () => this.#everything())
    this.account = account ?? this.#found ?? `acc-${randomBytes(6).toString('hex')}`
    if (this.account !== this.#found) this.append({ account: this.account })
    this.#found = this.account
  }

  /** Writes into the log what was done to an object. What has nothing under way is done at once, unless `isOpen`: it goes along with another. */
  note({ id, type, tag, key, owner, operation }: CloudObject, at: number, did: Did, isOpen = operation !== undefined): Mutation {
    const names = { tag, ...(key === undefined ? {} : { key }), ...(owner === undefined ? {} : { owner }) }
    return this.mutations.note({ seq: this.mutations.lastSeq + 1, at, type, id, ...names, ...(isOpen ? {} : { endedAt: at }), ...did })
  }

  append(...entries: readonly Entry[]): void {
    this.#journal.append(...entries)
  }

  close(): void {
    this.#journal.close()
  }

  /** Everything at the time when it happened: operations that had ended by then end first. */
  #replay({ mutation, put, removed, finished, account }: Entry): void {
    if (mutation) this.store.settle((this.#replayed = mutation.at))
    if (put) this.store.put(put, this.#replayed)
    if (mutation) this.mutations.note(mutation)
    if (removed !== undefined) this.store.remove(removed, this.#replayed)
    if (finished !== undefined) this.store.settle(Infinity, finished === true ? this.#replayed : finished)
    if (account !== undefined) this.#found = account
  }

  *#everything(): Generator<Entry> {
    if (this.#found !== undefined) yield { account: this.#found }
    for (const type of this.store.types) for (const put of this.store.all(type).values()) yield { put }
    for (const mutation of this.mutations.all) yield { mutation }
  }
}
