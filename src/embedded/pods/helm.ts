import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { endingError, startChild } from '../process/child.ts'
import { readPids, writePids } from '../process/leftovers.ts'

/** The chart of this checkout. */
export const CHART = join(import.meta.dirname, '../../../charts/seca-operator')

/** Environment in which Helm has nothing of the user's own: settings, repositories, plugins, the current cluster. */
export function helmEnv(home: string, kubeconfig = '/dev/null'): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: home,
    HELM_CACHE_HOME: home,
    HELM_CONFIG_HOME: home,
    HELM_DATA_HOME: home,
    KUBECONFIG: kubeconfig,
  }
}

interface HelmOptions {
  /** Path of Helm. */
  readonly program: string
  readonly kubeconfig: string
  /** Data folder of `npm start`: of the log, and of the note with which a later start finds a Helm that was left behind. */
  readonly folder: string
  readonly signal: AbortSignal
}

/** Runs Helm to its end; `args` name a file in the data folder. At the signal it may end in order: else it would find its own release under way for good. */
export async function runHelm(args: readonly string[], { program, kubeconfig, folder, signal }: HelmOptions): Promise<void> {
  const home = join(folder, 'helm')
  mkdirSync(home, { recursive: true })
  signal.throwIfAborted()
  const logFile = join(folder, 'logs', 'helm.log')
  const child = await startChild({ name: 'helm', command: program, args, logFile, graceMs: 20_000, env: helmEnv(home, kubeconfig) })
  writePids(folder, { ...readPids(folder), helm: child.pid })
  const stop = () => void child.stop()
  signal.addEventListener('abort', stop)
  const ending = await child.ended
  signal.removeEventListener('abort', stop)
  signal.throwIfAborted()
  if (ending.how !== 'exit code 0') throw endingError(ending)
}
