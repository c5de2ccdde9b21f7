import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { SecaError } from '../../src/errors.ts'

interface SpawnOptions<A> {
  /** Program and arguments for node; the first line of its log says where it listens. */
  readonly args: (stateDir: string) => readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly stateDir?: string | undefined
  readonly adminOf: (url: string) => A
}

/** A cloud in a process of its own, for tests. */
export interface SpawnedStandIn<A> {
  readonly url: string
  readonly admin: A
  /** SIGTERM, and waits for the end; answers the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>
}

/** Starts a cloud and waits until it takes requests. Without a `stateDir` its state goes with it. */
export async function spawnStandIn<A>(options: SpawnOptions<A>): Promise<SpawnedStandIn<A>> {
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'seca-cloud-'))
  const child = spawn(process.execPath, options.args(stateDir), {
    env: { ...process.env, ...options.env },
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
  return { url, admin: options.adminOf(url), stop: () => end('SIGTERM'), kill: async () => void (await end('SIGKILL')) }
}
