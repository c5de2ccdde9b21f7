/** How a registry wants to be told who asks: the header `WWW-Authenticate` (RFC 9110, 11.6.1; distribution-spec leaves it to that). */
interface Challenge {
  /** In lower case: `basic`, `bearer`. */
  readonly scheme: string
  /** URL of who gives tokens. */
  readonly realm?: string
  readonly service?: string
}

export function challengeOf(header: string): Challenge | undefined {
  const [, scheme, rest = ''] = /^\s*([A-Za-z]+)\s*(.*)$/.exec(header) ?? []
  if (scheme === undefined) return undefined
  const parameters = [...rest.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/gi)].map(([, key = '', value = '']) => [key.toLowerCase(), value])
  const { realm, service } = Object.fromEntries(parameters) as Record<string, string | undefined>
  return { scheme: scheme.toLowerCase(), ...(realm !== undefined && { realm }), ...(service !== undefined && { service }) }
}
