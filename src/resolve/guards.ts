import type { Guard } from '../kinds/guards.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import { insideParent } from './blocks.ts'
import type { Lookup } from './lookup.ts'
import { permissions } from './permissions.ts'
import type { Finding, Rule } from './rule.ts'
import { names, scopes } from './scopes.ts'
import { zone } from './zones.ts'

/** A finding, and the guard that found it. */
export interface Violation extends Finding {
  readonly guard: Guard
}

const RULES: Readonly<Record<Guard['rule'], Rule>> = { zone, insideParent, scopes, names, permissions }

/** All that guards of its kind find wrong with an object (contract §9), in the order of the guards. */
export function* violationsOf(
  lookup: Lookup,
  kind: Kind,
  object: Resource,
  guards: readonly Guard[] = kind.guards ?? [],
): Generator<Violation> {
  for (const guard of guards) {
    const value = (object.spec as Record<string, unknown> | undefined)?.[guard.field]
    if (value === undefined) continue
    for (const finding of RULES[guard.rule](value, { lookup, kind, object, guard })) yield { ...finding, guard }
  }
}
