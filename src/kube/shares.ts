import { Lines, type Priority } from '../lines.ts'

/** Whose work a key is. Accounts do not wait for each other; tenants of one account take turns. */
export interface Share {
  readonly account: string
  readonly tenant: string
}

/** How much may be under way at a time. */
export interface Caps {
  readonly account: number
  /** Of one tenant in one account: less than the account's, so that who fills it leaves room for others. */
  readonly tenant: number
}

interface Account<T extends { readonly at: number }> {
  readonly name: string
  readonly lines: Lines<T>
  readonly active: Map<string, number>
  /** Keys under way. */
  total: number
}

/** What waits and how much is under way, by account and tenant. Every step is O(1). */
export class Shares<T extends { readonly at: number; readonly share: Share }> {
  readonly #counts: (item: T) => boolean
  readonly #accounts = new Map<string, Account<T>>()
  /** Accounts that may have something to do and room for it, in the order of their turns. */
  readonly #turns = new Map<string, Account<T>>()

  /** `counts`: whether an item still waits. */
  constructor(counts: (item: T) => boolean) {
    this.#counts = counts
  }

  push(priority: Priority, item: T): void {
    const { account: name, tenant } = item.share
    let account = this.#accounts.get(name)
    if (account === undefined) {
      account = { name, lines: new Lines(this.#counts), active: new Map(), total: 0 }
      this.#accounts.set(name, account)
    }
    account.lines.push(priority, tenant, item)
    this.#turns.set(name, account)
  }

  /** Takes out what is next of those who may have more under way, and counts it as such until `done`. */
  take(caps: Caps): T | undefined {
    for (const [name, account] of this.#turns) {
      this.#turns.delete(name)
      if (account.total >= caps.account) continue
      const next = account.lines.take((tenant) => (account.active.get(tenant) ?? 0) < caps.tenant)
      if (next === undefined) {
        // Of an account with nothing waiting and nothing under way nothing is kept.
        if (account.total === 0) this.#accounts.delete(name)
        continue
      }
      account.total++
      account.active.set(next.party, (account.active.get(next.party) ?? 0) + 1)
      this.#turns.set(name, account)
      return next.item
    }
    return undefined
  }

  /** The work of a share is done: there is room for more of it. */
  done({ account: name, tenant }: Share): void {
    const account = this.#accounts.get(name)
    if (account === undefined) return
    const left = (account.active.get(tenant) ?? 1) - 1
    if (left === 0) account.active.delete(tenant)
    else account.active.set(tenant, left)
    account.total--
    this.#turns.set(name, account)
  }

  /** Nothing waits any more. */
  clear(): void {
    this.#turns.clear()
    for (const [name, account] of this.#accounts)
      if (account.total === 0) this.#accounts.delete(name)
      else this.#accounts.set(name, { ...account, lines: new Lines(this.#counts) })
  }

  /** Accounts that are remembered. */
  get size(): number {
    return this.#accounts.size
  }
}
