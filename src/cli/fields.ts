import * as z from 'zod'

/** One setting of a schema, under each of its names. */
export interface Field {
  readonly key: string
  readonly schema: z.ZodType
  /** `--drift-interval`, `SECA_DRIFT_INTERVAL`, `driftInterval` */
  readonly flag: string
  readonly variable: string
  readonly fileKey: string
  readonly inner: z.ZodType
  readonly meta: Meta
}

interface Meta {
  readonly description?: string
  readonly placeholder?: string
  readonly preset?: unknown
  /** Read from the command line alone. */
  readonly flagOnly?: boolean
  /** Stands alone on the command line, too: one argument without a flag. */
  readonly operand?: boolean
}

/** `driftInterval` → `drift-interval` */
export const kebab = (text: string) => text.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** The settings of a schema, in its order. */
export function fields(schema: z.ZodObject): Field[] {
  return Object.entries(schema.shape as Record<string, z.ZodType>).map(([key, field]) => {
    const fileKey = key.replace(/Ms$/, '')
    const name = kebab(fileKey)
    const inner = unwrap(field)
    const meta = metaOf(field)
    return { key, schema: field, flag: `--${name}`, variable: `SECA_${name.replaceAll('-', '_').toUpperCase()}`, fileKey, inner, meta }
  })
}

/** What a flag's or variable's text stands for. What does not fit the schema stays text, for the error message. */
export function fromText({ inner }: Field, text: string): unknown {
  if (inner instanceof z.ZodNumber) return /^-?\d+$/.test(text) ? Number(text) : text
  if (inner instanceof z.ZodBoolean) return text === 'true' ? true : text === 'false' ? false : text
  return text
}

/** What is said about a field, on the field itself or on what it wraps. */
function metaOf(schema: z.ZodType): Meta {
  const inner = isWrapper(schema) ? metaOf(schema.unwrap() as z.ZodType) : {}
  return { ...inner, ...(schema.meta() as Meta | undefined) }
}

function isWrapper(schema: z.ZodType): schema is z.ZodOptional | z.ZodDefault | z.ZodPrefault {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
}

function unwrap(schema: z.ZodType): z.ZodType {
  if (isWrapper(schema)) return unwrap(schema.unwrap() as z.ZodType)
  return schema
}
