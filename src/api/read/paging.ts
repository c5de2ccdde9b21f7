import { NAME } from '../../kinds/naming.ts'
import { inParameter, Refusal } from '../problem.ts'

const DEFAULT_LIMIT = 1_000
const MAX_LIMIT = 10_000

/** The only value of a query parameter. Throws 400 when it is given twice. */
export function single(query: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = query.getAll(name)
  if (more.length > 0) throw new Refusal('InvalidRequest', `${name} is given more than once`, { sources: [inParameter(name)] })
  return value
}

/** Page size: 1 to 10 000, 1 000 when not given. */
export function parseLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= MAX_LIMIT) return limit
  throw new Refusal('InvalidRequest', `limit must be a whole number from 1 to ${MAX_LIMIT}`, { sources: [inParameter('limit')] })
}

/** The cursor is the last name of the page: nothing is skipped or told twice while others write (contract §11.12). */
export function skipToken(lastName: string): string {
  return Buffer.from(`1${lastName}`).toString('base64url')
}

/** The name that the page begins after. Throws 400 for anything that {@link skipToken} does not make. */
export function parseSkipToken(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const decoded = text.length <= 256 ? Buffer.from(text, 'base64url').toString() : ''
  const name = decoded.slice(1)
  if (decoded.startsWith('1') && NAME.test(name) && skipToken(name) === text) return name
  throw new Refusal('InvalidRequest', 'skipToken must be metadata.skipToken of the page before, unchanged', {
    sources: [inParameter('skipToken')],
  })
}
