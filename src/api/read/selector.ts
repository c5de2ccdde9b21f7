import { GlobSet } from '../../glob.ts'
import { inParameter, Refusal } from '../problem.ts'
import type { Strings } from '../../resolve/labels.ts'
import { compareDecimals, parseDecimal } from './decimal.ts'
import { Effort } from './effort.ts'

/** Whether labels match. What that costs is taken from the effort, when there is one. */
export type Selector = (labels: Strings, effort?: Effort) => boolean

/** More than this is nobody's filter. */
const MAX_TERMS = 64
const MAX_LENGTH = 8_192

/**
 * Parses a label selector (contract §6.5): terms separated by commas, all of which must match. `key=value`, `==`, `!=`, `>`, `<`,
 * `>=`, `<=`, `key in (a,b)`, `key notin (a,b)`, `key`, `!key`; `*` stands for any run of characters in keys and values. A missing
 * key matches `!=` and `notin`. Read from left to right without going back: time grows with the text. Throws 400.
 */
export function parseSelector(text: string): Selector {
  if (text.length > MAX_LENGTH) throw malformed(`has more than ${MAX_LENGTH} characters`)
  const terms = split(text)
  if (terms.length > MAX_TERMS) throw malformed(`has more than ${MAX_TERMS} terms`)
  const tests = terms.map(parseTerm)
  return (labels, effort = new Effort()) => tests.every((test) => test(labels, effort))
}

type Test = (labels: Strings, effort: Effort) => boolean

const malformed = (what: string) =>
  new Refusal(
    'InvalidRequest',
    `the label selector ${what}; write key=value, key!=value, key>1, key in (a,b) or key, separated by commas`,
    {
      sources: [inParameter('labels')],
    },
  )

/** At commas outside parentheses. */
function split(text: string): string[] {
  const terms: string[] = []
  let [start, depth] = [0, 0]
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (character === '(') depth++
    else if (character === ')') depth--
    else if (character === ',' && depth === 0) {
      terms.push(text.slice(start, index))
      start = index + 1
    }
    if (depth < 0 || depth > 1) throw malformed('has parentheses that do not match')
  }
  if (depth !== 0) throw malformed('has parentheses that do not match')
  return [...terms, text.slice(start)].map((term) => term.trim())
}

function parseTerm(term: string): Test {
  return parseSet(term) ?? parseComparison(term) ?? parseExistence(term)
}

/** `key in (a,b)`, `key notin (a,b)`; undefined when the term does not end as one. */
function parseSet(term: string): Test | undefined {
  if (!term.endsWith(')')) return undefined
  const open = term.lastIndexOf('(')
  const head = term.slice(0, open).trimEnd()
  const operator = head.endsWith('notin') ? 'notin' : head.endsWith('in') ? 'in' : undefined
  if (operator === undefined) return undefined
  const before = head.slice(0, -operator.length)
  const key = before.trimEnd()
  if (key === before) return undefined
  const values = term.slice(open + 1, -1).split(',')
  const isListed = equalsSome(
    key,
    values.map((value) => value.trim()),
  )
  return operator === 'in' ? isListed : not(isListed)
}

const isOperator = (character: string | undefined): boolean =>
  character === '=' || character === '!' || character === '<' || character === '>'

/** `key=value` and its kin; undefined when the term is none. */
function parseComparison(term: string): Test | undefined {
  let at = 0
  while (at < term.length && !isOperator(term[at])) at++
  if (at === 0 || at === term.length) return undefined
  const operator = term.slice(at, term[at + 1] === '=' ? at + 2 : at + 1)
  const value = term.slice(at + operator.length).trimStart()
  if (operator === '!' || /[=!<>()]/.test(value)) return undefined
  const key = term.slice(0, at).trimEnd()
  switch (operator) {
    case '=':
    case '==':
      return equalsSome(key, [value])
    case '!=':
      return not(equalsSome(key, [value]))
    default:
      return compares(key, ORDER[operator as keyof typeof ORDER], value)
  }
}

/** `key` and `!key`. */
function parseExistence(term: string): Test {
  const isAbsent = term.startsWith('!')
  const exists = some(isAbsent ? term.slice(1).trimStart() : term, () => true)
  return isAbsent ? not(exists) : exists
}

const ORDER = {
  '>': (order: number) => order > 0,
  '<': (order: number) => order < 0,
  '>=': (order: number) => order >= 0,
  '<=': (order: number) => order <= 0,
} as const

const not =
  (test: Test): Test =>
  (labels, effort) =>
    !test(labels, effort)

function equalsSome(key: string, patterns: readonly string[]): Test {
  const values = new GlobSet(patterns)
  return some(key, (value, effort) => {
    effort.spend(values.steps(value.length))
    return values.matches(value)
  })
}

function compares(key: string, isWanted: (order: number) => boolean, text: string): Test {
  const bound = parseDecimal(text)
  const test = some(key, (value, effort) => {
    effort.spend(value.length)
    const number = parseDecimal(value)
    return number !== undefined && bound !== undefined && isWanted(compareDecimals(number, bound))
  })
  if (bound === undefined) throw malformed(`compares with "${text.slice(0, 64)}", which is no number`)
  return test
}

function checkedKey(key: string): string {
  if (key === '' || /[=!<>()]|\s(not)?in(\s|$)/.test(key))
    throw malformed(key === '' ? 'has a term without a key' : `has a malformed term near "${key.slice(0, 64)}"`)
  return key
}

/** Whether some label whose key matches passes. */
function some(text: string, test: (value: string, effort: Effort) => boolean): Test {
  const key = checkedKey(text)
  if (!key.includes('*'))
    return (labels, effort) => {
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined
      return value !== undefined && test(value, effort)
    }
  const keys = new GlobSet([key])
  return (labels, effort) => {
    for (const name in labels) {
      effort.spend(keys.steps(name.length))
      const value = labels[name]
      if (value !== undefined && keys.matches(name) && test(value, effort)) return true
    }
    return false
  }
}
