import type { Cache } from '../../cache/cache.ts'
import { isName, NAME_LENGTH } from '../../kinds/naming.ts'
import type { Resource } from '../../kinds/resource.ts'
import type { Kind } from '../../kinds/kind.ts'
import { keyOf, parentName } from '../../resolve/names.ts'
import { regionOf } from '../../resolve/region.ts'
import type { Attempt } from '../contract.ts'
import { inParameter, Refusal } from '../problem.ts'
import { builtInsOf } from './built-ins.ts'
import type { Matched } from './routes.ts'
import { type Surface, surfaceNamed } from './surface.ts'

/** What a path names, in SECA's words and in the cluster's. */
export interface Target extends Pick<Attempt, 'region' | 'tenant' | 'workspace' | 'parent' | 'name' | 'namespace'> {
  readonly surface: Surface
  /** `<parent>.` or `<region>.`: what the object's name has before the SECA name. */
  readonly prefix: string
}

const MAX_PARENT = 64

/** Finds the place that a path names. Throws 400 (422 for the name in a PUT) for parameters that no resource can have; 404 for a region that is not served. */
export function locate(cache: Cache, { route: { surface, place }, region: named, values }: Matched, isPut = false): Target {
  const region = named ?? cache.defaultRegion
  if (named !== undefined && cache.get('Region', named) === undefined)
    throw new Refusal('NotFound', `region "${clip(named)}" is not served here; GET the regions to see which are`)
  let index = 0
  const next = (parameter: string, max: number): string => {
    const value = values[index++] ?? ''
    if (value.length > max) throw tooLong(parameter, max)
    return value
  }
  const tenant = surface.hasTenant ? next('tenant', MAX_PARENT) : undefined
  const workspace = surface.kind.scope === 'workspace' ? next('workspace', MAX_PARENT) : undefined
  const parent = surface.parent ? next(surface.parent.parameter, MAX_PARENT) : undefined
  const name = place === 'collection' ? undefined : itemName(surface, values[index] ?? '', isPut)
  const namespace = tenant === undefined || surface.kind.scope === 'cluster' ? undefined : namespaceOf(cache, tenant, workspace, region)
  return {
    surface,
    region,
    ...(tenant === undefined ? {} : { tenant }),
    ...(workspace === undefined ? {} : { workspace }),
    ...(parent === undefined ? {} : { parent }),
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    prefix: parent !== undefined ? `${parent}.` : surface.isPerRegion ? `${region}.` : '',
  }
}

const clip = (text: string) => text.slice(0, 64)
const tooLong = (parameter: string, max: number) =>
  new Refusal('InvalidRequest', `${parameter} has more than ${max} characters`, { sources: [inParameter(parameter)] })

/** SKU names compare without case (contract §11.19). A PUT's name is content, the others' only a parameter. */
function itemName(surface: Surface, value: string, isPut: boolean): string {
  const name = surface.isPerRegion ? value.toLowerCase() : value
  if (isName(name)) return name
  const message = `name must be at most ${NAME_LENGTH} lower-case letters, digits, "-" and ".", and begin and end with a letter or digit`
  throw new Refusal(isPut ? 'ValidationFailed' : 'InvalidRequest', message, { sources: [inParameter('name', '/metadata/name')] })
}

/** Namespace of a tenant or workspace; a workspace of another region is not here (architecture §1). */
function namespaceOf(cache: Cache, tenant: string, workspace: string | undefined, region: string): string | undefined {
  if (workspace === undefined) return cache.namespaceOf({ tenant })
  const namespace = cache.namespaceOf({ tenant, workspace })
  if (namespace === undefined) return undefined
  return regionOfWorkspace(cache, tenant, workspace) === region ? namespace : undefined
}

/** The target with its namespace, which may have come since its path was read. */
export function settled(cache: Cache, target: Target): Target {
  const { surface, tenant, workspace, region, namespace } = target
  if (namespace !== undefined || tenant === undefined || surface.kind.scope === 'cluster') return target
  const found = namespaceOf(cache, tenant, workspace, region)
  return found === undefined ? target : { ...target, namespace: found }
}

/** The Workspace itself, whatever its region. */
export function workspaceNamed(cache: Cache, tenant: string, workspace: string): Resource | undefined {
  const home = cache.namespaceOf({ tenant })
  return home === undefined ? undefined : cache.get('Workspace', keyOf(home, workspace))
}

/** Region of a workspace; the default one while only its namespace is there. */
export function regionOfWorkspace(cache: Cache, tenant: string, workspace: string): string {
  const object = workspaceNamed(cache, tenant, workspace)
  return (object?.spec as { region?: string } | undefined)?.region ?? cache.defaultRegion
}

/** Name of the custom resource. */
export function objectName(target: Target): string {
  return `${target.prefix}${target.name ?? ''}`
}

/** Key of the object in its store; undefined while it has no place. */
export function keyOfTarget(target: Target): string | undefined {
  if (target.surface.kind.scope === 'cluster') return objectName(target)
  return target.namespace === undefined ? undefined : keyOf(target.namespace, objectName(target))
}

/** Built-in objects of the collection, by name: the system roles of a tenant. Undefined where there are none. */
export function builtIns(cache: Cache, target: Target): ReadonlyMap<string, Resource> | undefined {
  const { kind } = target.surface
  if (kind.builtIns === undefined || target.namespace === undefined) return undefined
  const namespace = cache.directory.get(target.namespace)
  return namespace && builtInsOf(kind, namespace)
}

/** The object that a path names, if it is one of this place. */
export function find(cache: Cache, target: Target): Resource | undefined {
  const key = keyOfTarget(target)
  if (key === undefined) return undefined
  const object = cache.get(target.surface.kind.kind, key)
  if (object === undefined) return builtIns(cache, target)?.get(target.name ?? '')
  return isHere(cache, target, object) ? object : undefined
}

/** Whether an object of the kind belongs to the place: its region, its parent, and who may see it. */
export function isHere(cache: Cache, target: Target, object: Resource): boolean {
  const { surface, region, parent, tenant } = target
  const spec = object.spec as { region?: string; tenants?: readonly string[] } & Record<string, unknown>
  if (surface.isPerRegion) return spec.region === region && (spec.tenants === undefined || spec.tenants.includes(tenant ?? ''))
  if (surface.kind.parent !== undefined) return spec[surface.kind.parent.field] === parent
  return surface.kind.scope !== 'tenant' || !surface.isRegional || regionOf(cache, surface.kind, object) === region
}

/** The target that an object's own path names; undefined for what has no path in the API: kinds of the operator, namespaces of nobody. */
export function targetOf(cache: Cache, kind: Kind, object: Resource): Target | undefined {
  const surface = surfaceNamed(kind.kind)
  const { namespace } = object.metadata
  const scope = namespace === undefined ? undefined : cache.scopeOf(namespace)
  if (surface === undefined || (surface.hasTenant && scope === undefined)) return undefined
  const parent = parentName(kind, object)
  const prefix = parent === undefined ? '' : `${parent}.`
  return {
    surface,
    region: regionOf(cache, kind, object),
    ...scope,
    ...(parent === undefined ? {} : { parent }),
    name: object.metadata.name.slice(prefix.length),
    ...(namespace === undefined ? {} : { namespace }),
    prefix,
  }
}

/** What the authorizer is asked about a target. */
export function attemptOf(target: Target, verb: Attempt['verb'], more: { action?: string; isUpdate?: boolean } = {}): Attempt {
  const { surface, region, tenant, workspace, parent, name, namespace } = target
  return {
    verb,
    kind: surface.kind,
    region,
    ...(tenant === undefined ? {} : { tenant }),
    ...(workspace === undefined ? {} : { workspace }),
    ...(parent === undefined ? {} : { parent }),
    ...(name === undefined ? {} : { name, objectName: objectName(target) }),
    ...(namespace === undefined ? {} : { namespace }),
    ...more,
  }
}
