import { globMatches } from '../../glob.ts'
import type { Strings } from '../render/labels.ts'
import { inParameter, Refusal } from '../problem.ts'

/** Whether labels match. */
export type Selector = (labels: Strings) => boolean

/** More terms than this are nobody's filter. */
const MAX_TERMS = 64

const SET = /^(.+?)\s+(in|notin)\s*\(([^()]*)\)$/
const COMPARISON = /^([^=!<>]+?)\s*(!=|==|>=|<=|=|>|<)\s*([^=!<>()]*)$/
const NUMBER = /^[-+]?(\d+(\.\d*)?|\.\d+)$/

/**
 * Parses a label selector (SECA.md §6.5): terms separated by commas, all of which must match. `key=value`, `==`, `!=`, `>`, `<`,
 * `>=`, `<=`, `key in (a,b)`, `key notin (a,b)`, `key`, `!key`; `*` stands for any run of characters in keys and values. A missing
 * key matches `!=` and `notin`. Throws 400.
 */
export function parseSelector(text: string): Selector {
  const terms = split(text)
  if (terms.length > MAX_TERMS) throw malformed(`has more than ${MAX_TERMS} terms`)
  const tests = terms.map(parseTerm)
  return (labels) => tests.every((test) => test(labels))
}

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

function parseTerm(term: string): Selector {
  const set = SET.exec(term)
  if (set !== null) {
    const [, key = '', operator, list = ''] = set
    const values = list.split(',').map((value) => value.trim())
    const isListed = some(checkedKey(key), (value) => values.some((pattern) => globMatches(pattern, value)))
    return operator === 'in' ? isListed : (labels) => !isListed(labels)
  }
  const comparison = COMPARISON.exec(term)
  if (comparison !== null) return compared(comparison[1] ?? '', comparison[2] ?? '', comparison[3] ?? '')
  const isAbsent = term.startsWith('!')
  const exists = some(checkedKey(isAbsent ? term.slice(1).trim() : term), () => true)
  return isAbsent ? (labels) => !exists(labels) : exists
}

function compared(key: string, operator: string, value: string): Selector {
  checkedKey(key)
  if (operator === '=' || operator === '==') return some(key, (label) => globMatches(value, label))
  if (operator === '!=') {
    const matches = some(key, (label) => globMatches(value, label))
    return (labels) => !matches(labels)
  }
  if (!NUMBER.test(value)) throw malformed(`compares with "${value.slice(0, 64)}", which is no number`)
  const bound = Number(value)
  const test = ORDER[operator as keyof typeof ORDER]
  return some(key, (label) => NUMBER.test(label) && test(Number(label), bound))
}

const ORDER = {
  '>': (a: number, b: number) => a > b,
  '<': (a: number, b: number) => a < b,
  '>=': (a: number, b: number) => a >= b,
  '<=': (a: number, b: number) => a <= b,
} as const

function checkedKey(key: string): string {
  if (key === '' || /[=!<>()]|\s(not)?in(\s|$)/.test(key))
    throw malformed(key === '' ? 'has a term without a key' : `has a malformed term near "${key.slice(0, 64)}"`)
  return key
}

/** Whether some label whose key matches passes. */
function some(key: string, test: (value: string) => boolean): Selector {
  if (!key.includes('*'))
    return (labels) => {
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined
      return value !== undefined && test(value)
    }
  return (labels) => Object.entries(labels).some(([name, value]) => globMatches(key, name) && test(value))
}
