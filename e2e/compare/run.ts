import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { inject } from 'vitest'
import type { Report } from '../../src/processes/compare/report.ts'

export interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const ROOT = join(import.meta.dirname, '../..')

/** `seca-operator compare`, as administrator of the run's control plane; `onStart` gets the process. */
export function runCompare(flags: readonly string[], onStart: (child: ChildProcess) => void = () => {}): Promise<Run> {
  const args = [join(ROOT, 'src/main.ts'), 'compare', `--kubeconfig=${inject('kubeconfig')}`, ...flags]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: ROOT })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (text) => (stdout += String(text)))
  child.stderr.on('data', (text) => (stderr += String(text)))
  onStart(child)
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
}

/** The same, read by a program. */
export async function compareJson(...flags: readonly string[]): Promise<Report & Pick<Run, 'code' | 'stderr'>> {
  const { code, stdout, stderr } = await runCompare([...flags, '--output=json'])
  if (stdout === '') throw new Error(`compare ended with ${code}: ${stderr}`)
  return { ...(JSON.parse(stdout) as Report), code, stderr }
}
