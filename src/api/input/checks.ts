import type { Kind } from '../../kinds/kind.ts'
import type { Resource } from '../../kinds/resource.ts'
import { violationsOf } from '../../resolve/guards.ts'
import type { Lookup } from '../../resolve/lookup.ts'
import type { Issue } from '../../schema/validate.ts'
import { pointerOf } from '../problem.ts'

/** An issue, and what is told of it to who may not `get` the parent. */
export interface GuardIssue extends Issue {
  readonly discreet?: string
}

/** As many as an answer can name (contract §6.7). */
const MAX_ISSUES = 32

/**
 * What the guards of the kind say against a write (contract §9, "SECA PUT"); at most 32 issues. What is only a matter of time may be
 * written, and what was wrong with the stored object already may stay, so that the rest of it can be changed.
 */
export function guardIssues(lookup: Lookup, kind: Kind, candidate: Resource, before: Resource | undefined): GuardIssue[] {
  const issues: GuardIssue[] = []
  let old: ReadonlySet<string> | undefined
  for (const { state, path, message, discreet, isPrivate } of violationsOf(lookup, kind, candidate)) {
    if (state === 'pending' || isPrivate === true) continue
    old ??= new Set(before === undefined ? [] : [...violationsOf(lookup, kind, before)].map((one) => one.message))
    if (old.has(message)) continue
    issues.push({ pointer: pointerOf(`spec.${path}`), message, ...(discreet === undefined ? {} : { discreet }) })
    if (issues.length === MAX_ISSUES) break
  }
  return issues
}
