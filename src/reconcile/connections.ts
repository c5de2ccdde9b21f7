import { deadline, untilAborted } from '../deadline.ts'
import type { Resource } from '../kinds/resource.ts'
import type { CallContext } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import { boundTo, cloudProviderOf } from '../resolve/region.ts'
import { type AccountReport, checkAccounts } from './account-check.ts'
import { accountOf, Accounts, secretOf, specOf } from './accounts.ts'
import { connect, type ConnectOptions, type Link, type SecretData } from './connect.ts'
import { accountChanged, hasObjects, homeOf, homesOf, isHome, isMeant, isRefused } from './homes.ts'
import { accountInUse, type Neighbours, neighboursOf } from './neighbours.ts'

export type { Link, SecretData } from './connect.ts'

export interface ConnectionsOptions extends Omit<ConnectOptions, 'accounts'> {
  /** Reads one Secret of the operator's namespace by name; undefined when there is none. */
  readonly readSecret: (name: string, signal: AbortSignal) => Promise<SecretData | undefined>
  /** Id of this installation. */
  readonly installation: string
  /** Monotonic milliseconds: nobody waits longer because somebody set a clock. */
  readonly now: () => number
  /** A CloudProvider has to be looked at: credentials stopped working or work again, or an account is not known yet. */
  readonly onBroken: (cloudProvider: string) => void
  /** Other processes work for accounts as well, in turns with this one. */
  readonly isShared?: boolean
}

interface Entry {
  readonly generation: number
  readonly read: SecretData
  readonly link: Omit<Link, 'mayAdopt'>
  /** The account's own id, where the cloud says it. */
  account: string | undefined
  /** Others who work there, where we are not known to. */
  neighbours: Neighbours
  /** When the Secret is to be read again. */
  again: number
  broken: ProviderError | undefined
}

/** A Secret that works is read again this often… */
const REREAD_MS = 300_000
/** …one that does not, well within a minute… */
const REPROBE_MS = 30_000
/** …and after trouble that is not the Secret's, soon. */
const SOON_MS = 5_000
/** For a question to the cloud about the account. */
const CHECK_MS = 30_000
/** For all pages of an account that others work in. */
const MEET_MS = 120_000
/** Calls of passes that began with a connection that was renewed end with it. */
const GRACE_MS = 120_000

/** Connections to clouds: one per account and region, made when first needed and renewed when the Secret changes. */
export class Connections {
  readonly #options: ConnectionsOptions
  readonly #accounts: Accounts
  readonly #entries = new Map<string, Entry>()
  readonly #opening = new Map<string, Promise<Entry>>()
  readonly #failures = new Map<string, { readonly until: number; readonly generation: number; readonly error: unknown }>()
  /** Renewed; closed when their time is over. */
  readonly #old = new Map<Link['connection'], NodeJS.Timeout>()

  constructor(options: ConnectionsOptions) {
    this.#options = options
    this.#accounts = new Accounts(options.now, options.isShared)
  }

  /** The connection that serves a tenant in a region. Throws `credentials`, `rejected`… with what to do about it. */
  async get(region: string, tenant: string, context: CallContext): Promise<Link> {
    const { name, object } = this.#behind(region)
    if (name === undefined || object === undefined)
      throw new ProviderError(
        'transient',
        name === undefined ? `Region "${region}" does not exist` : `Region "${region}" names CloudProvider "${name}", which does not exist`,
      )
    const spec = specOf(object)
    const entry = await this.#open(object, secretOf(spec, tenant), region, context)
    this.#admit(object, tenant, entry)
    const mayAdopt = spec.adoption?.tenants?.includes(tenant) === true || spec.catalogue?.imagesTenant === tenant
    return { ...entry.link, mayAdopt }
  }

  /** This process begins to work for a CloudProvider's accounts, and another one may have until now. */
  begin(cloudProvider: string): void {
    const object = this.#options.lookup.get('CloudProvider', cloudProvider)
    if (object !== undefined) this.#accounts.begin(object)
  }

  /** Whether a region is bound to a cloud at all. */
  serves(region: string): boolean {
    return this.#behind(region).object !== undefined
  }

  /** Asks the clouds behind all Secrets of a CloudProvider. Throws what is wrong with its main account. */
  async check(object: Resource, context: CallContext): Promise<AccountReport> {
    const { lookup } = this.#options
    const { name } = object.metadata
    const bound = [...lookup.all('Region')].filter((one) => boundTo(one) === name).map(({ metadata }) => metadata.name)
    const [region = '', ...others] = bound
    return checkAccounts({
      lookup,
      object,
      open: async (secret) => {
        const entry = await this.#open(object, secret, region, context, true)
        await this.#probe(entry, context)
        const { account } = entry
        let objection = this.#objection(object, entry)
        // Other regions of an account may show what this one does not.
        for (const other of isKnown(object, account) ? [] : others)
          objection ??= this.#objection(object, await this.#open(object, secret, other, context))
        return { account, secret: entry.link.secret, objection }
      },
    })
  }

  /** A call answered that the credentials do not work; answers the error with Secret and keys named. */
  reportBroken(link: Link, error: ProviderError): ProviderError {
    const named = naming(error, link.secret)
    for (const entry of this.#entries.values()) {
      if (entry.link.connection !== link.connection || entry.broken !== undefined) continue
      entry.broken = named
      // It may have been exchanged just now.
      entry.again = -Infinity
      this.#options.onBroken(link.cloudProvider)
    }
    return named
  }

  async close(): Promise<void> {
    for (const timer of this.#old.values()) clearTimeout(timer)
    const all = [...this.#old.keys(), ...[...this.#entries.values()].map(({ link }) => link.connection)]
    this.#old.clear()
    this.#entries.clear()
    await Promise.allSettled(all.map((connection) => connection.close()))
  }

  #behind(region: string) {
    const { lookup } = this.#options
    const name = cloudProviderOf(lookup, region)
    return { name, object: name === undefined ? undefined : lookup.get('CloudProvider', name) }
  }

  /** Nothing is made in another account than the one that, as the CloudProvider's status knows, the tenant's objects live in. */
  #admit(object: Resource, tenant: string, entry: Entry): void {
    const { account, link } = entry
    const home = homeOf(homesOf(object), tenant)
    const objection = home === undefined ? this.#objection(object, entry) : undefined
    if (objection !== undefined) throw objection
    if (account === undefined || home === undefined || account === home) return
    // One that has nothing in the old account is refused, too, while others have: they share the account.
    if (!isMeant(object, account) && (isRefused(object) || hasObjects(this.#options.lookup, object, tenant)))
      throw accountChanged(object, home, account, link.secret)
    this.#options.onBroken(link.cloudProvider)
    throw new ProviderError('transient', `the account of CloudProvider "${link.cloudProvider}" is being looked at`, {
      isHeld: true,
      retryAfterMs: 1_000,
    })
  }

  /** Why nothing may be made in an account that is nobody's home yet. */
  #objection(object: Resource, { account = '', neighbours }: Entry): ProviderError | undefined {
    if (isKnown(object, account)) return undefined
    const { installation, operatorNamespace } = this.#options
    return accountInUse(object, { account, neighbours, installation, operatorNamespace })
  }

  async #open(object: Resource, secret: string, region: string, context: CallContext, isFresh = false): Promise<Entry> {
    const id = `${accountOf(object, secret)}/${region}`
    const { generation } = object.metadata
    const now = this.#options.now()
    const entry = this.#entries.get(id)
    if (!isFresh && entry?.generation === generation && now < entry.again) {
      if (entry.broken !== undefined) throw entry.broken
      return entry
    }
    const failure = this.#failures.get(id)
    if (!isFresh && failure?.generation === generation && now < failure.until) throw failure.error
    let opening = this.#opening.get(id)
    if (opening === undefined) {
      opening = this.#renew(id, object, secret, region, context).finally(() => this.#opening.delete(id))
      this.#opening.set(id, opening)
    }
    return opening
  }

  async #renew(id: string, object: Resource, secret: string, region: string, context: CallContext): Promise<Entry> {
    const { generation } = object.metadata
    const old = this.#entries.get(id)
    try {
      const read = await this.#read(secret, old, context)
      if (old !== undefined && old.generation === generation && old.read.resourceVersion === read?.resourceVersion) {
        if (old.broken !== undefined) await this.#probe(old, context)
        else if (old.neighbours.size > 0) await this.#meet(old, object, context)
        if (old.broken === undefined && read !== old.read) old.again = this.#options.now() + REREAD_MS
        return old
      }
      const entry = await this.#connect(object, secret, read, region, context)
      this.#entries.set(id, entry)
      this.#failures.delete(id)
      if (old !== undefined) this.#retire(old)
      return entry
    } catch (error) {
      const isLasting = error instanceof ProviderError && !['transient', 'throttled'].includes(error.failure)
      this.#failures.set(id, { until: this.#options.now() + (isLasting ? REPROBE_MS : SOON_MS), generation, error })
      throw error
    }
  }

  /** What the Secret says. While it cannot be read, what it said last goes on. */
  async #read(secret: string, old: Entry | undefined, { signal }: CallContext): Promise<SecretData | undefined> {
    try {
      return await this.#options.readSecret(secret, signal)
    } catch (error) {
      if (old === undefined || old.broken !== undefined) throw error
      old.again = this.#options.now() + SOON_MS
      return old.read
    }
  }

  async #connect(object: Resource, secret: string, read: SecretData | undefined, region: string, context: CallContext): Promise<Entry> {
    const link = connect({ ...this.#options, accounts: this.#accounts }, object, secret, read, region)
    const entry: Entry = {
      generation: object.metadata.generation,
      read: read as SecretData,
      link,
      account: undefined,
      neighbours: new Map(),
      again: 0,
      broken: undefined,
    }
    try {
      await this.#probe(entry, context)
      await this.#meet(entry, object, context)
    } catch (error) {
      await link.connection.close()
      throw error
    }
    return entry
  }

  /** Asks the cloud who this is. */
  async #probe(entry: Entry, context: CallContext): Promise<void> {
    const { now, onBroken } = this.#options
    const { connection, secret, cloudProvider, through } = entry.link
    const limit = deadline(context.signal, CHECK_MS)
    try {
      const asked = through('', { signal: limit.signal, priority: 'high' }, (inner) => connection.check(inner))
      const { account } = await untilAborted(asked, limit.signal)
      entry.account = account
      if (entry.broken !== undefined) onBroken(cloudProvider)
      entry.broken = undefined
      entry.again = now() + REREAD_MS
    } catch (error) {
      if (!(error instanceof ProviderError)) {
        if (limit.isOver) throw new ProviderError('transient', `the cloud gave no answer within ${CHECK_MS / 1000} s`, { cause: error })
        throw error
      }
      if (error.failure !== 'credentials') throw error
      entry.again = now() + REPROBE_MS
      entry.broken = naming(error, secret)
      throw entry.broken
    } finally {
      limit.end()
    }
  }

  /** Looks who else works in an account that nothing of ours is known to live in. */
  async #meet(entry: Entry, object: Resource, { signal }: CallContext): Promise<void> {
    if (isKnown(object, entry.account)) {
      entry.neighbours = new Map()
      return
    }
    const { connection, through } = entry.link
    const limit = deadline(signal, MEET_MS)
    try {
      const asked = through('', { signal: limit.signal, priority: 'high' }, (inner) =>
        neighboursOf(connection.inventory(undefined, inner), this.#options.installation),
      )
      entry.neighbours = await untilAborted(asked, limit.signal)
    } catch (error) {
      if (limit.isOver)
        throw new ProviderError('transient', `the cloud did not list the account within ${MEET_MS / 1000} s`, { cause: error })
      throw error
    } finally {
      limit.end()
    }
  }

  /** Calls on the road end in their own time, and so do passes that are half-way through. */
  #retire({ link: { connection } }: Entry): void {
    const timer = setTimeout(() => {
      this.#old.delete(connection)
      void connection.close()
    }, GRACE_MS)
    timer.unref()
    this.#old.set(connection, timer)
  }
}

/** Of one that does not say who it is nothing is known. */
const isKnown = (object: Resource, account: string | undefined): boolean => account !== undefined && isHome(homesOf(object), account)

/** The cloud's refusal, with the Secret and keys that it is about. */
function naming(error: ProviderError, secret: string): ProviderError {
  if (error.message.includes(secret)) return error
  return new ProviderError('credentials', `${secret} is not accepted: ${error.message}`, { cause: error })
}
