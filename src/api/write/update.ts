import { API_FIELD_MANAGER, KEPT, REQUESTED } from '../../kinds/names.ts'
import type { Resource } from '../../kinds/resource.ts'
import { nextToken } from '../../resolve/requests.ts'
import type { Context } from '../context.ts'
import { type Json, specOf } from '../render/envelope.ts'
import type { Input } from '../input/input.ts'
import { ownTags, stored, type Strings } from '../../resolve/labels.ts'
import { conflictOf, keepOwners, ownersOf } from './owners.ts'
import { leavesOf, mergePatch } from './patch.ts'
import { pointerOf, inBody, Refusal } from '../problem.ts'
import { objectName, type Target } from '../path/target.ts'

/** Replaces what SECA clients may set, with a merge patch of the differences that only fits this version (architecture §6 "Writes"). */
export function update(context: Context, target: Target, before: Resource, input: Input, signal: AbortSignal): Promise<Resource> {
  const { labels, annotations, kept } = stored(input)
  const oldKept = before.metadata.annotations?.[KEPT]
  const changes = {
    spec: mergePatch(specOf(target.surface.kind, before), input.spec),
    extensions: extensionsPatch(before.extensions ?? {}, input.extensions),
    metadata: drop({
      labels: mergePatch(ownTags(before.metadata.labels), labels),
      annotations: mergePatch(
        { ...ownTags(before.metadata.annotations), ...(oldKept === undefined ? {} : { [KEPT]: oldKept }) },
        { ...annotations, ...(kept === undefined ? {} : { [KEPT]: kept }) },
      ),
    }),
  }
  return patch(context, target, before, drop(changes), signal)
}

/** Removing the last one removes the map. */
function extensionsPatch(before: Strings, after: Strings): Json | null | undefined {
  const patch = mergePatch(before, after)
  return patch !== undefined && Object.keys(after).length === 0 ? null : patch
}

/** Writes a merge patch as this API, with a new request token so that the controllers record it; refuses what GitOps owns. */
export async function patch(context: Context, target: Target, before: Resource, changes: Json, signal: AbortSignal): Promise<Resource> {
  const { kind } = target.surface
  const { namespace, resourceVersion, uid } = before.metadata
  await checkOwners(context, target, before, changes, signal)
  const { metadata = {}, ...rest } = changes as { metadata?: { annotations?: Json } }
  const annotations = { ...metadata.annotations, [REQUESTED]: nextToken(before.metadata.annotations?.[REQUESTED], context.now()) }
  const body = { ...rest, metadata: { ...metadata, annotations, uid, resourceVersion } }
  return context.client.patch<Resource>(
    kind.gvr,
    namespace,
    objectName(target),
    { type: 'merge', body, fieldManager: API_FIELD_MANAGER },
    signal,
  )
}

async function checkOwners(context: Context, target: Target, before: Resource, changes: Json, signal: AbortSignal): Promise<void> {
  const leaves = leavesOf(changes)
  if (leaves.length === 0) return
  const owners = ownersOf(before) ?? (await readOwners(context, target, signal))
  const conflict = conflictOf(owners, leaves, context.isProtectedManager)
  if (conflict === undefined) return
  const field = conflict.path.join('.')
  throw new Refusal(
    'OwnedElsewhere',
    `${field} is managed by "${conflict.manager}": change it at its source, or ${field} would be changed back`,
    {
      sources: [inBody(pointerOf(conflict.path[0] === 'metadata' ? conflict.path.slice(1).join('.') : field))],
    },
  )
}

/** For a cache that does not keep owners. */
async function readOwners({ client }: Context, target: Target, signal: AbortSignal): Promise<NonNullable<ReturnType<typeof ownersOf>>> {
  const object = await client.get<Resource>(target.surface.kind.gvr, target.namespace, objectName(target), signal)
  keepOwners(object)
  return ownersOf(object) ?? []
}

function drop<T extends object>(value: T): Json {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined && !isEmpty(field)))
}

const isEmpty = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.keys(value).length === 0
