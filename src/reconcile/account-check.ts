import type { Resource } from '../kinds/resource.ts'
import { asError } from '../errors.ts'
import { forEachParallel } from '../parallel.ts'
import type { Lookup } from '../resolve/lookup.ts'
import { specOf } from './accounts.ts'
import { accountChanged, hasObjects, homeOf, homesOf, type Homes, isMeant, tenantsOf } from './homes.ts'

/** What a look at all accounts of a CloudProvider found. */
export interface AccountReport {
  /** For its status. */
  readonly homes: Required<Homes>
  /** What is wrong with accounts of single tenants, by path in the spec: their trouble alone. */
  readonly problems: Readonly<Record<string, string>>
}

export interface AccountCheck {
  readonly lookup: Lookup
  readonly object: Resource
  /** Asks the cloud behind a Secret who it is; throws what is wrong with it. Undefined: this cloud does not say. */
  readonly open: (secret: string) => Promise<Opened>
}

interface Opened {
  readonly account: string | undefined
  /** With its keys, for messages. */
  readonly secret: string
  /** Why nothing may be made there, unless objects live there already. */
  readonly objection?: Error | undefined
}

/** Tenants' accounts that are looked at at a time. */
const WIDTH = 10

/**
 * Looks at the accounts of a CloudProvider, and decides where objects may be made from now on. Throws what is wrong with the main one.
 * A home is exchanged for another account only while nothing lives in it, or where somebody wrote that it is meant (architecture §4).
 */
export async function checkAccounts({ lookup, object, open }: AccountCheck): Promise<AccountReport> {
  const { credentialsSecretRef, tenantCredentials = [] } = specOf(object)
  const known = homesOf(object)
  const main = await open(credentialsSecretRef.name)
  const own = new Map((known.tenantAccounts ?? []).map((one) => [one.tenant, one]))
  const mayMove = (from: string | undefined, to: string | undefined, tenants: Iterable<string>) =>
    from === undefined ||
    to === undefined ||
    from === to ||
    isMeant(object, to) ||
    !(lookup.isPartial === true || [...tenants].some((one) => hasObjects(lookup, object, one)))

  const atHome = [...tenantsOf(lookup)].filter((tenant) => !own.has(tenant))
  if (!mayMove(known.account, main.account, atHome)) throw accountChanged(object, known.account ?? '', main.account ?? '', main.secret)
  if (main.objection !== undefined) throw main.objection
  const account = main.account ?? known.account

  const problems: Record<string, string> = {}
  const tenantAccounts = new Map<string, { readonly tenant: string; readonly account?: string | undefined }>()
  await forEachParallel([...tenantCredentials.entries()], WIDTH, async ([index, { tenant, name }]) => {
    const home = homeOf(known, tenant)
    const before = own.get(tenant)
    try {
      const opened = await open(name)
      if (!mayMove(home, opened.account, [tenant])) throw accountChanged(object, home ?? '', opened.account ?? '', opened.secret)
      if (opened.objection !== undefined) throw opened.objection
      tenantAccounts.set(tenant, { tenant, ...(opened.account === undefined ? {} : { account: opened.account }) })
    } catch (error) {
      problems[`tenantCredentials[${index}]`] = asError(error).message
      // Of one whose objects may live in the main account it is not said that they live elsewhere.
      if (before !== undefined) tenantAccounts.set(tenant, before)
      else if (home === undefined || !hasObjects(lookup, object, tenant)) tenantAccounts.set(tenant, { tenant })
    }
  })
  for (const [tenant, before] of own) {
    if (tenantCredentials.some((one) => one.tenant === tenant) || mayMove(before.account, account, [tenant])) continue
    tenantAccounts.set(tenant, before)
    problems[`tenantCredentials of ${tenant}`] = accountChanged(object, before.account ?? '', account ?? '', main.secret).message
  }
  const sorted = [...tenantAccounts.values()].toSorted((a, b) => (a.tenant < b.tenant ? -1 : 1))
  return { homes: { account, tenantAccounts: sorted.length === 0 ? undefined : sorted }, problems }
}
