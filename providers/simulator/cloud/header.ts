import * as z from 'zod'
import type { Switches } from './characters.ts'
import { type Fields, Refusal } from '../../stand-in/model.ts'

const text = z.record(z.string().max(512), z.string().max(4096))
const short = z.string().regex(/^[a-z0-9-]{0,30}$/, 'at most 30 characters of a-z, 0-9 and -')
const schema = z
  .object({
    client_token: z.string().max(128),
    name: z.string().max(255),
    tag: z.string().max(255),
    key: short,
    owner: short,
    labels: text,
    metadata: text,
  })
  .partial()
const IDENTITY = ['tag', 'key', 'owner'] as const
const ONCE = ['client_token', 'name']
const COMMON = [...IDENTITY, 'labels', 'metadata']

/** What every type has besides its own fields. `identity` holds only what was sent. */
export function readHeader(body: unknown, { shortTags }: Switches) {
  const { client_token: clientToken = '', name = '', labels, metadata, ...sent } = parse(schema, body)
  if (shortTags && sent.tag !== undefined)
    throw new Refusal(422, 'invalid', 'tag: this cloud has no tags, only a key and an owner of 30 characters')
  if (!shortTags && (sent.key ?? sent.owner) !== undefined) throw new Refusal(422, 'invalid', 'key, owner: this cloud has tags instead')
  const identity: { tag?: string; key?: string; owner?: string } = {}
  for (const name of IDENTITY) if (sent[name] !== undefined) identity[name] = sent[name]
  return { clientToken, name, identity, labels, metadata }
}

export type Header = ReturnType<typeof readHeader>

/** The type's own fields of a creation. */
export function ofCreation(body: unknown): Fields {
  return strip(body, [...ONCE, ...COMMON])
}

/** The type's own fields of a change. */
export function ofChange(body: unknown): Fields {
  return strip(body, COMMON)
}

export function parse<S extends z.ZodType>(shape: S, body: unknown): z.output<S> {
  const result = shape.safeParse(body)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new Refusal(422, 'invalid', `${issue?.path.join('.') || 'body'}: ${issue?.message}`)
}

function strip(body: unknown, keys: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(body as object).filter(([key]) => !keys.includes(key)))
}
