/** Nesting that no resource has; deeper bodies are an attack on somebody's stack. */
const MAX_DEPTH = 64

/** What is wrong with a JSON text, in words. */
export class JsonError extends Error {}

/**
 * Parses JSON strictly: besides what `JSON.parse` refuses, duplicate keys (which parsers read differently, so that a check
 * and the code behind it could see two bodies), and nesting deeper than {@link MAX_DEPTH}.
 */
export function parseJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    // The message quotes the text, which is the client's own.
    throw new JsonError(`the body is not valid JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  scan(text)
  return value
}

/** Walks text that is known to be valid JSON; iterative, so that depth costs no stack. */
function scan(text: string): void {
  /** Keys seen in each open object; `undefined` for an array. */
  const open: (Set<string> | undefined)[] = []
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case 0x7b: // {
        open.push(new Set())
        break
      case 0x5b: // [
        open.push(undefined)
        break
      case 0x7d: // }
      case 0x5d: // ]
        open.pop()
        continue
      case 0x22: {
        const end = endOfString(text, index)
        const keys = open.at(-1)
        if (keys !== undefined && isKey(text, end)) addKey(keys, text.slice(index, end + 1))
        index = end
        continue
      }
      default:
        continue
    }
    if (open.length > MAX_DEPTH) throw new JsonError(`the body is nested more than ${MAX_DEPTH} levels deep`)
  }
}

/** Index of the closing quote. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); ; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++
    if (backslashes % 2 === 0) return at
  }
}

/** In an object, a string before a colon is a key. */
function isKey(text: string, end: number): boolean {
  for (let at = end + 1; ; at++) {
    const code = text.charCodeAt(at)
    if (code !== 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) return code === 0x3a
  }
}

/** Compared as read: `"a"` and `"\u0061"` are the same key. */
function addKey(keys: Set<string>, literal: string): void {
  const key = literal.includes('\\') ? (JSON.parse(literal) as string) : literal.slice(1, -1)
  if (keys.has(key)) throw new JsonError(`the body has the key "${key.slice(0, 64)}" twice in one object`)
  keys.add(key)
}
