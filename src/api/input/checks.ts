import type { Cache } from '../../cache/cache.ts'
import type { Resource } from '../../kinds/resource.ts'
import { isAssignable, isInside } from '../../resolve/cidr.ts'
import { keyOf } from '../../resolve/names.ts'
import type { Issue } from '../../schema/validate.ts'
import type { Json } from '../render/envelope.ts'
import { GLOBAL_APIS, REGIONAL_APIS } from '../path/surface.ts'
import type { Target } from '../path/target.ts'

/** What is known where a spec is checked against the world around it. */
interface Surroundings {
  readonly cache: Cache
  readonly target: Target
}

/** Rules of SECA.md §9 on single fields, by the field that they are about: any kind that has such a field gets them. */
const CHECKS: Readonly<Record<string, (value: unknown, surroundings: Surroundings) => Issue[]>> = {
  zone: checkZone,
  cidr: checkCidr,
  roles: checkRoles,
  scopes: checkScopes,
  permissions: checkPermissions,
}

/** Refusals that neither the schema nor a reference tells. Fields that the PUT does not change are not checked again. */
export function contextIssues(cache: Cache, target: Target, spec: Json, before: Json | undefined): Issue[] {
  if (target.surface.kind.freeSpec === true) return []
  return Object.entries(CHECKS).flatMap(([field, check]) => {
    const value = spec[field]
    const isSame = before !== undefined && JSON.stringify(before[field]) === JSON.stringify(value)
    return value === undefined || isSame ? [] : check(value, { cache, target })
  })
}

/** `""` is the region's first zone (SECA.md §11.20). */
function checkZone(zone: unknown, { cache, target }: Surroundings): Issue[] {
  const { availableZones = [] } = (cache.get('Region', target.region)?.spec ?? {}) as { availableZones?: readonly string[] }
  if (zone === '' || availableZones.includes(String(zone))) return []
  return [
    {
      pointer: '/spec/zone',
      message: `zone "${String(zone)}" does not exist in region ${target.region}, which has ${availableZones.join(', ')}`,
    },
  ]
}

interface Cidr {
  readonly ipv4?: string
  readonly ipv6?: string
}

/** Blocks of a nested kind lie inside its parent's and are smaller. Nothing is known of a parent whose blocks are not assigned yet. */
function checkCidr(cidr: unknown, { cache, target }: Surroundings): Issue[] {
  const { surface, parent, namespace } = target
  if (surface.parent === undefined || parent === undefined) return []
  const object = cache.get(surface.parent.kind.kind, keyOf(namespace, parent))
  if (object === undefined) return []
  return (['ipv4', 'ipv6'] as const).flatMap((family) => {
    const block = (cidr as Cidr)[family]
    const blocks = blocksOf(object, family)
    if (block === undefined || isAssignable(block) || blocks === undefined || blocks.some((outer) => isInside(block, outer))) return []
    const has = blocks.length === 0 ? `has no ${family} block` : `has ${blocks.join(', ')}`
    return [
      { pointer: `/spec/cidr/${family}`, message: `${block} is not inside ${surface.parent?.kind.secaKind} "${parent}", which ${has}` },
    ]
  })
}

/** Blocks of one family that a network has; undefined while one is still to be assigned. */
function blocksOf(object: Resource, family: keyof Cidr): string[] | undefined {
  const list = ({ cidr, additionalCidrs = [] }: { cidr?: Cidr; additionalCidrs?: readonly Cidr[] }) =>
    [cidr, ...additionalCidrs].flatMap((one) => one?.[family] ?? [])
  const assigned = list((object.status ?? {}) as object)
  const wanted = list(object.spec as object)
  if (wanted.length > assigned.length && wanted.some(isAssignable)) return undefined
  return [...new Set([...assigned, ...wanted.filter((block) => !isAssignable(block))])]
}

/** The contract wants one; an assignment whose last role was deleted has none, and comes back as it is (SECA.md §11.22). */
function checkRoles(roles: unknown): Issue[] {
  return (roles as readonly unknown[]).length > 0 ? [] : [{ pointer: '/spec/roles', message: 'must name at least one role' }]
}

/** Tenants and regions in scope exist; workspaces may come later. */
function checkScopes(scopes: unknown, { cache }: Surroundings): Issue[] {
  const list = scopes as readonly { tenants?: readonly string[]; regions?: readonly string[] }[]
  return list.flatMap(({ tenants = [], regions = [] }, index) => [
    ...tenants.flatMap((tenant, at) =>
      tenant === '*' || cache.namespaceOf({ tenant }) !== undefined
        ? []
        : [{ pointer: `/spec/scopes/${index}/tenants/${at}`, message: `tenant "${tenant}" does not exist` }],
    ),
    ...regions.flatMap((region, at) =>
      region === '*' || cache.get('Region', region) !== undefined
        ? []
        : [{ pointer: `/spec/scopes/${index}/regions/${at}`, message: `region "${region}" does not exist` }],
    ),
  ])
}

const VERBS = ['get', 'list', 'put', 'delete', 'post', '*']
/** APIs of the specification's extensions: a role may speak of them although they are not served here (yet). */
const EXTENSIONS = ['seca.activity-log', 'seca.kubernetes', 'seca.load-balancer', 'seca.nat-gateway', 'seca.object-storage']
const APIS = new Set([...GLOBAL_APIS.keys(), ...REGIONAL_APIS.keys(), ...EXTENSIONS, '*'])

/** Provider with or without version; verbs without case (SECA.md §11.3, §11.5). */
function checkPermissions(permissions: unknown): Issue[] {
  const list = permissions as readonly { provider: string; verb: readonly string[] }[]
  return list.flatMap(({ provider, verb }, index) => [
    ...(APIS.has(provider.split('/')[0] ?? '')
      ? []
      : [
          {
            pointer: `/spec/permissions/${index}/provider`,
            message: `there is no API "${provider}"; it is one of ${[...APIS].join(', ')}`,
          },
        ]),
    ...verb.flatMap((name, at) =>
      VERBS.includes(name.toLowerCase())
        ? []
        : [{ pointer: `/spec/permissions/${index}/verb/${at}`, message: `there is no verb "${name}"; it is one of ${VERBS.join(', ')}` }],
    ),
  ])
}
