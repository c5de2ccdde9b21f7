import { MAX_KEYS } from '../../kinds/fields.ts'

/** What a body may hold. kube-apiserver's work grows with every key (managed fields); the largest resource, 500 rules with 32 sources each, has 51,000 values. */
const JSON_LIMITS = {
  /** Objects and lists inside each other, the body itself being the first: 16 in a spec. */
  depth: 17,
  /** Keys of one object. */
  keys: MAX_KEYS,
  /** Keys, list items, objects and lists together. */
  values: 60_000,
} as const

/** What is wrong with a JSON text, in words. */
export class JsonError extends Error {
  /** JSON Pointer to what is larger than {@link JSON_LIMITS}; undefined: it is no JSON, or can be read in two ways. */
  readonly pointer: string | undefined
  constructor(message: string, pointer?: string) {
    super(message)
    this.pointer = pointer
  }
}

/**
 * Parses JSON strictly: besides what `JSON.parse` refuses, duplicate keys (which parsers read differently, so that a check
 * and the code behind it could see two bodies), and more than {@link JSON_LIMITS}. Those are looked for first: reading a megabyte of
 * brackets takes a hundred times as long as seeing that there are too many.
 */
export function parseJson(text: string): unknown {
  const flaw = scan(text)
  if (flaw !== undefined) throw flaw
  try {
    return JSON.parse(text)
  } catch (error) {
    // The message quotes the text, which is the client's own.
    throw new JsonError(`the body is not valid JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** An object (with its keys so far) or a list that is open. */
interface Open {
  readonly keys: Set<string> | undefined
  key: string
  index: number
}

/** Walks text that may be no JSON at all; iterative, so that depth costs no stack. */
function scan(text: string): JsonError | undefined {
  const open: Open[] = []
  let values = 0
  let top: Open | undefined
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
      case 0x5b: // [
        if (open.length === JSON_LIMITS.depth)
          return new JsonError(`the body is nested more than ${JSON_LIMITS.depth} levels deep`, pointerTo(open))
        open.push((top = { keys: text.charCodeAt(at) === 0x7b ? new Set() : undefined, key: '', index: 0 }))
        values++
        break
      case 0x7d: // }
      case 0x5d: // ]
        open.pop()
        top = open.at(-1)
        break
      case 0x2c: // ,
        if (top?.keys !== undefined) break
        values++
        if (top !== undefined) top.index++
        break
      case 0x22: {
        const end = endOfString(text, at)
        // Not closed: JSON.parse says so.
        if (end < 0) return undefined
        if (top?.keys !== undefined && isKey(text, end)) {
          top.key = keyOf(text.slice(at, end + 1))
          if (top.keys.has(top.key)) return new JsonError(`the body has the key "${top.key.slice(0, 64)}" twice in one object`)
          top.keys.add(top.key)
          values++
          if (top.keys.size > JSON_LIMITS.keys)
            return new JsonError(`an object has more than ${JSON_LIMITS.keys} keys`, pointerTo(open.slice(0, -1)))
        }
        at = end
        break
      }
      default:
        continue
    }
    if (values > JSON_LIMITS.values)
      return new JsonError(`the body holds more than ${JSON_LIMITS.values} values`, pointerTo(open.slice(0, 2)))
  }
  return undefined
}

const pointerTo = (open: readonly Open[]): string =>
  open.map(({ keys, key, index }) => `/${keys === undefined ? index : key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

/** Index of the closing quote; -1 where there is none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) return at
    if (code === 0x5c) at++
  }
  return -1
}

/** In an object, a string before a colon is a key. */
function isKey(text: string, end: number): boolean {
  for (let at = end + 1; ; at++) {
    const code = text.charCodeAt(at)
    if (code !== 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) return code === 0x3a
  }
}

/** Compared as read: `"a"` and `"\u0061"` are the same key. What cannot be read is no JSON, and JSON.parse will say so. */
function keyOf(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1)
  try {
    return JSON.parse(literal) as string
  } catch {
    return literal
  }
}
