import { ProviderError } from '../../../src/provider/errors.ts'
import { isSafeUrl } from '../../../src/provider/fields.ts'
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
  /** How the token was asked for; with rules, each service lets through what they name. */
  readonly application_credential?: { readonly access_rules?: readonly object[] }
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

/** With the version that the adapter speaks, unless the path has one already (and the project's id behind it, in many clouds). */
const versioned = (version: string, known: RegExp) => (url: string) => (known.test(new URL(url).pathname) ? url : url + version)

/** Where the path of a resource begins, whatever of it the catalogue says already. */
const ROOTS: Readonly<Record<Service, (url: string) => string>> = {
  identity: (url) => versioned('/v3', /\/v3$/)(url.replace(/\/v2\.0$/, '')),
  compute: versioned('/v2.1', /\/v2(\.\d+)?(\/|$)/),
  network: versioned('/v2.0', /\/v2\.0$/),
  volume: versioned('/v3', /\/v\d(\/|$)/),
  image: versioned('/v2', /\/v2$/),
}

interface Wanted {
  /** In the order of preference. */
  readonly regions: readonly string[]
  /** Somebody named one of them for this cloud: then the only region there is must not stand in for it. */
  readonly isNamed?: boolean
  readonly interface: string
}

/** URL of a service from the catalogue of a token, without a slash at its end. Throws what there is, where that is not it. */
export function endpointOf({ catalog = [] }: Pick<TokenBody, 'catalog'>, service: Service, wanted: Wanted): string {
  const types: readonly string[] = TYPES[service]
  const all = catalog
    .filter(({ type }) => types.includes(type))
    .toSorted((a, b) => types.indexOf(a.type) - types.indexOf(b.type))
    .flatMap(({ endpoints }) => endpoints)
  if (all.length === 0) throw new ProviderError('unsupported', `the cloud's catalogue has no ${service} service (${types.join(', ')})`)
  const endpoints = all.filter((one) => one.interface === wanted.interface)
  if (endpoints.length === 0)
    throw new ProviderError(
      'unsupported',
      `the cloud's catalogue has no ${wanted.interface} endpoint of ${service}, but ${once(all.map((one) => one.interface))}: name one in settings.cloud.interface`,
    )
  const regions = [...new Set(endpoints.map(({ region_id: region }) => region ?? ''))]
  const isOnly = regions.length === 1 && wanted.isNamed !== true
  const region = wanted.regions.find((one) => regions.includes(one)) ?? (isOnly ? regions[0] : undefined)
  const found = endpoints.find(({ region_id }) => (region_id ?? '') === region)
  if (found === undefined)
    throw new ProviderError(
      'rejected',
      `the cloud's catalogue has ${service} in ${regions.join(', ')}, and not in ${wanted.regions.join(' or ')}: name the region in Region.spec.cloud.region`,
    )
  const url = found.url.replace(/\/+$/, '')
  if (!isSafeUrl(url))
    throw new ProviderError('rejected', `the cloud's catalogue names ${found.url} for ${service}: credentials go by https only`)
  return ROOTS[service](url)
}

const once = (words: readonly string[]) => [...new Set(words)].join(', ')

/** The root for identity that the settings name. */
export const identityRoot = (authUrl: string): string => ROOTS.identity(authUrl.replace(/\/+$/, ''))
