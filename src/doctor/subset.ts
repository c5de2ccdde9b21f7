/** First place, as a path, where `actual` differs from what `wanted` says; what `actual` has besides (defaults) is fine. Undefined: nowhere. */
export function difference(wanted: unknown, actual: unknown, path = ''): string | undefined {
  if (typeof wanted !== 'object' || wanted === null) return wanted === actual ? undefined : path || '.'
  if (Array.isArray(wanted)) {
    if (!Array.isArray(actual) || actual.length !== wanted.length) return path || '.'
    return wanted.map((item, index) => difference(item, actual[index] as unknown, `${path}[${index}]`)).find((one) => one !== undefined)
  }
  if (typeof actual !== 'object' || actual === null) return path || '.'
  return Object.entries(wanted)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => difference(value, (actual as Readonly<Record<string, unknown>>)[key], `${path}.${key}`))
    .find((one) => one !== undefined)
}
