import { inParameter, Refusal } from '../problem.ts'

/** Which objects a list shows: those whose deletion was asked for, those where it was not, or both (contract §6.4). */
export type Visibility = 'live' | 'all' | 'deleted'

/** What Accept headers ask for. Throws 406 when JSON is not among it. */
export function parseAccept(header: string | null): Visibility {
  if (header === null || header === '' || header === '*/*' || header === 'application/json') return 'live'
  let best: { quality: number; visibility: Visibility } | undefined
  for (const range of header.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    if (!isJson(type.toLowerCase())) continue
    const quality = qualityOf(parameters)
    const visibility = visibilityOf(parameters)
    if (visibility !== undefined && quality > (best?.quality ?? 0)) best = { quality, visibility }
  }
  if (best !== undefined) return best.visibility
  throw new Refusal('NotAcceptable', 'only application/json is served here, with deleted=true or deleted=only on lists', {
    sources: [inParameter('Accept')],
  })
}

const isJson = (type: string): boolean => type === 'application/json' || type === '*/*' || type === 'application/*'

function qualityOf(parameters: readonly string[]): number {
  const text = valueOf(parameters, 'q')
  const quality = text === undefined ? 1 : Number(text)
  return Number.isNaN(quality) ? 0 : quality
}

/** `undefined`: a value that nobody knows. */
function visibilityOf(parameters: readonly string[]): Visibility | undefined {
  const deleted = valueOf(parameters, 'deleted')
  if (deleted === undefined || deleted === 'false') return 'live'
  return deleted === 'true' ? 'all' : deleted === 'only' ? 'deleted' : undefined
}

function valueOf(parameters: readonly string[], name: string): string | undefined {
  for (const parameter of parameters) {
    const at = parameter.indexOf('=')
    if (at > 0 && parameter.slice(0, at).trim().toLowerCase() === name)
      return parameter
        .slice(at + 1)
        .trim()
        .replaceAll('"', '')
        .toLowerCase()
  }
  return undefined
}
