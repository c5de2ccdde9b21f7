import { join } from 'node:path'
import { type SpawnedStandIn, spawnStandIn } from '../stand-in/spawn.ts'
import { SimulatorAdmin } from './admin.ts'

interface SpawnOptions {
  readonly port?: number
  readonly stateDir?: string
  readonly latencyMs: number
  readonly token: string
  readonly adminToken: string
  /** Further flags of `seca-operator simulator`. */
  readonly flags?: readonly string[]
  /** PEM of the CA that vouches for its certificate, where the flags name one. */
  readonly ca?: string
}

/** A simulator in a process of its own, for tests. */
export type SpawnedSimulator = SpawnedStandIn<SimulatorAdmin>

const MAIN = join(import.meta.dirname, '../../src/main.ts')

/** Starts `seca-operator simulator` and waits until it takes requests. Without a `stateDir` its state goes with it. */
export function spawnSimulator(options: SpawnOptions): Promise<SpawnedSimulator> {
  const { port = 0, latencyMs, token, adminToken, flags = [], ca } = options
  return spawnStandIn({
    args: (stateDir) => [
      MAIN,
      'simulator',
      `--port=${port}`,
      `--latency=${latencyMs}ms`,
      `--state-dir=${stateDir}`,
      '--log-level=info',
      ...flags,
    ],
    env: { SECA_SIMULATOR_TOKEN: token, SECA_SIMULATOR_ADMIN_TOKEN: adminToken },
    stateDir: options.stateDir,
    adminOf: (url) => new SimulatorAdmin({ url, adminToken, ...(ca === undefined ? {} : { ca }) }),
  })
}
