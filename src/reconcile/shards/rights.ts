import type { Clock } from '../../kube/clock.ts'
import type { Scope } from './scope.ts'
import { accountOfRegion, type Table } from './table.ts'

export interface RightsOptions {
  readonly scopeOf: (id: string) => Scope | undefined
  /** Regions that there are and that name an account that there is, as the stores have it now. */
  readonly bindings: () => ReadonlyMap<string, string>
  /** This process is a member for sure: what the table gives it, it has. */
  readonly isMember: () => boolean
  /** This process leads for sure. */
  readonly isLeader: () => boolean
  /** For so long the table is believed, since its last reading was begun; less than a Lease lasts. */
  readonly sureMs: number
  readonly clock: Clock
}

/** Work that is under way. */
interface Pass {
  /** `''`: the leader's. */
  readonly account: string
  readonly region: string | undefined
  readonly stop: AbortController
}

/** What this process may work on; a part of it ends by `stopped` before it is given away. */
interface Ours {
  readonly accounts: ReadonlySet<string>
  /** Regions that are in the table or in the stores; of others, those are meant that the leader sees to. */
  readonly regions: ReadonlyMap<string, string | undefined>
  readonly leads: boolean
}

/** What has become this process's to work on. */
export interface Gain {
  readonly accounts: readonly string[]
  has(scope: Scope): boolean
}

const NOTHING: Ours = { accounts: new Set(), regions: new Map(), leads: false }

/** What this process may do, by what it last read in the table: begin work (`isOurs`), and change something in an account (`mayAct`). */
export class Rights {
  readonly #options: RightsOptions
  /** Accounts that the table names us for and that we have not let go of. */
  #held: ReadonlySet<string> = new Set()
  #table: Table | undefined
  #readAt = Number.NEGATIVE_INFINITY
  #leads = false
  #stopped = { accounts: new Set<string>(), regions: new Set<string>() }
  #ours: Ours = NOTHING
  readonly #passes = new Map<string, Pass>()
  /** Of what else goes on in an account: ended with our right to it. */
  readonly #ends = new Map<string, AbortController>()
  /** Something has become ours. */
  onGain: (gain: Gain) => void = () => undefined
  /** Something is ours no more. */
  onLoss: () => void = () => undefined
  /** Work has ended. */
  onEnd: () => void = () => undefined

  constructor(options: RightsOptions) {
    this.#options = options
  }

  /** Accounts that the table gives to this process. */
  get accounts(): ReadonlySet<string> {
    return this.#isSure() ? this.#held : NOTHING.accounts
  }

  /** Takes over what a table says that was read after `readAt` (or written from then on). Undefined: there is none, so nothing is ours. */
  adopt(table: Table | undefined, me: string, readAt: number): void {
    // What was turned away meanwhile is begun anew.
    if (!this.#isSure()) this.#forget()
    this.#table = table
    this.#readAt = readAt
    this.#held = new Set(table?.members[me]?.accounts)
    if (table === undefined) this.#leads = false
    this.refresh()
    this.abort(({ account }) => account !== '' && !this.#held.has(account))
  }

  /** Whether the leader's part is this process's. */
  lead(leads: boolean): void {
    this.#leads = leads
    this.refresh()
    if (!leads) this.abort(({ account }) => account === '')
  }

  /** These are about to be others': nothing is begun there any more. What was stopped before and is not named goes on. */
  stop(accounts: Iterable<string>, regions: Iterable<string>): void {
    this.#stopped = { accounts: new Set(accounts), regions: new Set(regions) }
    this.refresh()
  }

  /** From here on nothing is changed in these accounts, even before the table says so. */
  release(accounts: Iterable<string>): void {
    const gone = new Set(accounts)
    this.#held = new Set([...this.#held].filter((account) => !gone.has(account)))
    this.refresh()
  }

  /** Nothing is ours, and what goes on ends. */
  clear(): void {
    this.#leads = false
    this.#stopped = { accounts: new Set(), regions: new Set() }
    this.adopt(undefined, '', Number.NEGATIVE_INFINITY)
    this.abort(() => true)
  }

  /** The stores say something else of regions and accounts. */
  refresh(): void {
    const before = this.#ours
    const now = this.#now()
    this.#ours = now
    for (const [account, end] of this.#ends)
      if (!now.accounts.has(account)) {
        end.abort()
        this.#ends.delete(account)
      }
    const accounts = [...now.accounts].filter((account) => !before.accounts.has(account))
    const regions = [...now.regions].filter(([region, account]) => account !== undefined && before.regions.get(region) !== account)
    if (isLess(now, before)) this.onLoss()
    if (accounts.length > 0 || regions.length > 0 || (now.leads && !before.leads))
      this.onGain({ accounts, has: (scope) => has(now, scope) && !has(before, scope) })
  }

  /** Whether work on a queue key is this process's: then it may be begun. What is not there any more is everybody's to forget. */
  readonly isOurs = (id: string): boolean => {
    const scope = this.#options.scopeOf(id)
    return scope === undefined || has(this.#ours, scope)
  }

  /** Whether what has this scope is this process's to work on. */
  readonly has = (scope: Scope): boolean => has(this.#ours, scope)

  /** Whether what is in a region is this process's. */
  readonly isOurRegion = (region: string): boolean => has(this.#ours, { region })

  /** Whether something may be changed in the cloud of an account now. */
  readonly mayAct = (account: string): boolean => this.#isSure() && this.#held.has(account)

  /** Aborts when the account is not this process's any more; for what reads there. */
  readonly endOf = (account: string): AbortSignal => {
    const end = this.#ends.get(account) ?? new AbortController()
    if (this.#ours.accounts.has(account)) this.#ends.set(account, end)
    else end.abort()
    return end.signal
  }

  /** Begins the work of a key, if that is this process's; it is told when it has to stop. */
  readonly turn = async (id: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> => {
    const scope = this.#options.scopeOf(id)
    const account = scope === undefined ? '' : accountOf(this.#ours, scope)
    if (account === undefined || (scope !== undefined && !this.#mayBegin(account))) return
    const region = typeof scope === 'object' && 'region' in scope ? scope.region : undefined
    const pass = { account, region, stop: new AbortController() }
    this.#passes.set(id, pass)
    try {
      await work(pass.stop.signal)
    } finally {
      this.#passes.delete(id)
      this.onEnd()
    }
  }

  /** Whether nothing is under way in an account or region (any longer). */
  isIdle(where: { readonly account: string } | { readonly region: string }): boolean {
    return this.#under(where).next().done === true
  }

  /** Ends what is under way and matches. */
  abort(which: (pass: Pick<Pass, 'account' | 'region'>) => boolean): void {
    for (const pass of this.#passes.values()) if (which(pass)) pass.stop.abort(new Error('others go on with it'))
  }

  #forget(): void {
    const isLoss = this.#ours !== NOTHING
    this.#ours = NOTHING
    if (isLoss) this.onLoss()
  }

  *#under(where: { readonly account: string } | { readonly region: string }): Generator<Pass> {
    for (const pass of this.#passes.values())
      if ('account' in where ? pass.account === where.account : pass.region === where.region) yield pass
  }

  #isSure(): boolean {
    const { isMember, clock, sureMs } = this.#options
    return isMember() && clock.now() - this.#readAt < sureMs
  }

  #mayBegin(account: string): boolean {
    return this.#isSure() && (account === '' ? this.#options.isLeader() : this.#held.has(account))
  }

  #now(): Ours {
    const table = this.#table
    const leads = this.#leads && table !== undefined
    const accounts = new Set([...this.#held].filter((account) => !this.#stopped.accounts.has(account)))
    if (table === undefined) return { accounts, regions: new Map(), leads }
    const bindings = this.#options.bindings()
    const regions = new Map<string, string | undefined>()
    for (const region of new Set([...Object.keys(table.regions), ...bindings.keys()])) {
      const account = accountOfRegion(table, region)
      // Where table and stores differ it is on its way from one to the other.
      const isSettled = account === (bindings.get(region) ?? '') && !this.#stopped.regions.has(region)
      regions.set(region, isSettled && (account === '' ? leads : accounts.has(account)) ? account : undefined)
    }
    return { accounts, regions, leads }
  }
}

/** The account that a scope's work is done for, `''` being the leader's part; undefined: it is not ours. */
function accountOf({ accounts, regions, leads }: Ours, scope: Scope): string | undefined {
  if (scope === 'leader') return leads ? '' : undefined
  if ('account' in scope) return accounts.has(scope.account) ? scope.account : undefined
  if (regions.has(scope.region)) return regions.get(scope.region)
  return leads ? '' : undefined
}

const has = (ours: Ours, scope: Scope): boolean => accountOf(ours, scope) !== undefined

function isLess(now: Ours, before: Ours): boolean {
  return (
    (before.leads && !now.leads) ||
    [...before.accounts].some((account) => !now.accounts.has(account)) ||
    [...before.regions].some(([region, account]) => account !== undefined && now.regions.get(region) !== account)
  )
}
