import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchConfig } from '../config.ts'
import { SecaError } from '../errors.ts'
import { findAssets } from './assets.ts'
import { createProgress } from './progress.ts'

const SCRIPT = join(import.meta.dirname, '../../e2e/bench/main.ts')

/** `npm run bench`: runs the benchmark in a process of its own. */
export async function runBench(config: BenchConfig, { signal }: { signal: AbortSignal }): Promise<number> {
  if (!existsSync(SCRIPT))
    throw new SecaError('InvalidConfiguration', 'the benchmark is part of the source repository and is not in this installation')
  const assets = await findAssets({ progress: createProgress(), signal })
  const args = [
    SCRIPT,
    `--resources=${config.resources}`,
    `--log-level=${config.logLevel}`,
    ...(config.quick ? ['--quick'] : []),
    ...(config.only === undefined ? [] : [`--only=${config.only}`]),
    ...(config.profile === undefined ? [] : [`--profile=${config.profile}`]),
  ]
  const child = spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, KUBEBUILDER_ASSETS: assets } })
  signal.addEventListener('abort', () => child.kill('SIGTERM'))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}
