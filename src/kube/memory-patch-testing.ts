import { isDeepStrictEqual } from 'node:util'

/** How the apiserver in memory patches: merge patch (RFC 7386) and JSON patch (RFC 6902), as far as anybody here uses them. */
export type Json = Record<string, unknown>

export const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** RFC 7386. */
export function merged(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const result = new Map(isObject(target) ? Object.entries(target) : [])
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key)
    else if (value !== undefined) result.set(key, merged(result.get(key), value))
  }
  return Object.fromEntries(result)
}

export interface Operation {
  readonly op: 'test' | 'add' | 'replace' | 'remove'
  readonly path: string
  readonly value?: unknown
}

/** RFC 6902; undefined when an operation does not hold. As in the apiserver's library, a field that is not there equals null and may be replaced. */
export function operated(target: unknown, operations: readonly Operation[]): unknown {
  const root = structuredClone(target)
  for (const { op, path, value } of operations) {
    const steps = path
      .slice(1)
      .split('/')
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    const last = steps.pop() ?? ''
    const parent = steps.reduce<unknown>((at, step) => (at as Json | undefined)?.[step], root) as Json | unknown[] | undefined
    const found = (parent as Json | undefined)?.[last]
    if (op === 'test') {
      if (!isDeepStrictEqual(found ?? null, value ?? null)) return undefined
    } else if (parent === undefined || (op === 'remove' && found === undefined)) return undefined
    else if (!Array.isArray(parent)) {
      if (op === 'remove') delete parent[last]
      else parent[last] = value
    } else if (op === 'add') parent.splice(last === '-' ? parent.length : Number(last), 0, value)
    else parent.splice(Number(last), 1, ...(op === 'remove' ? [] : [value]))
  }
  return root
}
