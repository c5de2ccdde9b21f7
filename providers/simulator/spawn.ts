import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { SecaError } from '../../src/errors.ts'
import { SimulatorAdmin } from './admin.ts'

export interface SpawnOptions {
  readonly port?: number
  readonly stateDir?: string
  readonly latencyMs: number
  readonly token: string
  readonly adminToken: string
  readonly arguments?: readonly string[]
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

/** Starts `main.ts` and waits until it takes requests. */
export async function spawnSimulator(options: SpawnOptions): Promise<SpawnedSimulator> {
  const { port = 0, stateDir, latencyMs, token, adminToken } = options
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const state = stateDir === undefined ? [] : ['--state-dir', stateDir]
  const child = spawn(
    process.execPath,
    [main, '--port', `${port}`, '--latency-ms', `${latencyMs}`, ...state, ...(options.arguments ?? [])],
    {
      env: { ...process.env, SIMULATOR_TOKEN: token, SIMULATOR_ADMIN_TOKEN: adminToken },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const ended = once(child, 'close')
  const lines = createInterface(child.stdout)
  const first = await Promise.race([once(lines, 'line'), ended.then(() => undefined)])
  if (!first) throw new SecaError('InvalidConfiguration', errors.trim())
  const { url } = JSON.parse(String(first[0])) as { url: string }
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await ended
    return child.exitCode
  }
  return { url, admin: new SimulatorAdmin({ url, adminToken }), stop: () => end('SIGTERM'), kill: async () => void (await end('SIGKILL')) }
}
