import { type Finding, type Verdict, VERDICTS } from './check.ts'

/** 0: all is in order; 1: something is to be looked at, or could not be looked at; 2: something is broken. */
export function exitCode(findings: readonly Finding[]): number {
  const has = (verdict: Verdict) => findings.some((one) => one.verdict === verdict)
  if (has('fail')) return 2
  return has('warn') || has('unchecked') || findings.length === 0 ? 1 : 0
}

function counts(findings: readonly Finding[]) {
  return Object.fromEntries(VERDICTS.map((verdict) => [verdict, findings.filter((one) => one.verdict === verdict).length])) as Record<
    Verdict,
    number
  >
}

/** One JSON document. */
export function asJson(findings: readonly Finding[]): string {
  return `${JSON.stringify({ counts: counts(findings), findings }, undefined, 2)}\n`
}

const SPACE = /\s+/g

/** A line for each finding, what to do below it, and a summary. */
export function asTable(findings: readonly Finding[]): string {
  const width = Math.max(0, ...findings.map(({ check }) => check.length))
  const lines = findings.flatMap(({ check, verdict, seen, todo }) => {
    const head = `${verdict.padEnd(9)}  ${check.padEnd(width)}  `
    return [
      head + seen.replaceAll(SPACE, ' '),
      ...(todo === undefined ? [] : [`${' '.repeat(head.length)}→ ${todo.replaceAll(SPACE, ' ')}`]),
    ]
  })
  const sum = counts(findings)
  const words = VERDICTS.filter((verdict) => sum[verdict] > 0).map((verdict) => `${sum[verdict]} ${verdict}`)
  return [...lines, '', words.join(', '), ''].join('\n')
}
