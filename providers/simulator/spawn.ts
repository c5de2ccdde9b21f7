import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { SecaError } from '../../src/errors.ts'
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
export interface SpawnedSimulator {
  readonly url: string
  readonly admin: SimulatorAdmin
  /** SIGTERM, and waits for the end; answers the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>
}

const MAIN = join(import.meta.dirname, '../../src/main.ts')

/** Starts `seca-operator simulator` and waits until it takes requests. Without a `stateDir` its state goes with it. */
export async function spawnSimulator(options: SpawnOptions): Promise<SpawnedSimulator> {
  const { port = 0, latencyMs, token, adminToken, flags = [] } = options
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'seca-simulator-'))
  const args = [`--port=${port}`, `--latency=${latencyMs}ms`, `--state-dir=${stateDir}`, '--log-level=info', ...flags]
  const child = spawn(process.execPath, [MAIN, 'simulator', ...args], {
    env: { ...process.env, SECA_SIMULATOR_TOKEN: token, SECA_SIMULATOR_ADMIN_TOKEN: adminToken },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const ended = once(child, 'close').then(() => {
    if (options.stateDir === undefined) rmSync(stateDir, { recursive: true, force: true })
  })
  // The first line of the log says where it is.
  const first = await Promise.race([once(createInterface(child.stdout), 'line'), ended])
  if (!first) throw new SecaError('InvalidConfiguration', errors.trim())
  const { url } = JSON.parse(String(first[0])) as { url: string }
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await ended
    return child.exitCode
  }
  const admin = new SimulatorAdmin({ url, adminToken, ...(options.ca === undefined ? {} : { ca: options.ca }) })
  return { url, admin, stop: () => end('SIGTERM'), kill: async () => void (await end('SIGKILL')) }
}
