import { isDeepStrictEqual } from 'node:util'
import { asError } from '../../errors.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { Clock } from '../../kube/clock.ts'
import { LeaseElector } from '../../kube/lease.ts'
import type { Log } from '../../observe/log.ts'
import type { Metrics } from '../../observe/metrics.ts'
import { Board, type Seen } from './board.ts'
import { Peers } from './peers.ts'
import { nextTable, type Outlook, type Wish, wishOf, withoutMember } from './plan.ts'
import { Rights, type RightsOptions } from './rights.ts'
import { FRESH, freeLease, type Table } from './table.ts'

export interface ShardsOptions extends Pick<RightsOptions, 'scopeOf' | 'bindings'> {
  readonly client: KubeClient
  readonly namespace: string
  /** Unique per process; the leader's Lease has the same. */
  readonly identity: string
  readonly leader: Pick<LeaseElector, 'holds'>
  /** Whether this installation serves the cluster. */
  readonly isServing: () => boolean
  /** CloudProviders that there are. */
  readonly accounts: () => ReadonlySet<string>
  readonly log: Log
  readonly metrics: Pick<Metrics, 'accountMoves'>
  readonly clock: Clock
  readonly leaseMs: number
  readonly renewMs: number
  readonly retryMs: number
}

/** What is under way in an account that goes to another replica has this long to end by itself. */
const DRAIN_MS = 2_000
/** An answer of the apiserver comes within this time, or is not waited for. */
const ANSWER_MS = 5_000
/** Tries to leave in order. */
const FAREWELLS = 3

/**
 * One replica's part in sharing the accounts (architecture §4 "Shards"): takes a Lease of its own, enters itself in the table, works for the
 * accounts that the table gives it, and gives away what is another's to do. The one that leads besides gives out what nobody has.
 */
export class Shards {
  readonly rights: Rights
  readonly #options: ShardsOptions
  readonly #board: Board
  readonly #peers: Peers
  /** Of the term that is, or the last one. */
  #member: LeaseElector | undefined
  #terms = 0
  #nudge = new AbortController()
  /** Aborts when the leadership that this process has ends. */
  #leading: AbortSignal | undefined
  /** Era that it opened the table for, in this leadership. */
  #era: number | undefined
  /** Since when the table is known to be fresh. */
  #freshSince: number | undefined
  /** When what was stopped is ended by force. */
  readonly #drains = new Map<string, number>()

  constructor(options: ShardsOptions) {
    this.#options = options
    const { client, namespace, leaseMs, renewMs, clock, scopeOf, bindings, leader, isServing } = options
    this.#board = new Board(client, namespace)
    this.#peers = new Peers({ client, namespace, leaseMs, clock })
    this.rights = new Rights({
      scopeOf,
      bindings,
      clock,
      isMember: () => this.#member?.holds() === true && isServing(),
      isLeader: () => leader.holds() && isServing(),
      sureMs: Math.min(renewMs, 0.9 * leaseMs),
    })
    this.rights.onEnd = () => {
      if (this.#drains.size > 0) this.#wake()
    }
  }

  /** The stores say something else of regions and accounts. */
  refresh(): void {
    this.rights.refresh()
    this.#wake()
  }

  /** Does the leader's part until the signal; resolves when nothing of it is under way any more. */
  async lead(leading: AbortSignal): Promise<void> {
    this.#leading = leading
    this.#wake()
    await aborted(leading)
    this.#leading = undefined
    this.#era = undefined
    this.#freshSince = undefined
    this.rights.lead(false)
    while (!this.rights.isIdle({ account: '' })) await this.#options.clock.sleep(10)
  }

  /**
   * Takes part until the signal: `work` runs while this replica is a member, which it may be several times, and has to resolve soon after
   * its signal. Throws what `work` throws, and a `StuckError` when it does not end.
   */
  async run(signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { client, namespace, identity, log, leaseMs, renewMs, retryMs, clock } = this.#options
    while (!signal.aborted) {
      const name = await this.#freeLease(signal)
      if (name === undefined) {
        await clock.sleep(retryMs, signal)
        continue
      }
      const taken = new AbortController()
      const times = { leaseMs, renewMs, retryMs, clock }
      const member = new LeaseElector({ client, namespace, name, identity, log, ...times })
      this.#member = member
      let isMember = false
      const watching = async () => {
        while (!isMember && !taken.signal.aborted && !signal.aborted) {
          await clock.sleep(retryMs, signal)
          const free = await this.#freeLease(signal)
          if (!isMember && free !== undefined && free !== name) taken.abort()
        }
      }
      const lead = async (term: AbortSignal) => {
        isMember = true
        try {
          await this.#term(name, term, work)
        } finally {
          // Each term begins anew: somebody else may have this name by then.
          taken.abort()
        }
      }
      const watched = watching()
      await member.run({ signal: AbortSignal.any([signal, taken.signal]), lead })
      taken.abort()
      await watched
    }
  }

  /** Two that come to the same one are parted by who gets it, and so enters itself. Undefined: all are taken, or no answer. */
  async #freeLease(signal: AbortSignal): Promise<string | undefined> {
    try {
      const seen = await this.#ask(signal, (asked) => this.#board.read(asked))
      const free = freeLease(seen.table ?? FRESH, this.#options.identity)
      if (free === undefined) await this.#makeRoom(seen, signal)
      return free
    } catch (error) {
      if (!signal.aborted) this.#options.log.warn({ err: asError(error).message }, 'no Lease of its own yet')
      return undefined
    }
  }

  /** Takes members out whose terms are over: when all Leases are those of the dead, there is nobody among the members who would. */
  async #makeRoom(seen: Seen, signal: AbortSignal): Promise<void> {
    const { table } = seen
    if (table === undefined) return
    const ended = await this.#ended(Object.entries(table.members), true, signal)
    if (ended.size === 0) return
    const members = Object.fromEntries(Object.entries(table.members).filter(([id]) => !ended.has(id)))
    await this.#ask(signal, (asked) => this.#board.write(seen, { ...table, members }, asked))
  }

  /** One membership: from the Lease to its end. */
  async #term(lease: string, term: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { clock, retryMs, log, identity } = this.#options
    const me = `${identity}.${++this.#terms}`
    const working = work(term)
    let isOver = false
    const ended = working.finally(() => {
      isOver = true
      this.#wake()
    })
    ended.catch(() => undefined)
    try {
      while (!term.aborted && !isOver) {
        this.#nudge = new AbortController()
        let isDone = true
        try {
          isDone = await this.#look(me, lease, term)
        } catch (error) {
          if (!term.aborted) log.warn({ err: asError(error).message }, 'the table of who works for which account could not be seen to')
        }
        if (isDone) await clock.sleep(retryMs / 2, AbortSignal.any([term, this.#nudge.signal]))
      }
    } finally {
      this.rights.clear()
      await ended
      this.#drains.clear()
      await this.#leave(me)
    }
  }

  /** Reads the table, does what follows from it, and writes what has to be in it. False: it has changed, look again at once. */
  async #look(me: string, lease: string, term: AbortSignal): Promise<boolean> {
    const { clock, leader, log } = this.#options
    const readAt = clock.now()
    const seen = await this.#ask(term, (signal) => this.#board.read(signal))
    if (term.aborted) return true
    this.#adopt(seen.table, me, readAt)
    const ended = await this.#judge(seen.table, me, term)
    // Asked after the table was read: whoever leads later has changed it by then, so that what is written here would not fit.
    const leads = this.#leading?.aborted === false && leader.holds()
    const next = this.#next(seen, { me, lease, leads, ended })
    if (next === undefined || isDeepStrictEqual(next, seen.table) || term.aborted) return true
    const given = this.#given(seen.table, next, me)
    this.rights.release(given)
    const writtenAt = clock.now()
    const written = await this.#ask(term, (signal) => this.#board.write(seen, next, signal))
    if (written === undefined || term.aborted) return false
    if (given.length > 0) log.info({ accounts: given }, 'accounts given to other replicas')
    if (next.leader === this.#options.identity && next.era !== seen.table?.era) this.#era = next.era
    this.#adopt(written.table, me, writtenAt)
    return false
  }

  #adopt(table: Table | undefined, me: string, readAt: number): void {
    const { identity, log, metrics } = this.#options
    const before = new Set(this.rights.accounts)
    this.rights.adopt(table, me, readAt)
    const taken = [...this.rights.accounts].filter((account) => !before.has(account))
    if (taken.length > 0) {
      metrics.accountMoves.inc({ direction: 'in' }, taken.length)
      log.info({ accounts: taken }, 'working for accounts')
    }
    const gone = [...before].filter((account) => !this.rights.accounts.has(account))
    if (gone.length > 0) metrics.accountMoves.inc({ direction: 'out' }, gone.length)
    if (table === undefined) this.#era = undefined
    else if (table.isFresh !== true) this.#freshSince = undefined
    this.rights.lead(this.#leading?.aborted === false && table?.leader === identity && table.era === this.#era)
  }

  /** What this replica wants the table to be; undefined: it is others' to change. */
  #next(seen: Seen, { me, lease, leads, ended }: Pick<Outlook, 'me' | 'leads' | 'ended'> & { readonly lease: string }): Table | undefined {
    const { identity, accounts, bindings } = this.#options
    // One that is new gives nothing to anybody, until a leader opens it.
    const table = seen.table ?? FRESH
    if (table.members[me] === undefined) return joined(table, me, { lease, identity, accounts: [] })
    if (leads && this.#era !== table.era) return this.#opened(table)
    const outlook = { me, ended, accounts: accounts(), bindings: bindings(), leads: leads && table.leader === identity }
    return nextTable(table, outlook, this.#drained(wishOf(table, outlook)))
  }

  /** A leader's first deed. Those who worked by a table that is lost may go on for as long as a Lease lasts. */
  #opened(table: Table): Table | undefined {
    const { identity, clock, leaseMs } = this.#options
    const { isFresh, ...rest } = table
    if (isFresh === true) {
      this.#freshSince ??= clock.now()
      if (clock.now() - this.#freshSince < leaseMs) return undefined
    }
    return { ...rest, leader: identity, era: table.era + 1 }
  }

  /** Stops the work of what is to go to others; answers for what it has ended. */
  #drained({ accounts, regions }: Wish): Wish {
    const { rights } = this
    rights.stop(accounts.keys(), regions.keys())
    const now = this.#options.clock.now()
    const isDrained = (id: string, where: { readonly account: string } | { readonly region: string }) => {
      if (rights.isIdle(where)) return true
      const until = this.#drains.get(id) ?? now + DRAIN_MS
      this.#drains.set(id, until)
      if (now >= until) rights.abort((pass) => ('account' in where ? pass.account === where.account : pass.region === where.region))
      return false
    }
    const done = {
      accounts: new Map([...accounts].filter(([account]) => isDrained(`account ${account}`, { account }))),
      regions: new Map([...regions].filter(([region]) => isDrained(`region ${region}`, { region }))),
    }
    const open = new Set([...[...accounts.keys()].map((one) => `account ${one}`), ...[...regions.keys()].map((one) => `region ${one}`)])
    for (const id of this.#drains.keys()) if (!open.has(id)) this.#drains.delete(id)
    return done
  }

  /** Accounts that the next table takes from this replica. */
  #given(table: Table | undefined, next: Table, me: string): string[] {
    const kept = new Set(next.members[me]?.accounts)
    return (table?.members[me]?.accounts ?? []).filter((account) => !kept.has(account))
  }

  /** Members whose term is over. Only who leads shuts out those that are silent; all keep an eye on the leader, to be quick when that one is. */
  async #judge(table: Table | undefined, me: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const { leader } = this.#options
    const leads = this.#leading?.aborted === false && leader.holds() && table?.era === this.#era
    const others = Object.entries(table?.members ?? {}).filter(([id]) => id !== me)
    return this.#ended(leads ? others : others.filter(([, { identity }]) => identity === table?.leader), leads, signal)
  }

  #ended(members: Parameters<Peers['ended']>[0], mayShut: boolean, signal: AbortSignal): Promise<ReadonlySet<string>> {
    return this.#peers.ended(members, mayShut, (question) => this.#ask(signal, question))
  }

  /** The work is over: others may go on with it at once. Failing to say so is no harm, the Lease does. */
  async #leave(me: string): Promise<void> {
    const { log } = this.#options
    const { signal } = new AbortController()
    try {
      for (let left = FAREWELLS; left > 0; left--) {
        const seen = await this.#ask(signal, (asked) => this.#board.read(asked))
        if (seen.table?.members[me] === undefined) return
        const next = withoutMember(seen.table, me)
        if ((await this.#ask(signal, (asked) => this.#board.write(seen, next, asked))) !== undefined) return
      }
    } catch (error) {
      log.debug({ reason: asError(error).message }, 'not left in order')
    }
  }

  #ask<T>(signal: AbortSignal, question: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return question(AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]))
  }

  #wake(): void {
    this.#nudge.abort()
  }
}

/** The table with a member more; its earlier terms are over. */
function joined(table: Table, me: string, member: Table['members'][string]): Table {
  const others = Object.entries(table.members).filter(([, { identity }]) => identity !== member.identity)
  return { ...table, members: { ...Object.fromEntries(others), [me]: member } }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
