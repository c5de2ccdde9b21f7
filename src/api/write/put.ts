import { setTimeout as sleep } from 'node:timers/promises'
import { API_FIELD_MANAGER, KEPT } from '../../kinds/names.ts'
import type { Resource } from '../../kinds/resource.ts'
import { isConflict, isNotFound } from '../../kube/errors.ts'
import { keyOf } from '../../resolve/names.ts'
import { readBody } from '../input/body.ts'
import { contextIssues } from '../input/checks.ts'
import type { Context } from '../context.ts'
import { Answer, type Caller } from '../contract.ts'
import { envelope, specOf } from '../render/envelope.ts'
import { welcomeCreator } from './creator.ts'
import { type Input, invalid, parseInput } from '../input/input.ts'
import { stored } from '../render/labels.ts'
import { refOf } from '../render/metadata.ts'
import { checkPlace } from './place.ts'
import { inParameter, Refusal } from '../problem.ts'
import { referenceIssues } from '../input/references.ts'
import { builtIns, find, isHere, objectName, type Target } from '../path/target.ts'
import { transitionIssues } from '../input/transitions.ts'
import { update } from './update.ts'
import { notFound, parsePrecondition, readLive, required } from './version.ts'

/** Tries before a PUT gives up against other writers; each begins with what the last one lost to. */
const TRIES = 12
const MAX_REF = 255

export interface Writing {
  readonly context: Context
  readonly target: Target
  readonly caller: Caller
  readonly signal: AbortSignal
  /** Decides anew when a PUT turns out to be the other kind of write than it was allowed as. Throws 403. */
  readonly allow: (isUpdate: boolean) => Promise<void>
  /** Path of the resource as the client sees it. */
  readonly location: string
}

interface Result {
  readonly object: Resource
  readonly isNew: boolean
}

/** PUT (SECA.md §6.2): creates, or replaces what SECA clients may set and leaves the rest alone. */
export async function put(writing: Writing, request: Request): Promise<Answer> {
  const { context, target, caller, signal } = writing
  if (builtIns(context.cache, target)?.has(target.name ?? ''))
    throw new Refusal('BuiltIn', `"${target.name}" is a system role: every tenant has it, and it cannot be changed`)
  const precondition = parsePrecondition(request.headers)
  const input = parseInput(target.surface.kind, await readBody(request))
  checkRegion(context, input)
  const { object, isNew } = await write(writing, input, precondition)
  await announce(writing, object)
  if (isNew) await welcomeCreator(context, target, caller, signal)
  const headers: Record<string, string> = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  if (isNew) headers['location'] = writing.location
  return new Answer(JSON.stringify(envelope(target, object, 'PUT', context.now)), { status: isNew ? 201 : 200, headers })
}

/** The answer of a write goes into memory here, and to the other replicas, before the client hears of it. */
export async function announce(
  { context, target }: Pick<Writing, 'context' | 'target'>,
  object: Resource,
  isDelete = false,
): Promise<void> {
  const { kind } = target.surface
  if (!isDelete) context.cache.store(kind.kind).set(object)
  const { namespace, name, resourceVersion } = object.metadata
  await context.peers.confirm({ kind: kind.kind, key: keyOf(namespace, name), resourceVersion, ...(isDelete ? { isDelete } : {}) })
}

/** The body's `metadata.region` is ignored, except that it must be one that is served (SECA.md §11.2). */
function checkRegion({ cache }: Context, { region }: Input): void {
  if (region !== undefined && cache.get('Region', region) === undefined)
    throw invalid([{ pointer: '/metadata/region', message: `region "${region.slice(0, 64)}" is not served here` }])
}

async function write(writing: Writing, input: Input, precondition: string | undefined): Promise<Result> {
  const { context, target, signal } = writing
  let isUpdate = find(context.cache, target) !== undefined
  for (let tries = 1; ; tries++) {
    const before = precondition === undefined ? find(context.cache, target) : await required(context, target, precondition, signal)
    if ((before !== undefined) !== isUpdate) await writing.allow((isUpdate = before !== undefined))
    try {
      if (before !== undefined) return { object: await replace(writing, input, before), isNew: false }
      return { object: await create(writing, input), isNew: true }
    } catch (error) {
      const isLost = isConflict(error) || (isNotFound(error) && before !== undefined)
      if (!isLost) throw error
      if (tries === TRIES) throw new Refusal('Conflict', 'others keep changing the resource; try again', { cause: error })
      const live = await readLive(context, target, signal)
      // It is there, but not here: a workspace or an image of another region, which a name cannot be taken from.
      if (live !== undefined && !isHere(context.cache, target, live)) throw elsewhere(target)
      if (live === undefined) forget(context, target, before)
      if (precondition !== undefined && live === undefined) throw notFound(target)
      await sleep(Math.random() * 10 * tries, undefined, { signal })
    }
  }
}

/** A name is taken in another region of the tenant (DESIGN §1). */
function elsewhere({ surface, name, region }: Target): Refusal {
  return new Refusal('Conflict', `${surface.kind.secaKind} "${name}" exists in another region than ${region}; names are unique in a tenant`)
}

/** Memory still has what the cluster has not. */
function forget({ cache }: Context, { surface }: Target, before: Resource | undefined): void {
  if (before !== undefined) cache.store(surface.kind.kind).remove(before)
}

async function create(writing: Writing, input: Input): Promise<Resource> {
  const { context, target, caller, signal } = writing
  const { kind } = target.surface
  const namespace = await checkPlace(context, target, signal)
  const candidate = candidateOf(target, namespace, input)
  const issues = [
    ...contextIssues(context.cache, target, input.spec, undefined),
    ...(await referenceIssues(context, { caller, kind, candidate, before: undefined, signal })),
  ]
  if (issues.length > 0) throw invalid(issues)
  return context.client.create<Resource>(kind.gvr, namespace, candidate, signal, { fieldManager: API_FIELD_MANAGER })
}

/** Names and parents together may pass what `metadata.ref` can hold (SECA.md §3). */
function checkLength(target: Target): void {
  if (refOf(target).length <= MAX_REF) return
  throw new Refusal('ValidationFailed', `with its parents, the name is too long: metadata.ref would have more than ${MAX_REF} characters`, {
    sources: [inParameter('name', '/metadata/name')],
  })
}

/** The object as it would be created. */
function candidateOf(target: Target, namespace: string | undefined, input: Input): Resource {
  const { kind } = target.surface
  checkLength(target)
  const { labels, annotations, kept } = stored(input)
  const notes = kept === undefined ? annotations : { ...annotations, [KEPT]: kept }
  const metadata = {
    name: objectName(target),
    ...(namespace === undefined ? {} : { namespace }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(notes).length === 0 ? {} : { annotations: notes }),
  }
  return {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata,
    spec: { ...input.spec, ...placement(target) },
    ...(Object.keys(input.extensions).length === 0 ? {} : { extensions: input.extensions }),
  } as Resource
}

/** What the path says of the object, where the object itself must say it: region and parent. */
function placement({ surface, region, parent }: Target): Readonly<Record<string, string>> {
  const { kind } = surface
  return {
    ...('region' in kind.kubeSpec.shape ? { region } : {}),
    ...(kind.parent === undefined || parent === undefined ? {} : { [kind.parent.field]: parent }),
  }
}

async function replace(writing: Writing, input: Input, before: Resource): Promise<Resource> {
  const { context, target, caller, signal } = writing
  const { kind } = target.surface
  if (before.metadata.deletionTimestamp !== undefined)
    throw new Refusal('BeingDeleted', `${kind.secaKind} "${target.name}" is being deleted; wait until it is gone, then create it anew`)
  const old = specOf(kind, before)
  const hidden = Object.entries(before.spec as object).filter(([field]) => Object.hasOwn(kind.kubeSpec.shape, field))
  const candidate = { ...before, spec: { ...input.spec, ...Object.fromEntries(hidden) } } as Resource
  const issues = [
    ...transitionIssues(kind, old, input.spec),
    ...contextIssues(context.cache, target, input.spec, old),
    ...(await referenceIssues(context, { caller, kind, candidate, before, signal })),
  ]
  if (issues.length > 0) throw invalid(issues)
  return update(context, target, before, input, signal)
}
