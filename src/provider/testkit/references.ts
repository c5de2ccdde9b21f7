/** References of a spec, `{resource: …}`, wherever they stand. */
export function referencesIn(value: unknown, path = ''): readonly { readonly path: string; readonly resource: string }[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => referencesIn(item, `${path}[${index}]`))
  if (typeof value !== 'object' || value === null) return []
  const { resource } = value as { resource?: unknown }
  if (typeof resource === 'string') return [{ path, resource }]
  return Object.entries(value).flatMap(([key, field]) => referencesIn(field, path === '' ? key : `${path}.${key}`))
}
