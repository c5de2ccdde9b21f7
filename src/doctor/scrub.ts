const LEFT_OUT = '[left out]'
/** What looks like a secret wherever it stands: tokens, keys, passwords in URLs. */
const SHAPES: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, LEFT_OUT],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)*/g, LEFT_OUT],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${LEFT_OUT}`],
  [/(\/\/)[^/\s:@]+:[^/\s@]+@/g, `$1${LEFT_OUT}@`],
]
/** Shorter values would blot out half of every text. */
const SHORTEST = 6

/** Takes secrets out of text: those that are known, as they are, in base64 and inside JSON, and what looks like one. */
export function scrubber(known: Iterable<string>): (text: string) => string {
  const forms = [...known]
    .map((value) => value.trim())
    .filter((value) => value.length >= SHORTEST)
    .flatMap((value) => [value, JSON.stringify(value).slice(1, -1), Buffer.from(value).toString('base64')])
  // The longest first: one may be a part of another.
  const values = [...new Set(forms)].toSorted((one, other) => other.length - one.length)
  return (text) => {
    const blotted = values.reduce((sum, value) => sum.replaceAll(value, LEFT_OUT), text)
    return SHAPES.reduce((sum, [shape, instead]) => sum.replaceAll(shape, instead), blotted)
  }
}
