import { ProviderError } from '../../../src/provider/errors.ts'
import type { Credentials, Settings } from '../settings.ts'

/** What Keystone says of a token. */
export interface TokenBody {
  readonly expires_at: string
  readonly issued_at: string
  readonly user: { readonly id: string; readonly name: string; readonly domain: { readonly id: string } }
  readonly project?: { readonly id: string; readonly name: string; readonly domain: { readonly id: string } }
  readonly domain?: { readonly id: string }
  readonly roles?: readonly { readonly name: string }[]
  readonly catalog?: readonly CatalogEntry[]
}

interface CatalogEntry {
  readonly type: string
  readonly endpoints: readonly { readonly interface: string; readonly region_id: string | null; readonly url: string }[]
}

type Auth = Settings['cloud']['auth']

/** Body of `POST /v3/auth/tokens`; for another project than the credentials' own where one is named. */
export function authOf(auth: Auth, credentials: Credentials, project?: string): Readonly<Record<string, unknown>> {
  const { application_credential_id: id, application_credential_secret: secret, username, password } = credentials
  if (id !== undefined && secret !== undefined)
    return { auth: { identity: { methods: ['application_credential'], application_credential: { id, secret } } } }
  const user = { name: username, password, domain: domainOf(auth.user_domain_id, auth.user_domain_name) }
  return { auth: { identity: { methods: ['password'], password: { user } }, scope: scopeOf(auth, project) } }
}

function scopeOf(auth: Auth, project: string | undefined) {
  if (project !== undefined) return { project: { id: project } }
  if (auth.project_id !== undefined) return { project: { id: auth.project_id } }
  if (auth.project_name !== undefined)
    return { project: { name: auth.project_name, domain: domainOf(auth.project_domain_id, auth.project_domain_name) } }
  if (auth.domain_id !== undefined || auth.domain_name !== undefined) return { domain: domainOf(auth.domain_id, auth.domain_name) }
  throw new ProviderError(
    'rejected',
    'settings.cloud.auth needs project_id or project_name (or domain_id or domain_name), as in clouds.yaml',
  )
}

const domainOf = (id: string | undefined, name: string | undefined) => (name === undefined ? { id: id ?? 'default' } : { name })

/** Services that the adapter speaks to, and what catalogues call them. */
const TYPES = {
  identity: ['identity'],
  compute: ['compute'],
  network: ['network'],
  volume: ['volumev3', 'block-storage', 'block-store'],
  image: ['image'],
} as const
export type Service = keyof typeof TYPES

/** Where the path of a resource begins, whatever of it the catalogue says already. */
const ROOTS: Readonly<Record<Service, (url: string) => string>> = {
  identity: (url) => (url.endsWith('/v3') ? url : `${url}/v3`),
  compute: (url) => url,
  network: (url) => (url.endsWith('/v2.0') ? url : `${url}/v2.0`),
  volume: (url) => url,
  image: (url) => (url.endsWith('/v2') ? url : `${url}/v2`),
}

interface Wanted {
  /** In the order of preference. */
  readonly regions: readonly string[]
  readonly interface: string
}

/** URL of a service from the catalogue of a token, without a slash at its end; undefined = the cloud has no such service. Throws what to do where it is in other regions only. */
export function endpointOf({ catalog = [] }: Pick<TokenBody, 'catalog'>, service: Service, wanted: Wanted): string | undefined {
  const types: readonly string[] = TYPES[service]
  const endpoints = catalog
    .filter(({ type }) => types.includes(type))
    .toSorted((a, b) => types.indexOf(a.type) - types.indexOf(b.type))
    .flatMap((entry) => entry.endpoints.filter((one) => one.interface === wanted.interface))
  if (endpoints.length === 0) return undefined
  const regions = [...new Set(endpoints.map(({ region_id: region }) => region ?? ''))]
  const region = wanted.regions.find((one) => regions.includes(one)) ?? (regions.length === 1 ? regions[0] : undefined)
  const found = endpoints.find(({ region_id }) => (region_id ?? '') === region)
  if (found !== undefined) return ROOTS[service](found.url.replace(/\/+$/, ''))
  throw new ProviderError(
    'rejected',
    `the cloud's catalogue has ${service} in ${regions.join(', ')}, and not in ${wanted.regions.join(' or ')}: name the region in Region.spec.cloud.region`,
  )
}

/** The root for identity that the settings name. */
export const identityRoot = (authUrl: string): string => ROOTS.identity(authUrl.replace(/\/+$/, ''))
