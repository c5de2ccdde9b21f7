import { setTimeout as sleep } from 'node:timers/promises'
import { asError } from '../errors.ts'
import type { Resource } from '../kinds/resource.ts'
import type { CallContext } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import { boundTo } from '../resolve/region.ts'
import { cloudRegionOf } from '../resolve/zones.ts'
import { type CloudProviderSpec, specOf } from './accounts.ts'
import type { Found } from './audit.ts'
import { openedKey } from './audit-cluster.ts'
import { connect, type ConnectOptions, type Link, type SecretData } from './connect.ts'

export interface AuditAccountsOptions extends ConnectOptions {
  readonly installation: string
  readonly readSecret: (name: string, signal: AbortSignal) => Promise<SecretData | undefined>
  /** Secrets to look with besides those that CloudProviders name, `cloudProvider/secret`: accounts that were left. */
  readonly besides: readonly string[]
  /** Between two tries of a cloud that does not answer. */
  readonly retryMs: number
  readonly onProgress: (text: string) => void
}

/** What was read of the clouds. */
export interface Inventories {
  readonly found: readonly Found[]
  /** Accounts whose every connection was read to its end. */
  readonly accounts: ReadonlySet<string>
  readonly opened: ReadonlyMap<string, string>
  /** What could not be read, and why: about these nothing is known. */
  readonly unread: readonly { readonly cloudProvider: string; readonly secret: string; readonly message: string }[]
}

/** A connection for an audit. */
interface Open {
  readonly link: Omit<Link, 'mayAdopt'>
  readonly account: string
  readonly secret: string
  readonly region: string
}

const TRIES = 3
const DEFAULT_RATE = 20
/** What an audit takes of an account's rate: it comes on top of the controllers' own. */
const SHARE = 0.25

/** All accounts of a cluster, for one audit: connected once, read as often as it looks. */
export class AuditAccounts {
  readonly #options: AuditAccountsOptions
  readonly #open = new Map<string, Open>()

  constructor(options: AuditAccountsOptions) {
    this.#options = options
  }

  /** Reads the inventory of every account that can be opened. Never fails: what cannot be read is told. */
  async read(signal: AbortSignal): Promise<Inventories> {
    const found = new Map<string, Found>()
    const opened = new Map<string, string>()
    const unread: { readonly cloudProvider: string; readonly secret: string; readonly message: string }[] = []
    const broken = new Set<string>()
    for (const { object, secret, region } of this.#places()) {
      const { name } = object.metadata
      this.#options.onProgress(`${name}, Secret ${secret}`)
      try {
        const open = await this.#persist(signal, () => this.#connect(object, secret, region, signal))
        opened.set(openedKey(name, secret), open.account)
        for (const one of await this.#persist(signal, () => this.#list(open, signal)))
          // An account may be open by several Secrets, and a region may show what another one shows.
          found.set(JSON.stringify([one.account, one.kind, one.externalId, one.tag ?? one.tagKey]), one)
      } catch (error) {
        signal.throwIfAborted()
        const account = opened.get(openedKey(name, secret))
        if (account !== undefined) broken.add(account)
        unread.push({ cloudProvider: name, secret, message: asError(error).message })
      }
    }
    const accounts = new Set([...opened.values()].filter((account) => !broken.has(account)))
    return { found: [...found.values()], accounts, opened, unread }
  }

  /** The connection that an object was seen with. */
  linkOf({ cloudProvider, secret, region }: Found): Omit<Link, 'mayAdopt'> | undefined {
    return this.#open.get(idOf(cloudProvider, secret, region))?.link
  }

  /** How far reads may lag behind writes in any of the clouds, in milliseconds. */
  settleMs(): number {
    const all = [...this.#open.values()].flatMap(({ link }) => Object.values(link.capabilities))
    return Math.max(0, ...all.map(({ settleMs }) => settleMs))
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#open.values()].map(({ link }) => link.connection.close()))
    this.#open.clear()
  }

  *#places(): Generator<{ readonly object: Resource; readonly secret: string; readonly region: string }> {
    const { lookup, besides } = this.#options
    for (const object of lookup.all('CloudProvider')) {
      const { name } = object.metadata
      const bound = [...lookup.all('Region')].filter((region) => boundTo(region) === name).map((region) => region.metadata.name)
      const more = besides.filter((one) => one.startsWith(`${name}/`)).map((one) => one.slice(name.length + 1))
      for (const secret of new Set([...secretsOf(specOf(object)), ...more]))
        for (const region of bound.length === 0 ? [''] : bound) yield { object, secret, region }
    }
  }

  async #connect(object: Resource, secret: string, region: string, signal: AbortSignal): Promise<Open> {
    const id = idOf(object.metadata.name, secret, region)
    const known = this.#open.get(id)
    if (known !== undefined) return known
    const link = connect(this.#options, modest(object), secret, await this.#options.readSecret(secret, signal), region)
    try {
      const { account } = await link.through('', { signal, priority: 'low' }, (context) => link.connection.check(context))
      const open = { link, account, secret, region }
      this.#open.set(id, open)
      return open
    } catch (error) {
      await link.connection.close()
      throw error
    }
  }

  async #list({ link, account, secret, region }: Open, signal: AbortSignal): Promise<Found[]> {
    const { installation, lookup, onProgress } = this.#options
    const cloudRegion = cloudRegionOf(lookup, region)
    const found: Found[] = []
    const context: CallContext = { signal, priority: 'low' }
    for await (const item of link.connection.inventory(installation, context)) {
      found.push({ ...item, account, cloudProvider: link.cloudProvider, secret, region, cloudRegion })
      if (found.length % 500 === 0) onProgress(`${link.cloudProvider}, Secret ${secret}: ${found.length} objects`)
    }
    return found
  }

  async #persist<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried++)
      try {
        return await work()
      } catch (error) {
        const isPassing = error instanceof ProviderError && ['transient', 'throttled', 'waiting'].includes(error.failure)
        if (!isPassing || tried === TRIES) throw error
        await sleep(error.retryAfterMs ?? this.#options.retryMs, undefined, { signal })
      }
  }
}

const idOf = (...parts: readonly string[]): string => JSON.stringify(parts)

function secretsOf({ credentialsSecretRef, tenantCredentials = [] }: CloudProviderSpec): readonly string[] {
  return [credentialsSecretRef.name, ...tenantCredentials.map(({ name }) => name)]
}

/** The CloudProvider with a smaller budget. */
function modest(object: Resource): Resource {
  const requestsPerSecond = Math.max(1, (specOf(object).requestsPerSecond ?? DEFAULT_RATE) * SHARE)
  return { ...object, spec: { ...object.spec, requestsPerSecond, burst: requestsPerSecond } } as Resource
}
