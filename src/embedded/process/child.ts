import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { basename } from 'node:path'
import { SecaError } from '../../errors.ts'

export interface ChildOptions {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Everything the child prints goes here. */
  readonly logFile: string
  readonly env?: NodeJS.ProcessEnv
  /** How long the child may take after SIGTERM, before SIGKILL. */
  readonly graceMs: number
}

/** How a child ended: its exit code or signal, and the end of its log. */
interface Ending {
  readonly name: string
  readonly how: string
  readonly tail: string
  readonly logFile: string
}

/** A process of ours that is expected to run until we stop it. */
export interface Child {
  readonly name: string
  readonly pid: number
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<Ending>
  readonly isRunning: boolean
  kill(signal: NodeJS.Signals): void
  /** SIGTERM, wait, SIGKILL after the grace time; resolves when the process is gone. */
  stop(): Promise<void>
}

const LOG_LIMIT_BYTES = 20_000_000

/** Starts a child in a process group of its own, so that Ctrl-C in a terminal reaches only us and children end in order. */
export async function startChild(options: ChildOptions): Promise<Child> {
  if ((statSync(options.logFile, { throwIfNoEntry: false })?.size ?? 0) > LOG_LIMIT_BYTES) truncateSync(options.logFile)
  const log = openSync(options.logFile, 'a', 0o600)
  let process: ChildProcess
  try {
    process = spawn(options.command, options.args, {
      stdio: ['pipe', log, log],
      detached: true,
      env: options.env ?? globalThis.process.env,
    })
  } finally {
    closeSync(log)
  }
  const spawned = Promise.withResolvers<number>()
  const ended = Promise.withResolvers<Ending>()
  let running = true
  const end = (how: string) => {
    running = false
    ended.resolve({ name: options.name, how, tail: tail(options.logFile), logFile: options.logFile })
  }
  process.once('spawn', () => spawned.resolve(process.pid ?? 0))
  process.once('error', (error) => {
    spawned.reject(new SecaError('InvalidConfiguration', `cannot start ${options.command}: ${error.message}`, { cause: error }))
    if (process.pid === undefined) end(error.message)
  })
  process.once('exit', (code, signal) => end(signal ? `killed by ${signal}` : `exit code ${code}`))
  process.stdin?.on('error', () => {})
  const pid = await spawned.promise
  return {
    name: options.name,
    pid,
    ended: ended.promise,
    get isRunning() {
      return running
    },
    kill: (signal) => void process.kill(signal),
    async stop() {
      if (!running) return
      process.kill('SIGTERM')
      const timer = setTimeout(() => process.kill('SIGKILL'), options.graceMs)
      await ended.promise
      clearTimeout(timer)
    },
  }
}

/** The error that tells about an unexpected end. */
export function endingError(ending: Ending): SecaError {
  return new SecaError('Internal', `${ending.name} ended (${ending.how}). The end of ${ending.logFile}:\n${ending.tail || '(empty)'}`)
}

/** Last lines of a log file, cut to what a terminal can show. */
function tail(file: string, lines = 8): string {
  try {
    const all = readFileSync(file, 'utf8').trimEnd().split('\n')
    return all
      .slice(-lines)
      .map((line) => (line.length > 300 ? `${line.slice(0, 300)}…` : line))
      .join('\n')
  } catch {
    return `(no log in ${basename(file)})`
  }
}
