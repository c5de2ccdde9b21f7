import * as z from 'zod'
import { asError, SecaError } from '../errors.ts'
import { CommonStatus, HANDLE_LENGTH } from '../kinds/common.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Accepted, Observed, ResourceAdapter } from '../provider/contract.ts'
import { safeText } from './text.ts'

/** An answer as it can be kept, and what was wrong with it: one sentence each, with the field's path in front. */
export interface Checked<T> {
  readonly value: T
  readonly issues: readonly string[]
}

type Fields = Readonly<Record<string, unknown>>

const MAX_TEXT = 2_048
const MAX_PATH = 256
const MAX_ITEMS = 1_000
const MAX_AGAIN_MS = 86_400_000
/** Text of one problem, which may quote the answer. */
const MAX_ISSUE = 256
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
/** Texts for people, and what stands in where a cloud says that something is so and not why. */
const TEXTS: Fields = { busy: 'in progress', failed: 'failed', heldBy: 'something in the cloud', part: 'part of another object' }

/**
 * What an adapter's `observe` answered, as status can hold it: texts are made safe, and what JSON or the kind's status schema cannot hold
 * is left out and named. So status can always be written, and says what was wrong. Throws `Internal` for what cannot be worked with at all.
 */
export function checkObserved(kind: Kind, answer: unknown): Checked<Observed> {
  const seen = fieldsOf(answer, 'observe')
  const issues: string[] = []
  const { status, drift, items, going, againMs, handle, externalId, twins, ...rest } = seen
  const texts = Object.entries(TEXTS).flatMap(([field, word]) =>
    isNothing(rest[field]) ? [] : [[field, textOf(rest[field], field, String(word), issues)]],
  )
  const value = {
    externalId: checkId(externalId, isNothing(rest['part']) ? undefined : ''),
    status: checkStatus(kind, isNothing(status) ? {} : status, issues),
    drift: checkDrift(drift),
    ...Object.fromEntries(texts),
    ...(isNothing(items) ? {} : { items: checkItems(items, issues) }),
    ...(isNothing(going) ? {} : { going: going !== false }),
    ...(isNothing(againMs) ? {} : checkAgain(againMs, issues)),
    ...(handle === undefined ? {} : checkHandle(handle, issues)),
    ...(isNothing(twins) ? {} : { twins: checkTwins(twins) }),
  }
  return { value: value as Observed, issues }
}

/** What a call that changes something returned, where it answers: an id (none of a part), and a handle that fits. */
export function checkAccepted(verb: string, answer: unknown): Checked<Accepted> {
  const { externalId, handle } = fieldsOf(answer, verb)
  const issues: string[] = []
  const id = isNothing(externalId) ? {} : { externalId: checkId(externalId) }
  return { value: { ...id, ...(handle === undefined ? {} : checkHandle(handle, issues)) } as Accepted, issues }
}

const accepted = (verb: string, answer: unknown): Accepted => (isNothing(answer) ? {} : checkAccepted(verb, answer).value)

/** The adapter with all its answers checked; what was wrong is told as an item of the object, and so in its Ready condition. */
export function checkedAdapter(kind: Kind, adapter: ResourceAdapter): ResourceAdapter {
  return {
    async observe(desired, context) {
      const answer = await adapter.observe(desired, context)
      if (isNothing(answer)) return undefined
      const { value, issues } = checkObserved(kind, answer)
      if (issues.length === 0) return value
      const message = safeText(`the provider's answer was not taken in full: ${issues.join('; ')}`, MAX_TEXT)
      return { ...value, items: { ...value.items, answer: { state: 'error', message } } }
    },
    create: async (desired, context) => checkAccepted('create', await adapter.create(desired, context)).value,
    ...(adapter.update && {
      update: async (desired, seen, context) => accepted('update', await adapter.update?.(desired, seen, context)),
    }),
    delete: async (desired, seen, context) => accepted('delete', await adapter.delete(desired, seen, context)),
  }
}

function fieldsOf(answer: unknown, verb: string): Fields {
  if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) return answer as Fields
  throw unusable(`${verb} answered ${nameOf(answer)}, not an object`)
}

function checkId(id: unknown, otherwise?: string): string {
  if (isNothing(id) && otherwise !== undefined) return otherwise
  if (typeof id !== 'string') throw unusable(`externalId is ${nameOf(id)}, not a text`)
  // An id that is not kept to the letter finds nothing.
  if (!CommonStatus.shape.externalId.safeParse(id).success) throw unusable(`externalId has ${id.length} characters, more than 512`)
  if (!id.isWellFormed()) throw unusable('externalId has half of a surrogate pair, which is no character')
  return id
}

function checkTwins(twins: unknown): readonly string[] {
  if (!Array.isArray(twins)) throw unusable(`twins is ${nameOf(twins)}, not a list of ids`)
  return twins.map((id) => checkId(id))
}

function checkDrift(drift: unknown): readonly string[] {
  if (!Array.isArray(drift)) throw unusable(`drift is ${nameOf(drift)}, not a list of paths`)
  return drift.slice(0, MAX_ITEMS).map((path) => safeText(String(path), MAX_PATH))
}

function checkStatus(kind: Kind, status: unknown, issues: string[]): Fields {
  const kept: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(fieldsOf(status, 'status'))) {
    const schema = (kind.status?.shape as Record<string, z.ZodType> | undefined)?.[field]
    if (schema === undefined) complain(issues, `status.${field}`, `${kind.kind} has no such field`)
    else if (isNothing(value)) kept[field] = undefined
    else keep(kept, field, schema, value, issues)
  }
  return kept
}

function keep(kept: Record<string, unknown>, field: string, schema: z.ZodType, value: unknown, issues: string[]): void {
  const parsed = schema.safeParse(value)
  if (!parsed.success)
    for (const issue of parsed.error.issues.slice(0, 3)) complain(issues, ['status', field, ...issue.path].join('.'), wordsOf(issue, value))
  else if (formatOf(schema) === 'date-time' && !isDateTime(parsed.data))
    complain(issues, `status.${field}`, `${nameOf(value)} is no time as in 2026-01-31T12:00:00Z`)
  // Through text: what is compared with the stored status later is what the store gives back.
  else kept[field] = JSON.parse(JSON.stringify(parsed.data, wellFormed)) as unknown
}

/** Zod's words tell the type that came, not what it was. */
function wordsOf({ path, message }: z.core.$ZodIssue, value: unknown): string {
  let at = value
  for (const step of path) at = (at as Record<PropertyKey, unknown> | undefined)?.[step]
  return `${nameOf(at)} is refused: ${message}`
}

function formatOf(schema: z.ZodType): unknown {
  return schema instanceof z.ZodOptional ? formatOf(schema.unwrap() as z.ZodType) : schema.meta()?.['format']
}

const isDateTime = (value: unknown): boolean => typeof value === 'string' && DATE_TIME.test(value) && !Number.isNaN(Date.parse(value))

function checkItems(items: unknown, issues: string[]): Fields {
  const entries = Object.entries(fieldsOf(items, 'items')).slice(0, MAX_ITEMS)
  return Object.fromEntries(
    entries.map(([path, item]) => {
      const { state, message } = fieldsOf(item, `items.${path}`)
      if (state !== 'pending' && state !== 'error') complain(issues, `items.${path}.state`, `${nameOf(state)} is neither pending nor error`)
      return [
        safeText(path, MAX_PATH),
        { state: state === 'pending' ? state : 'error', message: textOf(message, `items.${path}`, '', issues) },
      ]
    }),
  )
}

function checkAgain(againMs: unknown, issues: string[]): Fields {
  if (typeof againMs === 'number' && againMs >= 0) return { againMs: Math.min(againMs + 0, MAX_AGAIN_MS) }
  complain(issues, 'againMs', `${nameOf(againMs)} is no number of milliseconds`)
  return {}
}

function checkHandle(handle: unknown, issues: string[]): Fields {
  let text: string | undefined
  try {
    text = JSON.stringify(handle, wellFormed)
  } catch (error) {
    complain(issues, 'handle', asError(error).message)
    return {}
  }
  if (text === undefined) complain(issues, 'handle', `${nameOf(handle)} is not JSON`)
  else if (Buffer.byteLength(text) > HANDLE_LENGTH) complain(issues, 'handle', `more than ${HANDLE_LENGTH} bytes of JSON`)
  else return { handle: JSON.parse(text) as unknown }
  return {}
}

function textOf(value: unknown, field: string, otherwise: string, issues: string[]): string {
  if (typeof value === 'string') return safeText(value, MAX_TEXT)
  if (value !== true) complain(issues, field, `${nameOf(value)} is no text`)
  return otherwise
}

const isNothing = (value: unknown): value is undefined | null => value === undefined || value === null
const wellFormed = (_: string, value: unknown): unknown => (typeof value === 'string' ? value.toWellFormed() : value)

function nameOf(value: unknown): string {
  if (value === undefined || value === null || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return JSON.stringify(safeText(value, 40))
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`
}

function complain(issues: string[], path: string, what: string): void {
  issues.push(safeText(`${path}: ${what}`, MAX_ISSUE))
}

const unusable = (what: string) =>
  new SecaError('Internal', `the provider's answer cannot be worked with: ${what}; report it to the provider's authors`)
