import type { Issue } from '../../schema/validate.ts'

/** More issues than this help nobody (an answer has at most 32 sources). */
const MAX_ISSUES = 32
const FIELDS = ['labels', 'annotations', 'extensions', 'spec'] as const
/** Half of a surrogate pair can only be written as an escape: UTF-8 has none. */
const ESCAPED = /\\u[dD][89a-fA-F]/
const HALF = 'has half of a surrogate pair, which is no character'

/** Text that holds no characters: kube-apiserver would store another one in its place. `text` is what the body was read from. */
export function brokenTextIssues(body: Readonly<Record<string, unknown>>, text: string): Issue[] {
  const issues: Issue[] = []
  if (ESCAPED.test(text)) for (const field of FIELDS) look(body[field], `/${field}`, issues)
  return issues
}

/** The parser bounds the depth. */
function look(value: unknown, pointer: string, issues: Issue[]): void {
  if (issues.length >= MAX_ISSUES) return
  if (typeof value === 'string' && !value.isWellFormed()) issues.push({ pointer, message: HALF })
  if (typeof value !== 'object' || value === null) return
  for (const [key, field] of Object.entries(value)) {
    const inner = `${pointer}/${key.toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (!key.isWellFormed()) issues.push({ pointer: inner, message: `the key ${HALF}` })
    look(field, inner, issues)
  }
}
