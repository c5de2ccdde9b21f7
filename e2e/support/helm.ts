import { execFile } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createProgress } from '../../src/cli/progress.ts'
import { findMore } from '../../src/embedded/cluster/more.ts'

export const CHART = join(import.meta.dirname, '../../charts/seca-operator')

/** Path of the real Helm (`SECA_HELM`: another one). */
export const helmProgram = async (): Promise<string> =>
  process.env['SECA_HELM'] ?? join(await findMore('helm', { progress: createProgress() }), 'helm')

/** Runs Helm with nothing of the user's own; resolves with stdout, rejects with stderr in the message. */
export async function helm(
  args: readonly string[],
  options: { readonly kubeconfig?: string; readonly input?: string } = {},
): Promise<string> {
  const program = await helmProgram()
  const home = mkdtempSync(join(tmpdir(), 'seca-helm-'))
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    HELM_CACHE_HOME: home,
    HELM_CONFIG_HOME: home,
    HELM_DATA_HOME: home,
    KUBECONFIG: options.kubeconfig ?? '/dev/null',
  }
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`helm ${args.join(' ')}: ${stderr.trim() || error.message}`))
      else resolve(stdout)
    })
    child.stdin?.end(options.input ?? '')
  })
}
