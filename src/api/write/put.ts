import { setTimeout as sleep } from 'node:timers/promises'
import type { Kind } from '../../kinds/kind.ts'
import type { Resource } from '../../kinds/resource.ts'
import { isConflict, isNotFound } from '../../kube/errors.ts'
import { checkHeaders, readingBody } from '../input/body.ts'
import type { Context } from '../context.ts'
import { Answer } from '../contract.ts'
import { envelope, specOf } from '../render/envelope.ts'
import { create } from './create.ts'
import { welcomeCreator } from './creator.ts'
import { guarded } from './guarded.ts'
import { type Input, invalid, parsingInput } from '../input/input.ts'
import { Refusal } from '../problem.ts'
import { ReferenceCheck } from '../input/references.ts'
import { builtIns, find, isHere, settled, type Target } from '../path/target.ts'
import { transitionIssues } from '../input/transitions.ts'
import { ended, ownerOf, turns } from '../turns.ts'
import { maySee } from './seen.ts'
import { update } from './update.ts'
import { confirm, inTurn, learn, type Put, type Writing } from './writing.ts'
import { notFound, parsePrecondition, readLive, required } from './version.ts'

/** Tries before a PUT gives up against other writers; each begins with what the last one lost to. */
const TRIES = 40
/** Bytes from which reading a body takes turns. */
const LARGE = 16_384

interface Result {
  readonly object: Resource
  readonly isNew: boolean
}

/** PUT (contract §6.2): creates, or replaces what SECA clients may set and leaves the rest alone. */
export async function put(writing: Writing, request: Request): Promise<Answer> {
  const { context, target } = writing
  const isUpdate = find(context.cache, target) !== undefined
  await writing.allow(isUpdate)
  if (builtIns(context.cache, target)?.has(target.name ?? ''))
    throw new Refusal('BuiltIn', `"${target.name}" is a system role: every tenant has it, and it cannot be changed`)
  const precondition = parsePrecondition(request.headers)
  checkHeaders(request.headers)
  const input = await read(writing, new Uint8Array(await request.arrayBuffer()))
  checkRegion(context, input)
  const references = new ReferenceCheck({ context, caller: writing.caller, kind: target.surface.kind, signal: writing.signal })
  const { object, isNew } = await inTurn(writing, async () => {
    const written = await write({ ...writing, references }, input, precondition, isUpdate)
    learn(writing, written.object)
    const welcomed = await welcomeCreator(writing, written.object)
    learn(writing, welcomed)
    return { ...written, object: welcomed }
  })
  await confirm(writing, object)
  const headers: Record<string, string> = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  if (isNew) headers['location'] = writing.location
  return new Answer(JSON.stringify(envelope(target, object, 'PUT', context.now)), { status: isNew ? 201 : 200, headers })
}

/** Usual bodies are read at once: they cost less than a pause, and keep their order. */
async function read({ target, caller }: Writing, bytes: Uint8Array): Promise<Input> {
  const work = reading(target.surface.kind, bytes)
  return bytes.length < LARGE ? ended(work) : turns.run(ownerOf(caller), work)
}

function* reading(kind: Kind, bytes: Uint8Array): Generator<void, Input> {
  const { json, text } = yield* readingBody(bytes)
  return yield* parsingInput(kind, json, text)
}

/** The body's `metadata.region` is ignored, except that it must be one that is served (contract §11.2). */
function checkRegion({ cache }: Context, { region }: Input): void {
  if (region !== undefined && cache.get('Region', region) === undefined)
    throw invalid([{ pointer: '/metadata/region', message: `region "${region.slice(0, 64)}" is not served here` }])
}

/** `wasUpdate`: which kind of write the caller was allowed; by its turn it may be the other one. */
async function write(request: Put, input: Input, precondition: string | undefined, wasUpdate: boolean): Promise<Result> {
  const { context, signal } = request
  let isUpdate = wasUpdate
  for (let tries = 1; ; tries++) {
    const writing = { ...request, target: settled(context.cache, request.target) }
    const { target } = writing
    const before = precondition === undefined ? find(context.cache, target) : await required(context, target, precondition, signal)
    if ((before !== undefined) !== isUpdate) await writing.allow((isUpdate = before !== undefined))
    try {
      if (before !== undefined) return { object: await replace(writing, input, before), isNew: false }
      return { object: await create(writing, input), isNew: true }
    } catch (error) {
      const isLost = isConflict(error) || (isNotFound(error) && before !== undefined)
      if (!isLost) throw error
      if (tries === TRIES) throw new Refusal('Conflict', 'others keep changing the resource; try again', { cause: error })
      // First the pause, then the look: what was read is written upon at once, before others come in between again.
      await sleep(Math.random() * 10 * Math.min(tries, 10), undefined, { signal })
      const live = await readLive(context, target, signal)
      // It is there, but not here: a workspace or an image of another region, which a name cannot be taken from.
      if (live !== undefined && !isHere(context.cache, target, live)) throw await elsewhere(writing, live)
      if (live === undefined) forget(context, target, before)
      if (precondition !== undefined && live === undefined) throw notFound(target)
    }
  }
}

/** A name is taken in another region of the tenant (architecture §1). Where it is used is told only to who may see it there. */
async function elsewhere(writing: Writing, object: Resource): Promise<Refusal> {
  const { surface, name, region } = writing.target
  const { kind } = surface
  const called = `${kind.secaKind} "${name}"`
  const why = (await maySee(writing, { kind, object }))
    ? `${called} exists in another region than ${region}; names are unique in a tenant`
    : `${called} cannot be made: the name is not free in this tenant; choose another one`
  return new Refusal('Conflict', why)
}

/** Memory still has what the cluster has not. */
function forget({ cache }: Context, { surface }: Target, before: Resource | undefined): void {
  if (before !== undefined) cache.store(surface.kind.kind).remove(before)
}

async function replace(writing: Put, input: Input, before: Resource): Promise<Resource> {
  const { context, target, signal } = writing
  const { kind } = target.surface
  if (before.metadata.deletionTimestamp !== undefined)
    throw new Refusal('BeingDeleted', `${kind.secaKind} "${target.name}" is being deleted; wait until it is gone, then create it anew`)
  const old = specOf(kind, before)
  const hidden = Object.entries(before.spec as object).filter(([field]) => Object.hasOwn(kind.kubeSpec.shape, field))
  const candidate = { ...before, spec: { ...input.spec, ...Object.fromEntries(hidden) } } as Resource
  const issues = [
    ...transitionIssues(kind, old, input.spec),
    ...(await guarded(writing, candidate, before)),
    ...(await writing.references.issues(candidate, before)),
  ]
  if (issues.length > 0) throw invalid(issues)
  return update(context, target, before, input, signal)
}
