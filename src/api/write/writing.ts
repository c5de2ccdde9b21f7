import type { Resource } from '../../kinds/resource.ts'
import { keyOf } from '../../resolve/names.ts'
import type { Context } from '../context.ts'
import type { Caller } from '../contract.ts'
import type { ReferenceCheck } from '../input/references.ts'
import { objectName, type Target } from '../path/target.ts'

/** A write as its handlers get it. */
export interface Writing {
  readonly context: Context
  readonly target: Target
  readonly caller: Caller
  readonly signal: AbortSignal
  /** Whether the caller may put, as a creation or as an update. Throws 403. */
  readonly allow: (isUpdate: boolean) => Promise<void>
  /** Path of the resource as the client sees it. */
  readonly location: string
}

/** Lives as long as the request, however often the write is tried. */
export interface Put extends Writing {
  readonly references: ReferenceCheck
}

/**
 * Does the work when no other write of this process is at the same resource: without a precondition the last write wins, so
 * none of several has to fail. By the resource's path, which does not change when its namespace comes.
 */
export function inTurn<T>(
  { context, target, signal }: { readonly context: Context; readonly target: Target; readonly signal: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  const { surface, tenant = '', workspace = '' } = target
  return context.writes.take([surface.kind.kind, tenant, workspace, objectName(target)].join('/'), signal, work)
}

/** The answer of a write goes into memory before the next write of the resource has its turn. */
export function learn({ context, target }: Pick<Writing, 'context' | 'target'>, object: Resource): void {
  context.cache.store(target.surface.kind.kind).set(object)
}

/** The other replicas have a write before the client hears of it. */
export async function confirm(
  { context, target }: Pick<Writing, 'context' | 'target'>,
  { metadata: { namespace, name, resourceVersion, uid } }: Resource,
  isDelete = false,
): Promise<void> {
  const { kind } = target.surface.kind
  await context.peers.confirm({ kind, key: keyOf(namespace, name), resourceVersion, uid, ...(isDelete ? { isDelete } : {}) })
}

/** Both, for a write that nothing comes after in its turn. */
export async function announce(writing: Pick<Writing, 'context' | 'target'>, object: Resource, isDelete = false): Promise<void> {
  if (!isDelete) learn(writing, object)
  await confirm(writing, object, isDelete)
}
