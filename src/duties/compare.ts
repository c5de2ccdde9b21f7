const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whether an object has all that is wanted, and maybe more: defaults, what others added. Lists are compared whole. */
export function holds(wanted: unknown, live: unknown): boolean {
  if (Array.isArray(wanted)) return Array.isArray(live) && wanted.length === live.length && wanted.every((one, at) => holds(one, live[at]))
  if (!isMap(wanted)) return wanted === live
  return isMap(live) && Object.entries(wanted).every(([key, value]) => holds(value, live[key]))
}

/** Of an object the part that is spoken of, as text: the same text, the same part. */
export const partOf = (wanted: unknown, live: unknown): string => JSON.stringify(pick(wanted, live)) ?? ''

function pick(wanted: unknown, live: unknown): unknown {
  if (!isMap(wanted) || !isMap(live)) return live
  return Object.fromEntries(
    Object.entries(wanted)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, value]) => [key, pick(value, live[key])]),
  )
}

/** Paths of fields that are in `given` and not in what a schema made of it: it does not know them. */
export function unknownFields(given: unknown, parsed: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (Array.isArray(given) && Array.isArray(parsed)) return given.flatMap((one, at) => unknownFields(one, parsed[at], [...path, at]))
  if (!isMap(given) || !isMap(parsed)) return []
  return Object.entries(given).flatMap(([key, value]) =>
    Object.hasOwn(parsed, key) ? unknownFields(value, parsed[key], [...path, key]) : [[...path, key]],
  )
}
