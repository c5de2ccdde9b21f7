import { parseArgs } from 'node:util'
import * as z from 'zod'
import { type Field, fromText } from './fields.ts'

/** A setting's value, and what gave it: a flag, a variable, a key of the file. */
export interface Entry {
  readonly value: unknown
  readonly source: string
}

/**
 * Reads flags, by their name: `--flag value`, `--flag=value`, and `--flag` alone for what is true or false; the last of several
 * wins. A value may begin with one hyphen; with two only after `=`, so that a flag whose value was forgotten does not swallow
 * the next. One argument alone is the operand, where there is one. Everything wrong is added to `problems`.
 */
export function readFlags(known: readonly Field[], args: readonly string[], problems: string[]): Map<string, Entry> {
  const found = new Map<string, Entry>()
  const byFlag = new Map(known.map((field) => [field.flag, field]))
  const operand = known.find(({ meta }) => meta.operand)
  const types = [...known, undefined].map((field) => [
    (field?.flag ?? '--config').slice(2),
    { type: field?.inner instanceof z.ZodBoolean ? 'boolean' : 'string' } as const,
  ])
  const { tokens } = parseArgs({ args: [...args], options: Object.fromEntries(types), strict: false, allowPositionals: true, tokens: true })
  /** Position of the last argument that was told of: its value, or the rest of a group of letters, is not one more mistake. */
  let told = -1
  for (const token of tokens) {
    const word = (args[token.index] ?? '').split('=')[0] ?? ''
    const field = token.kind === 'option' ? byFlag.get(token.rawName) : undefined
    if (token.kind === 'option' && (field || token.rawName === '--config')) {
      const { rawName: name, value, inlineValue } = token
      if (field?.inner instanceof z.ZodBoolean) {
        found.set(name, { value: value === undefined ? true : fromText(field, value), source: name })
      } else if (value === undefined || (!inlineValue && value.startsWith('--'))) {
        problems.push(`${name} needs a value`)
        return new Map([...found, ...readFlags(known, args.slice(token.index + 1), problems)])
      } else found.set(name, { value: field ? fromText(field, value) : value, source: name })
      continue
    }
    const isFlag = word.startsWith('-')
    if (operand !== undefined && token.kind === 'positional' && !found.has(operand.flag)) {
      found.set(operand.flag, { value: token.value, source: operand.fileKey })
      continue
    }
    const isTold = token.index === told || (!isFlag && token.index === told + 1 && told >= 0 && isBareFlag(args[told]))
    if (!isTold)
      problems.push(`${isFlag ? 'unknown flag' : 'unexpected argument'} ${word}${hint(word, [...byFlag.keys(), '--config', '--help'])}`)
    told = token.index
  }
  return found
}

function isBareFlag(arg = ''): boolean {
  return arg.startsWith('-') && !arg.includes('=')
}

/** `; did you mean …?` when something known is close to what was written. */
export function hint(word: string, candidates: readonly string[]): string {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .toSorted((a, b) => a.distance - b.distance)
  const best = ranked[0]
  return best && best.distance <= Math.max(2, word.length / 3) ? `; did you mean ${best.candidate}?` : ''
}

// Levenshtein, row by row.
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of a.split('').entries()) {
    const next = [i + 1]
    for (const [j, other] of b.split('').entries())
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)))
    row = next
  }
  return row.at(-1) ?? 0
}
