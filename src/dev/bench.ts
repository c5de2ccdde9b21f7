import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ApiBenchConfig, BenchConfig, OpenStackBenchConfig } from '../cli/developer-config.ts'
import { SecaError } from '../errors.ts'
import { type AssetSettings, findAssets } from '../embedded/cluster/assets.ts'
import { createProgress } from '../cli/progress.ts'

const FOLDER = join(import.meta.dirname, '../../e2e/bench')

interface Surroundings {
  readonly signal: AbortSignal
}

/** `npm run bench` */
export function runBench(config: BenchConfig, surroundings: Surroundings): Promise<number> {
  const args = [`--resources=${config.resources}`, ...(config.only === undefined ? [] : [`--only=${config.only}`])]
  return run('main.ts', [...args, ...common(config)], { ...surroundings, settings: config, command: 'npm run bench' })
}

/** `npm run bench:api` */
export function runApiBench(config: ApiBenchConfig, surroundings: Surroundings): Promise<number> {
  const args = [
    `--rounds=${config.rounds}`,
    `--objects=${config.objects}`,
    ...(config.http2 ? ['--http2'] : []),
    ...(config.only === undefined ? [] : [`--only=${config.only}`]),
    ...(config.attack === undefined ? [] : [`--attack=${config.attack}`]),
  ]
  return run('api.ts', [...args, ...common(config)], { ...surroundings, settings: config, command: 'npm run bench:api' })
}

/** `npm run bench:openstack` */
export function runOpenStackBench(config: OpenStackBenchConfig, surroundings: Surroundings): Promise<number> {
  const args = [
    `--objects=${config.objects}`,
    `--machines=${config.machines}`,
    `--rounds=${config.rounds}`,
    `--watch=${config.watchMs}`,
    ...(config.only === undefined ? [] : [`--only=${config.only}`]),
  ]
  return run('openstack.ts', [...args, ...common(config)], { ...surroundings, settings: config, command: 'npm run bench:openstack' })
}

function common({ logLevel, quick, profile }: Pick<BenchConfig, 'logLevel' | 'quick' | 'profile'>): string[] {
  return [`--log-level=${logLevel}`, ...(quick ? ['--quick'] : []), ...(profile === undefined ? [] : [`--profile=${profile}`])]
}

/** Runs a benchmark in a process of its own; resolves with its exit code. */
async function run(
  name: string,
  args: readonly string[],
  { signal, ...how }: Surroundings & { settings: AssetSettings; command: string },
): Promise<number> {
  const script = join(FOLDER, name)
  if (!existsSync(script))
    throw new SecaError('InvalidConfiguration', 'the benchmark is part of the source repository and is not in this installation')
  const assets = await findAssets({ progress: createProgress(), signal, ...how })
  const child = spawn(process.execPath, [script, ...args], { stdio: 'inherit', env: { ...process.env, KUBEBUILDER_ASSETS: assets } })
  signal.addEventListener('abort', () => child.kill('SIGTERM'))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}
