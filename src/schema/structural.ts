import * as z from 'zod'

/** A node of a structural schema (KEP-693): the subset of OpenAPI 3 that a CRD may hold. */
export interface Structural {
  type?: string
  format?: string
  description?: string
  properties?: Record<string, Structural>
  required?: string[]
  items?: Structural
  additionalProperties?: Structural
  enum?: unknown[]
  default?: unknown
  pattern?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  maxProperties?: number
  'x-kubernetes-preserve-unknown-fields'?: true
  'x-kubernetes-validations'?: { rule: string; message: string; fieldPath?: string; optionalOldSelf?: boolean }[]
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map'
  'x-kubernetes-list-map-keys'?: string[]
}

/** Keywords that have no place in a structural schema as we write it: unions above all, since their branches may not be typed. */
const REFUSED = ['anyOf', 'oneOf', 'allOf', 'not', '$ref', 'nullable', 'const', 'if', 'patternProperties', 'prefixItems'] as const

/** Go's RE2 has neither look-around nor back-references. */
const NOT_RE2 = /\(\?[=!<]|\\[1-9]/

/**
 * Turns a zod schema into a structural one. Throws, with the path of the node, on what a CRD cannot say: unions,
 * patterns that RE2 does not know, nodes without a type.
 */
export function structural(schema: z.ZodType, path: string): Structural {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    reused: 'inline',
    cycles: 'throw',
    unrepresentable: 'throw',
  }) as Record<string, unknown>
  return node(json, path)
}

type Json = Record<string, unknown>

function node(json: Json, path: string): Structural {
  for (const keyword of REFUSED)
    if (keyword in json) throw new Error(`${path}: ${keyword} cannot be in a CRD; use optional fields and a CEL rule`)
  if (typeof json['type'] !== 'string') throw new Error(`${path}: has no type; use z.looseObject({}) for free content`)
  const pattern = json['pattern']
  if (typeof pattern === 'string' && NOT_RE2.test(pattern)) throw new Error(`${path}: RE2 cannot read the pattern ${pattern}`)

  const { type, description, properties, items, additionalProperties, ...rest } = json
  return {
    type,
    ...(typeof description === 'string' ? { description } : {}),
    ...bounds(type, rest),
    ...(isFilled(properties) ? { properties: mapValues(properties, (value, key) => node(value, `${path}.${key}`)) } : {}),
    ...(isFilled(items) ? { items: node(items, `${path}[]`) } : {}),
    ...additional(additionalProperties, path),
  }
}

const isFilled = (value: unknown): value is Json => typeof value === 'object' && value !== null && Object.keys(value).length > 0

function mapValues<T>(record: Json, map: (value: Json, key: string) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value as Json, key)]))
}

/** `z.int()` brings the bounds of a JavaScript number along; the apiserver wants to know that it is an int64. */
function bounds(type: string, json: Json): Json {
  if (type !== 'integer') return json
  const { minimum, maximum, ...rest } = json
  return {
    format: 'int64',
    ...(minimum === Number.MIN_SAFE_INTEGER || minimum === undefined ? {} : { minimum }),
    ...(maximum === Number.MAX_SAFE_INTEGER || maximum === undefined ? {} : { maximum }),
    ...rest,
  }
}

/** Closed objects need no keyword, since the apiserver prunes; free ones say so; maps are typed. */
function additional(value: unknown, path: string): Partial<Structural> {
  if (value === undefined || value === false) return {}
  if (!isFilled(value)) return { 'x-kubernetes-preserve-unknown-fields': true }
  return { additionalProperties: node(value, `${path}{}`) }
}
