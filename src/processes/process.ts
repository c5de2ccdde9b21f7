import { createLog, type Log } from '../observe/log.ts'
import { createMetrics, type Metrics } from '../observe/metrics.ts'

/** Variable that `npm start` and the tests set for their children: end when the parent is gone, however it ended. */
export const PARENT = 'SECA_END_WITH_PARENT'

/** What a process that serves gets besides its settings. */
interface Surroundings {
  /** Aborted when the process is to end: by a signal, or because its parent is gone. */
  readonly signal: AbortSignal
  readonly log: Log
  readonly metrics: Metrics
}

/** Surroundings of the process `name`, which logs from `logLevel` on. */
export function surroundings(name: string, logLevel: string, { signal }: { readonly signal: AbortSignal }): Surroundings {
  return { signal: withParent(signal), log: createLog({ level: logLevel, name }), metrics: createMetrics() }
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

// The parent holds the other end of our stdin: it closes when the parent is gone, killed or not.
function withParent(signal: AbortSignal): AbortSignal {
  if (process.env[PARENT] === undefined) return signal
  const orphaned = new AbortController()
  process.stdin.once('close', () => orphaned.abort(new Error('the parent process is gone')))
  process.stdin.on('error', () => {}).resume()
  process.stdin.unref()
  return AbortSignal.any([signal, orphaned.signal])
}
