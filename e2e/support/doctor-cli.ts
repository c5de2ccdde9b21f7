import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { inject } from 'vitest'
import type { Finding } from '../../src/doctor/check.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')

export interface Examined {
  readonly code: number
  readonly findings: readonly Finding[]
  readonly out: string
  readonly err: string
}

/** Runs `seca-operator doctor` as a process, as the run's administrator unless a kubeconfig is given. */
export function doctor(flags: readonly string[] = [], { kubeconfig = inject('kubeconfig'), output = 'json' } = {}): Promise<Examined> {
  const args = [MAIN, 'doctor', `--kubeconfig=${kubeconfig}`, `--output=${output}`, ...flags]
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SECA_')))
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { env, maxBuffer: 64 * 1024 * 1024 }, (_error, out, err) => {
      const findings = output === 'json' && out !== '' ? (JSON.parse(out) as { findings: Finding[] }).findings : []
      resolve({ code: child.exitCode ?? -1, findings, out, err })
    })
  })
}

/** The lines that are not ok, `verdict check: what was seen`. */
export const troubles = ({ findings }: Pick<Examined, 'findings'>) =>
  findings.filter(({ verdict }) => verdict !== 'ok').map(({ verdict, check, seen }) => `${verdict} ${check}: ${seen}`)
