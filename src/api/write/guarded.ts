import type { Resource } from '../../kinds/resource.ts'
import { keyOf } from '../../resolve/names.ts'
import { type GuardIssue, guardIssues } from '../input/checks.ts'
import { maySee } from './seen.ts'
import type { Writing } from './writing.ts'

/** What the guards say against a write. Of the parent (a network's blocks) they tell no more than the caller may see. */
export async function guarded(writing: Writing, candidate: Resource, before: Resource | undefined): Promise<GuardIssue[]> {
  const { context, target } = writing
  const issues = guardIssues(context.cache, target.surface.kind, candidate, before)
  const isOpen = issues.every(({ discreet }) => discreet === undefined) || (await maySeeParent(writing, candidate))
  return issues.map(({ pointer, message, discreet = message }) => ({ pointer, message: isOpen ? message : discreet }))
}

async function maySeeParent(writing: Writing, { metadata: { namespace } }: Resource): Promise<boolean> {
  const { surface, parent } = writing.target
  if (surface.parent === undefined || parent === undefined) return false
  const { kind } = surface.parent
  const object = writing.context.cache.get(kind.kind, keyOf(namespace, parent))
  return object !== undefined && (await maySee(writing, { kind, object }))
}
