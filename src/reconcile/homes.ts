import { KINDS } from '../kinds/index.ts'
import { ACCOUNT } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import { ProviderError } from '../provider/errors.ts'
import type { Lookup } from '../resolve/lookup.ts'
import { cloudProviderOf, regionOf } from '../resolve/region.ts'
import { exists } from './outcome.ts'
import { isBorrowed } from './policy.ts'

/** Which accounts the objects of a CloudProvider live in, as its status keeps it. */
export interface Homes {
  /** Behind the main Secret. */
  readonly account?: string | undefined
  /** Tenants whose objects live in an account of their own; without `account`: in one that nobody could look at yet. */
  readonly tenantAccounts?: readonly { readonly tenant: string; readonly account?: string | undefined }[] | undefined
}

export const homesOf = (cloudProvider: Resource): Homes => (cloudProvider.status ?? {}) as Homes

/** The account that a tenant's objects live in; undefined while that is not known. */
export function homeOf({ account, tenantAccounts }: Homes, tenant: string): string | undefined {
  const own = tenantAccounts?.find((one) => one.tenant === tenant)
  return own === undefined ? account : own.account
}

/** Whether anybody's objects are known to live in an account. */
export function isHome({ account, tenantAccounts }: Homes, id: string): boolean {
  return account === id || tenantAccounts?.some((own) => own.account === id) === true
}

/** Somebody wrote onto the CloudProvider that its objects are to move to this account. */
export function isMeant({ metadata }: Resource, account: string): boolean {
  return metadata.annotations?.[ACCOUNT] === account
}

/** The look at its accounts ended with `accountChanged`, as its status says. */
export function isRefused({ status }: Resource): boolean {
  return status?.conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'AccountChanged') === true
}

/** Nothing is made in an account while the objects live in another one. */
export function accountChanged(cloudProvider: Resource, home: string, opened: string, secret: string): ProviderError {
  const { name } = cloudProvider.metadata
  return new ProviderError(
    'credentials',
    `objects live in account ${home}, ${secret} opens ${opened}: put the old Secret back, or annotate CloudProvider "${name}" ` +
      `with ${ACCOUNT}: ${opened} to have them made anew there`,
    { code: 'AccountChanged' },
  )
}

const CLOUD_KINDS = KINDS.filter(({ cloud }) => cloud !== 'none')

/** Whether anything of a tenant was made in the cloud of a CloudProvider, or may have been, where not all can be seen. */
export function hasObjects(lookup: Lookup, cloudProvider: Resource, tenant: string): boolean {
  if (lookup.isPartial === true) return true
  const home = lookup.namespaceOf({ tenant })
  if (home === undefined) return false
  const workspaces = lookup.inNamespace('Workspace', home).map(({ metadata }) => lookup.namespaceOf({ tenant, workspace: metadata.name }))
  return CLOUD_KINDS.some((kind) =>
    (kind.scope === 'workspace' ? workspaces : [home]).some(
      (namespace) =>
        namespace !== undefined &&
        lookup
          .inNamespace(kind.kind, namespace)
          .some(
            (object) =>
              exists(object) &&
              !isBorrowed(object) &&
              cloudProviderOf(lookup, regionOf(lookup, kind, object)) === cloudProvider.metadata.name,
          ),
    ),
  )
}

/** Tenants that there are. */
export function tenantsOf(lookup: Lookup): ReadonlySet<string> {
  const tenants = new Set<string>()
  for (const { kind, scope } of CLOUD_KINDS)
    for (const { metadata } of scope === 'tenant' ? lookup.all(kind) : []) {
      const tenant = lookup.scopeOf(metadata.namespace ?? '')?.tenant
      if (tenant !== undefined) tenants.add(tenant)
    }
  return tenants
}
