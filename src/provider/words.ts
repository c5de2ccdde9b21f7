const WORDS = ['message', 'errorMessage', 'messages', 'errors', 'detail', 'title', 'error_description', 'error', 'fault', 'reason'] as const
const FIELDS = ['field', 'fieldName', 'propertyName'] as const
const LIMIT = 1_000
/** Of a list of errors. */
const SHOWN = 3

/** What a cloud says in an error body, wherever it keeps it: clouds wrap it in one object (`{error: {message}}`), list it, or say it by field. */
export function wordsOf(body: unknown, depth = 0): string | undefined {
  if (typeof body === 'string') return body.trim().slice(0, LIMIT).toWellFormed() || undefined
  if (typeof body !== 'object' || body === null || depth > 3) return undefined
  if (Array.isArray(body)) return joined(body.map((one) => wordsOf(one, depth + 1)))
  const fields = body as Readonly<Record<string, unknown>>
  for (const key of WORDS) {
    const words = (key === 'errors' ? byField(fields[key], depth + 1) : undefined) ?? wordsOf(fields[key], depth + 1)
    const about = FIELDS.map((field) => fields[field]).find((field) => typeof field === 'string' && field !== '')
    if (words !== undefined) return about === undefined ? words : `${String(about)}: ${words}`
  }
  const values = Object.values(fields)
  return values.length === 1 ? wordsOf(values[0], depth + 1) : undefined
}

/** `{sizeGb: ['must be at least 1']}` */
function byField(errors: unknown, depth: number): string | undefined {
  if (typeof errors !== 'object' || errors === null || Array.isArray(errors)) return undefined
  const lists = Object.entries(errors).filter(([, list]) => Array.isArray(list))
  return joined(lists.map(([field, list]) => `${field}: ${wordsOf(list, depth) ?? ''}`))
}

function joined(list: readonly (string | undefined)[]): string | undefined {
  const words = [...new Set(list.filter((one) => one !== undefined))].slice(0, SHOWN)
  return words.length === 0 ? undefined : words.join('; ').slice(0, LIMIT).toWellFormed()
}
