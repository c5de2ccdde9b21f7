import { type ChildProcess, execFile } from 'node:child_process'
import { join } from 'node:path'
import { inject } from 'vitest'
import { OPERATOR_NAMESPACE } from './harness.ts'
import type { Tenant } from './tenant.ts'

export interface ImportRun {
  readonly code: number | string
  readonly out: string
  readonly said: string
}

const MAIN = join(import.meta.dirname, '../../src/main.ts')

/** Runs `seca-operator import` as an administrator does; `started` gets the process, to send it signals. */
export function runImport(
  { name, workspace }: Pick<Tenant, 'name' | 'workspace'>,
  flags: readonly string[] = [],
  started: (child: ChildProcess) => void = () => {},
): Promise<ImportRun> {
  const place = ['--region=eu-1', `--tenant=${name}`, `--workspace=${workspace}`]
  const cluster = [`--kubeconfig=${inject('kubeconfig')}`, `--operator-namespace=${OPERATOR_NAMESPACE}`]
  return new Promise((resolve) => {
    const all = [MAIN, 'import', ...place, ...cluster, ...flags]
    const child = execFile(process.execPath, all, { maxBuffer: 64 * 1024 * 1024 }, (error, out, said) =>
      resolve({ code: error === null ? 0 : (error.code ?? error.signal ?? 'killed'), out, said }),
    )
    started(child)
  })
}
