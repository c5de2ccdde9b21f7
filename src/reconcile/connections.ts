import type * as z from 'zod'
import type { Resource } from '../kinds/resource.ts'
import type { Account, CallContext, Capability, Connection, Provider } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import type { Fence } from '../provider/fence.ts'
import type { Lookup } from '../resolve/lookup.ts'
import { cloudRegionOf } from '../resolve/zones.ts'
import { Accounts, type CloudProviderSpec, secretOf } from './accounts.ts'

/** A Secret's data, decoded, with its version. */
export interface SecretData {
  readonly resourceVersion: string
  readonly data: Readonly<Record<string, string>>
}

export interface ConnectionsOptions {
  readonly lookup: Lookup
  readonly providers: readonly Provider[]
  /** Reads one Secret of the operator's namespace by name; undefined when there is none. */
  readonly readSecret: (name: string, signal: AbortSignal) => Promise<SecretData | undefined>
  readonly operatorNamespace: string
  /** Monotonic milliseconds: nobody waits longer because somebody set a clock. */
  readonly now: () => number
  /** Whether anything may be changed in the clouds; absent: always. */
  readonly fence?: Fence
  /** A CloudProvider's credentials stopped working. */
  readonly onBroken: (cloudProvider: string) => void
}

/** The way to one cloud account. */
export interface Link {
  readonly connection: Connection
  readonly provider: string
  readonly capabilities: Readonly<Record<string, Capability>>
  readonly cloudProvider: string
  /** Secret and its keys, for messages. */
  readonly secret: string
  readonly mayAdopt: boolean
  /** Makes a call about an object (its tag), unless the account's cloud does not answer at the moment. */
  through<T>(who: string, context: CallContext, make: (context: CallContext) => Promise<T>): Promise<T>
}

interface Entry {
  readonly generation: number
  readonly secretVersion: string
  readonly link: Omit<Link, 'mayAdopt'>
  checkedAt: number
  broken: ProviderError | undefined
}

/** A Secret that works is read again this often; one that does not, once a minute (architecture §4). */
const REREAD_MS = 300_000
const REPROBE_MS = 60_000

/** Connections to clouds: one per CloudProvider, Secret and region, made when first needed and renewed when the Secret changes. */
export class Connections {
  readonly #options: ConnectionsOptions
  readonly #accounts: Accounts
  readonly #entries = new Map<string, Entry>()
  readonly #opening = new Map<string, Promise<Entry>>()
  readonly #failures = new Map<string, { readonly at: number; readonly generation: number; readonly error: Error }>()

  constructor(options: ConnectionsOptions) {
    this.#options = options
    this.#accounts = new Accounts(options.now)
  }

  /** The connection that serves a tenant in a region. Throws `credentials`, `rejected`… with what to do about it. */
  async get(region: string, tenant: string, context: CallContext): Promise<Link> {
    const { lookup } = this.#options
    const name = (lookup.get('Region', region)?.spec as { cloudProvider?: string } | undefined)?.cloudProvider
    const object = name === undefined ? undefined : lookup.get('CloudProvider', name)
    if (name === undefined || object === undefined)
      throw new ProviderError(
        'transient',
        name === undefined ? `Region "${region}" does not exist` : `Region "${region}" names CloudProvider "${name}", which does not exist`,
      )
    const spec = object.spec as unknown as CloudProviderSpec
    const secret = secretOf(spec, tenant)
    const entry = await this.#open(object, secret, region, context)
    const tenants = spec.adoption?.tenants ?? []
    return { ...entry.link, mayAdopt: tenants.includes(tenant) }
  }

  /** Whether a region is bound to a cloud at all. */
  serves(region: string): boolean {
    const { lookup } = this.#options
    const name = (lookup.get('Region', region)?.spec as { cloudProvider?: string } | undefined)?.cloudProvider
    return name !== undefined && lookup.get('CloudProvider', name) !== undefined
  }

  /** Throws what is wrong with a CloudProvider; asks the cloud. */
  async check(object: Resource, context: CallContext): Promise<void> {
    const spec = object.spec as unknown as CloudProviderSpec
    const region = [...this.#options.lookup.all('Region')].find(
      (one) => (one.spec as { cloudProvider?: string }).cloudProvider === object.metadata.name,
    )
    for (const name of new Set([spec.credentialsSecretRef.name, ...(spec.tenantCredentials ?? []).map((one) => one.name)])) {
      const entry = await this.#open(object, name, region?.metadata.name ?? '', context, true)
      await this.#probe(entry, context)
    }
  }

  /** A call answered that the credentials do not work; answers the error with Secret and keys named. */
  reportBroken(link: Link, error: ProviderError): ProviderError {
    const named = naming(error, link.secret)
    for (const entry of this.#entries.values()) {
      if (entry.link.connection !== link.connection || entry.broken !== undefined) continue
      entry.broken = named
      entry.checkedAt = this.#options.now()
      this.#options.onBroken(link.cloudProvider)
    }
    return named
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#entries.values()].map((entry) => entry.link.connection.close()))
    this.#entries.clear()
  }

  async #open(object: Resource, secret: string, region: string, context: CallContext, isFresh = false): Promise<Entry> {
    const id = `${object.metadata.uid}/${secret}/${region}`
    const entry = this.#entries.get(id)
    const age = this.#options.now() - (entry?.checkedAt ?? 0)
    const limit = isFresh ? 0 : entry?.broken === undefined ? REREAD_MS : REPROBE_MS
    if (entry !== undefined && entry.generation === object.metadata.generation && age < limit) {
      if (entry.broken !== undefined) throw entry.broken
      return entry
    }
    const failure = this.#failures.get(id)
    if (
      !isFresh &&
      failure !== undefined &&
      failure.generation === object.metadata.generation &&
      this.#options.now() - failure.at < REPROBE_MS
    )
      throw failure.error
    const opening = this.#opening.get(id) ?? this.#renew(id, object, secret, region, context).finally(() => this.#opening.delete(id))
    this.#opening.set(id, opening)
    return opening
  }

  async #renew(id: string, object: Resource, secret: string, region: string, context: CallContext): Promise<Entry> {
    const now = this.#options.now()
    try {
      const read = await this.#options.readSecret(secret, context.signal)
      const old = this.#entries.get(id)
      if (old !== undefined && old.generation === object.metadata.generation && old.secretVersion === read?.resourceVersion) {
        old.checkedAt = now
        if (old.broken !== undefined) await this.#probe(old, context)
        return old
      }
      const entry = this.#connect(object, secret, read, region)
      this.#entries.set(id, entry)
      this.#failures.delete(id)
      if (old !== undefined) await old.link.connection.close()
      return entry
    } catch (error) {
      this.#failures.set(id, { at: now, generation: object.metadata.generation, error: error as Error })
      throw error
    }
  }

  async #probe(entry: Entry, context: CallContext): Promise<void> {
    entry.checkedAt = this.#options.now()
    try {
      await entry.link.connection.check(context)
      entry.broken = undefined
    } catch (error) {
      if (!(error instanceof ProviderError) || error.failure !== 'credentials') throw error
      entry.broken = naming(error, entry.link.secret)
      throw entry.broken
    }
  }

  #connect(object: Resource, secret: string, read: SecretData | undefined, region: string): Entry {
    const spec = object.spec as unknown as CloudProviderSpec
    const { providers, operatorNamespace, now, fence } = this.#options
    const where = `Secret ${operatorNamespace}/${secret}`
    const provider = providers.find((one) => one.type === spec.type)
    if (provider === undefined)
      throw new ProviderError(
        'unsupported',
        `CloudProvider "${object.metadata.name}": type "${spec.type}" is none of ${providers.map((one) => one.type).join(', ')}`,
      )
    if (read === undefined)
      throw new ProviderError(
        'credentials',
        `${where} does not exist: create it with ${Object.keys(provider.credentials.shape).join(', ')}`,
      )
    const credentials = provider.credentials.safeParse(read.data)
    if (!credentials.success) throw new ProviderError('credentials', `${where}: ${issues(credentials.error, 'key')}`)
    const settings = provider.settings.safeParse(spec.settings ?? {})
    if (!settings.success)
      throw new ProviderError('rejected', `CloudProvider "${object.metadata.name}": ${issues(settings.error, 'spec.settings')}`)
    const { budget, breaker } = this.#accounts.of(object, secret)
    const account: Account<unknown, unknown> = {
      region,
      cloudRegion: cloudRegionOf(this.#options.lookup, region),
      settings: settings.data,
      credentials: credentials.data,
      acquire: budget.acquire,
      pause: budget.pause,
      observe: budget.observe,
      ...(fence === undefined ? {} : { fence }),
    }
    const connection = provider.connect(account as Parameters<typeof provider.connect>[0])
    const keys = Object.keys(provider.credentials.shape).join(', ')
    const link = {
      connection,
      provider: provider.type,
      capabilities: provider.capabilities,
      cloudProvider: object.metadata.name,
      secret: `${where} (${keys})`,
      through: <T>(who: string, context: CallContext, make: (context: CallContext) => Promise<T>) =>
        breaker.run(who, context, () => make(context)),
    }
    return { generation: object.metadata.generation, secretVersion: read.resourceVersion, link, checkedAt: now(), broken: undefined }
  }
}

/** The cloud's refusal, with the Secret and keys that it is about. */
function naming(error: ProviderError, secret: string): ProviderError {
  if (error.message.includes(secret)) return error
  return new ProviderError('credentials', `${secret} is not accepted: ${error.message}`, { cause: error })
}

function issues(error: z.ZodError, what: string): string {
  return error.issues.map(({ path, message }) => `${what} "${path.join('.')}": ${message}`).join('; ')
}
