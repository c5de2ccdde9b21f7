import { isDeepStrictEqual } from 'node:util'
import type { Kind } from '../../kinds/kind.ts'
import type { Reference } from '../../kinds/ref.ts'
import type { Resource } from '../../kinds/resource.ts'
import { isNotFound } from '../../kube/errors.ts'
import { type FoundReference, referencesOf, regionOf, type Resolution, resolveReference } from '../../resolve/references.ts'
import { parseUrn } from '../../resolve/urn.ts'
import type { Issue } from '../../schema/validate.ts'
import type { Context } from '../context.ts'
import type { Attempt, Caller } from '../contract.ts'
import { inBody, pointerOf, Refusal } from '../problem.ts'
import { surfaceNamed } from '../path/surface.ts'
import { regionOfWorkspace } from '../path/target.ts'

/** A resolution that leads somewhere, whether something is there or not. */
type Located = Extract<Resolution, { state: 'found' | 'missing' }>

/**
 * Checks the references of a PUT that are new (SECA.md §9): they must be well formed and in reach, what must exist does, and the
 * caller may `get` what they name. Answers what is wrong; throws 403 for what the caller may not see.
 */
export async function referenceIssues(
  context: Context,
  {
    caller,
    kind,
    candidate,
    before,
    signal,
  }: { caller: Caller; kind: Kind; candidate: Resource; before: Resource | undefined; signal: AbortSignal },
): Promise<Issue[]> {
  const old = before === undefined ? [] : referencesOf(kind, before)
  const fresh = referencesOf(kind, candidate).filter(({ reference }) => !old.some((other) => isDeepStrictEqual(other.reference, reference)))
  const issues: Issue[] = []
  /** Thousand routes may name one gateway: asked once. */
  const allowed = new Set<string>()
  for (const found of fresh) {
    const pointer = pointerOf(`spec.${found.path}`)
    const resolution = resolveReference(context.cache, kind, candidate, found)
    if (resolution.state === 'literal') continue
    if (resolution.state === 'invalid') {
      issues.push({ pointer, message: resolution.message })
      continue
    }
    await checkAccess(context, caller, resolution, tenantOf(context, candidate, found.reference), pointer, allowed, signal)
    const message = await missing(context, kind, candidate, found, resolution, signal)
    if (message !== undefined) issues.push({ pointer, message })
  }
  return issues
}

/** Tenant that a reference names, else the one that it is in. */
function tenantOf({ cache }: Context, candidate: Resource, reference: Reference): string | undefined {
  const urn = parseUrn(reference)
  return (typeof urn === 'string' ? undefined : urn.tenant) ?? cache.scopeOf(candidate.metadata.namespace ?? '')?.tenant
}

/** Before existence is told: whoever may not see the target does not learn whether it is there. */
async function checkAccess(
  context: Context,
  caller: Caller,
  resolution: Located,
  tenant: string | undefined,
  pointer: string,
  allowed: Set<string>,
  signal: AbortSignal,
): Promise<void> {
  const attempt = attemptOn(context, resolution, tenant)
  if (attempt === undefined) return
  const id = `${resolution.kind.kind}|${attempt.namespace ?? ''}|${attempt.objectName ?? ''}`
  if (allowed.has(id)) return
  const decision = await context.authorizer.authorize(caller, attempt, signal)
  if (!decision.isAllowed)
    throw new Refusal(
      'Forbidden',
      `${pointer.slice(1).replaceAll('/', '.')}: you may not get the ${resolution.kind.secaKind} that it names (${decision.why})`,
      {
        sources: [inBody(pointer)],
      },
    )
  allowed.add(id)
}

/** A `get` of the target as the authorizer knows it; undefined when it has no place yet. */
function attemptOn({ cache }: Context, resolution: Located, tenant: string | undefined): Attempt | undefined {
  const { kind } = resolution
  const key = resolution.state === 'found' ? resolution.key : resolution.keys[0]
  const surface = surfaceNamed(kind.kind)
  if (key === undefined || surface === undefined) return undefined
  const slash = key.indexOf('/')
  const namespace = slash < 0 ? undefined : key.slice(0, slash)
  const objectName = key.slice(slash + 1)
  const scope = namespace === undefined ? undefined : cache.scopeOf(namespace)
  const hasPrefix = surface.isPerRegion || surface.parent !== undefined
  const dot = hasPrefix ? objectName.indexOf('.') : -1
  const prefix = objectName.slice(0, Math.max(dot, 0))
  const region = surface.isPerRegion
    ? prefix
    : resolution.state === 'found'
      ? regionOf(cache, kind, resolution.object)
      : scope?.workspace !== undefined
        ? regionOfWorkspace(cache, scope.tenant, scope.workspace)
        : cache.defaultRegion
  return {
    verb: 'get',
    kind,
    region,
    // SKUs are in no namespace: they are read as the tenant that the reference names, or as the own one.
    ...(scope ?? (tenant === undefined ? {} : { tenant })),
    ...(surface.parent !== undefined && prefix !== '*' ? { parent: prefix } : {}),
    name: objectName.slice(dot + 1),
    ...(namespace === undefined ? {} : { namespace }),
    ...(prefix === '*' ? {} : { objectName }),
  }
}

/** Why a target that is not there is refused; undefined when it may come later. */
async function missing(
  context: Context,
  kind: Kind,
  candidate: Resource,
  found: FoundReference,
  resolution: Located,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (resolution.state === 'found') return undefined
  // Without a key its tenant or workspace does not exist: those never come later.
  if (resolution.keys.length === 0) return resolution.message
  if (!found.rule.mustExist.includes(resolution.kind.kind)) return undefined
  // It may be too new for this replica's memory; only a refusal is worth a look.
  await refresh(context, resolution, signal)
  const again = resolveReference(context.cache, kind, candidate, found)
  return again.state === 'missing' || again.state === 'invalid' ? again.message : undefined
}

async function refresh({ cache, client }: Context, { kind, ...resolution }: Located, signal: AbortSignal): Promise<void> {
  const key = resolution.state === 'missing' ? resolution.keys[0] : undefined
  if (key === undefined || key.includes('*')) return
  const slash = key.indexOf('/')
  try {
    const object = await client.get<Resource>(kind.gvr, slash < 0 ? undefined : key.slice(0, slash), key.slice(slash + 1), signal)
    cache.store(kind.kind).set(object)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
