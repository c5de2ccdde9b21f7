import type * as z from 'zod'
import type { Resource } from '../kinds/resource.ts'
import type { Account, CallContext, Capability, Connection, Provider } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import type { Fence } from '../provider/fence.ts'
import type { Lookup } from '../resolve/lookup.ts'
import { cloudRegionOf } from '../resolve/zones.ts'
import { type Accounts, specOf } from './accounts.ts'

/** A Secret's data, decoded, with its version. */
export interface SecretData {
  readonly resourceVersion: string
  readonly data: Readonly<Record<string, string>>
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

export interface ConnectOptions {
  readonly lookup: Lookup
  readonly providers: readonly Provider[]
  readonly operatorNamespace: string
  readonly accounts: Accounts
  /** Whether anything may be changed in the accounts of a CloudProvider; absent: always. */
  readonly fence?: (cloudProvider: string) => Fence
  /** What this process calls itself. */
  readonly userAgent?: string
}

/** Connects to the account behind a Secret of a CloudProvider, for one region; the cloud is not asked yet. Throws what is wrong with either. */
export function connect(
  options: ConnectOptions,
  object: Resource,
  secret: string,
  read: SecretData | undefined,
  region: string,
): Omit<Link, 'mayAdopt'> {
  const { lookup, providers, operatorNamespace, accounts, fence, userAgent } = options
  const spec = specOf(object)
  const { name } = object.metadata
  const where = `Secret ${operatorNamespace}/${secret}`
  const provider = providers.find((one) => one.type === spec.type)
  if (provider === undefined) {
    const types = providers.map((one) => one.type).join(', ')
    throw new ProviderError('unsupported', `CloudProvider "${name}": type "${spec.type}" is none of ${types}`)
  }
  const keys = Object.keys(provider.credentials.shape).join(', ')
  if (read === undefined) throw new ProviderError('credentials', `${where} does not exist: create it with ${keys}`)
  const credentials = provider.credentials.safeParse(read.data)
  if (!credentials.success) throw new ProviderError('credentials', `${where}: ${issues(credentials.error, 'key')}`)
  const settings = provider.settings.safeParse(spec.settings ?? {})
  if (!settings.success) throw new ProviderError('rejected', `CloudProvider "${name}": ${issues(settings.error, 'spec.settings')}`)
  const { budget, breaker } = accounts.of(object, secret)
  const account: Account<unknown, unknown> = {
    region,
    cloudRegion: cloudRegionOf(lookup, region),
    settings: settings.data,
    credentials: credentials.data,
    acquire: budget.acquire,
    pause: budget.pause,
    observe: budget.observe,
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(fence === undefined ? {} : { fence: fence(name) }),
  }
  const connection = provider.connect(account as Parameters<typeof provider.connect>[0])
  return {
    connection,
    provider: provider.type,
    capabilities: connection.capabilities ?? provider.capabilities,
    cloudProvider: name,
    secret: `${where} (${keys})`,
    through: (who, context, make) => breaker.run(who, context, () => make(context)),
  }
}

function issues(error: z.ZodError, what: string): string {
  return error.issues.map(({ path, message }) => `${what} "${path.join('.')}": ${message}`).join('; ')
}
