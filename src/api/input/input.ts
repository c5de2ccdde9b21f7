import type { Kind } from '../../kinds/kind.ts'
import { EACH } from '../../kinds/ref.ts'
import { type Issue, validateSpec } from '../../schema/validate.ts'
import type { Json } from '../render/envelope.ts'
import type { Strings } from '../../resolve/labels.ts'
import { valuesAt } from '../../resolve/references.ts'
import { inBody, pointerOf, Refusal } from '../problem.ts'
import { ended } from '../turns.ts'
import { brokenTextIssues } from './broken-text.ts'
import { freeSpecIssues } from './free-spec.ts'
import { annotationIssues, checkStored, freeSizeIssues } from './size.ts'

/** What a PUT wants, checked against the schema. */
export interface Input {
  readonly labels: Strings
  readonly annotations: Strings
  readonly extensions: Strings
  /** The contract's fields, defaults filled in. */
  readonly spec: Json
  /** `metadata.region`, when it says one. */
  readonly region: string | undefined
}

/** Limits of contract §3; those of extensions are the CRD's. */
const LIMITS = {
  labels: { length: 63, entries: 1_000 },
  annotations: { length: 1_024, entries: 1_000 },
  extensions: { length: 8_192, entries: 128 },
} as const

/**
 * Checks a body: unknown fields, metadata and status are ignored; `null` counts as absent. A free spec comes back as it was sent, or
 * not at all; `text` is what the body was read from. Throws 422 with every issue found. Pauses between steps that a large body makes long.
 */
export function* parsingInput(kind: Kind, body: Json, text = JSON.stringify(body)): Generator<void, Input> {
  // Alone: looking at more than that for what else is wrong with it would take long.
  const tooMany = kind.freeSpec === true ? freeSizeIssues(body['spec']) : []
  if (tooMany.length > 0) throw invalid(tooMany)
  const issues: Issue[] = [...brokenTextIssues(body, text), ...(kind.freeSpec === true ? freeSpecIssues(kind, body['spec'], text) : [])]
  yield
  const strings = (field: keyof typeof LIMITS) => parseStrings(field, body[field], issues)
  const [labels, annotations, extensions] = [strings('labels'), strings('annotations'), strings('extensions')]
  yield
  const sent = prepared(kind, body['spec'])
  issues.push(...mapIssues(kind, sent))
  yield
  const spec = validateSpec(kind, sent)
  yield
  if (!spec.ok || issues.length > 0) throw invalid(spec.ok ? issues : [...issues, ...spec.issues])
  issues.push(...annotationIssues({ labels, annotations }))
  if (issues.length > 0) throw invalid(issues)
  yield
  checkStored({ spec: spec.spec, labels, annotations, extensions })
  const region = (body['metadata'] as { region?: unknown } | null | undefined)?.region
  // The schema's copy leaves out what it takes for an attack: `__proto__`.
  const whole = kind.freeSpec === true ? { ...(sent as Json | undefined), ...spec.spec } : spec.spec
  return { labels, annotations, extensions, spec: whole, region: typeof region === 'string' && region !== '' ? region : undefined }
}

/** {@link parsingInput} without pauses. */
export const parseInput = (kind: Kind, body: Json, text?: string): Input => ended(parsingInput(kind, body, text))

/** Issues that one answer tells (contract §6.7). */
const MAX_TOLD = 32

/** 422 that tells the first issue of each place: what else is wrong with it often follows, and could tell what nobody should hear. */
export function invalid(all: readonly Issue[]): Refusal {
  const places = new Set<string>()
  const issues = all.filter(({ pointer }) => !places.has(pointer) && places.add(pointer))
  const told = issues.slice(0, MAX_TOLD)
  const lines = told.map(({ pointer, message }) => `${pointer.slice(1).replaceAll('/', '.') || 'body'}: ${message}`)
  const more = issues.length > told.length ? [`and ${issues.length - told.length} more`] : []
  return new Refusal('ValidationFailed', [...lines, ...more].join('; '), { sources: told.map(({ pointer }) => inBody(pointer)) })
}

/** The schema's copy of a map leaves out what it takes for an attack; left out silently, it would be lost. */
function mapIssues({ maps }: Kind, spec: unknown): Issue[] {
  return maps
    .flatMap((path) => valuesAt(spec, path))
    .filter(({ value }) => typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__'))
    .map(({ path }) => ({ pointer: pointerOf(`spec.${path}.__proto__`), message: 'cannot be a key here; call it otherwise' }))
}

function parseStrings(field: keyof typeof LIMITS, value: unknown, issues: Issue[]): Strings {
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) {
    issues.push({ pointer: `/${field}`, message: 'must be an object of strings' })
    return {}
  }
  const { length, entries } = LIMITS[field]
  const pairs = Object.entries(value)
  if (pairs.length > entries) issues.push({ pointer: `/${field}`, message: `has more than ${entries} entries` })
  for (const [key, text] of pairs) {
    const pointer = `/${field}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (typeof text !== 'string') issues.push({ pointer, message: 'must be a string' })
    else if (text.length > length) issues.push({ pointer, message: `must have at most ${length} characters` })
    else if (key === '') issues.push({ pointer: `/${field}`, message: 'must not have an empty key' })
  }
  return Object.fromEntries(pairs) as Strings
}

/** Clients send `null` for what they leave out, and references as plain strings (contract §3, §4). */
function prepared(kind: Kind, spec: unknown): unknown {
  if (kind.freeSpec === true) return spec ?? undefined
  return kind.references.reduce((value, { path }) => withReference(value, path), withoutNulls(spec))
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value ?? undefined
  const fields = Object.entries(value).filter(([, field]) => field !== null)
  return Object.fromEntries(fields.map(([key, field]) => [key, withoutNulls(field)]))
}

/** A reference that is a string becomes `{resource: <string>}`; nothing else changes. */
function withReference(value: unknown, [step, ...rest]: readonly string[]): unknown {
  if (step === undefined) return typeof value === 'string' ? { resource: value } : value
  if (step === EACH) return Array.isArray(value) ? value.map((item) => withReference(item, rest)) : value
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return value
  return { ...value, [step]: withReference((value as Record<string, unknown>)[step], rest) }
}
