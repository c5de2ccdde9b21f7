import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createProgress } from '../../src/cli/progress.ts'
import { findMore } from '../../src/embedded/cluster/more.ts'
import { CHART, helmEnv } from '../../src/embedded/pods/helm.ts'

export { CHART }

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
  const env = helmEnv(home, options.kubeconfig)
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      rmSync(home, { recursive: true, force: true })
      if (error) reject(new Error(`helm ${args.join(' ')}: ${stderr.trim() || error.message}`))
      else resolve(stdout)
    })
    child.stdin?.end(options.input ?? '')
  })
}
