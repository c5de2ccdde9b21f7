import { execFile } from 'node:child_process'
import { join } from 'node:path'
import type { Row } from '../../src/processes/audit-report.ts'
import { OPERATOR_NAMESPACE, type Stack } from './harness.ts'

export interface AuditRun {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface AuditAnswer {
  readonly counts: Readonly<Record<string, number>>
  readonly findings: readonly Row[]
  readonly inFlux: readonly Row[]
  readonly unread: readonly object[]
}

const MAIN = join(import.meta.dirname, '../../src/main.ts')

/** Runs `seca-operator audit` with the rights of the controllers, as a CronJob would: without a terminal. */
export function runAudit(stack: Pick<Stack, 'kubeconfig'>, ...flags: readonly string[]): Promise<AuditRun> {
  const given = ['audit', '--kubeconfig', stack.kubeconfig, '--operator-namespace', OPERATOR_NAMESPACE, '--call-timeout', '1s', ...flags]
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...given], { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
    child.stdin?.end()
  })
}

/** The same, read by a program. */
export async function auditJson(stack: Pick<Stack, 'kubeconfig'>, ...flags: readonly string[]): Promise<AuditAnswer & { code: number }> {
  const { code, stdout, stderr } = await runAudit(stack, '--output', 'json', ...flags)
  if (stdout === '') throw new Error(`audit ended with ${code}: ${stderr}`)
  return { code, ...(JSON.parse(stdout) as AuditAnswer) }
}
