import type { Kind } from '../../kinds/kind.ts'
import type { Issue } from '../../schema/validate.ts'
import { isKeptNumber } from './decimal.ts'

/** More issues than this help nobody (an answer has at most 32 sources). */
const MAX_ISSUES = 32

/** What of a free spec could not be kept as it was sent (contract §8): refused, since it would be lost silently. */
export function freeSpecIssues(kind: Kind, spec: unknown, text: string): Issue[] {
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) return []
  const issues: Issue[] = Object.keys(spec)
    .filter((key) => Object.hasOwn(kind.kubeSpec.shape, key))
    .map((key) => ({ pointer: pointerTo(['spec', key]), message: 'is set by the path of the request; call yours otherwise' }))
  lossy(spec, ['spec'], issues)
  if (issues.length < MAX_ISSUES && LONG_NUMBER.test(text)) numbers(text, issues)
  return issues.slice(0, MAX_ISSUES)
}

const pointerTo = (path: readonly string[]): string => path.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

/** The parser bounds the depth. */
function lossy(value: unknown, path: readonly string[], issues: Issue[]): void {
  if (issues.length >= MAX_ISSUES) return
  if (value === null) issues.push({ pointer: pointerTo(path), message: 'must not be null, which means "absent" here: leave it out' })
  else if (typeof value === 'object') for (const [key, field] of Object.entries(value)) lossy(field, [...path, key], issues)
}

/** Shorter ones are always kept; a few of these are no numbers at all, but in strings. */
const LONG_NUMBER = /[\d.]{16}|\d[eE]|-0/
/** The tokens of a JSON text that count here; commas only inside of lists. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|[{}[\],:]/gs

/** Walks text that is known to be valid JSON, since reading a number may change it. */
function numbers(text: string, issues: Issue[]): void {
  /** Key (as it is written) or index where the walk is, for each open object and list. */
  const path: (string | number)[] = []
  let last = ''
  let isInSpec = false
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') path.push(token === '[' ? 0 : '')
    else if (token === '}' || token === ']') path.pop()
    else if (token === ':') {
      path[path.length - 1] = last
      if (path.length === 1) isInSpec = JSON.parse(last) === 'spec'
    } else if (token === ',') {
      const at = path.at(-1)
      if (typeof at === 'number') path[path.length - 1] = at + 1
    } else if (token.startsWith('"')) last = token
    else if (isInSpec && !isKeptNumber(token)) {
      const steps = path.map((step) => (typeof step === 'number' ? String(step) : (JSON.parse(step) as string)))
      issues.push({ pointer: pointerTo(steps), message: `${token.slice(0, 40)} cannot be kept exactly as a number: send it as a string` })
      if (issues.length >= MAX_ISSUES) return
    }
  }
}
