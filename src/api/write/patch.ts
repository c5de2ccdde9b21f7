import { isDeepStrictEqual } from 'node:util'

type Json = Readonly<Record<string, unknown>>

/** JSON merge patch (RFC 7386) that turns `before` into `after`; undefined when they are equal. Lists are replaced as a whole. */
export function mergePatch(before: Json, after: Json): Json | undefined {
  const removed = Object.keys(before).filter((key) => own(before, key) !== undefined && own(after, key) === undefined)
  const entries: [string, unknown][] = removed.map((key) => [key, null])
  for (const [key, value] of Object.entries(after)) {
    const old = own(before, key)
    if (value === undefined) continue
    if (!isObject(old) || !isObject(value)) {
      if (!isDeepStrictEqual(old, value)) entries.push([key, value])
      continue
    }
    const change = mergePatch(old, value)
    if (change !== undefined) entries.push([key, change])
  }
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

/** Clients choose the keys, `__proto__` among them. */
const own = (object: Json, key: string): unknown => (Object.hasOwn(object, key) ? object[key] : undefined)
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Paths of the leaves that a merge patch sets or removes. */
export function leavesOf(patch: Json, path: readonly string[] = []): string[][] {
  return Object.entries(patch).flatMap(([key, value]) =>
    isObject(value) && Object.keys(value).length > 0 ? leavesOf(value, [...path, key]) : [[...path, key]],
  )
}
