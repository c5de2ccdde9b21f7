import type { ApiConfig, ControllersConfig, SimulatorConfig } from '../cli/config.ts'
import { createLog } from '../observe/log.ts'
import { createMetrics } from '../observe/metrics.ts'

interface Context {
  readonly signal: AbortSignal
}

/** Variable that `npm start` and the tests set for their children: end when the parent is gone, however it ended. */
export const PARENT = 'SECA_END_WITH_PARENT'

/** `seca-operator controllers` */
export async function controllers(config: ControllersConfig, context: Context): Promise<void> {
  const log = createLog({ level: config.logLevel, name: 'controllers' })
  const { runControllers } = await import('./controllers.ts')
  await runControllers(config, { signal: withParent(context.signal), log, metrics: createMetrics() })
}

/** `seca-operator api` */
export async function api(config: ApiConfig, context: Context): Promise<void> {
  const log = createLog({ level: config.logLevel, name: 'api' })
  const { runApi } = await import('./api.ts')
  await runApi(config, { signal: withParent(context.signal), log, metrics: createMetrics() })
}

/** `seca-operator simulator` */
export async function simulator(config: SimulatorConfig, context: Context): Promise<void> {
  const { startSimulator } = await import('../../providers/simulator/server.ts')
  const { simulatorToken, simulatorAdminToken, logLevel, ...options } = config
  const log = createLog({ level: logLevel, name: 'simulator' })
  const running = await startSimulator({ ...options, token: simulatorToken, adminToken: simulatorAdminToken, log })
  await aborted(withParent(context.signal))
  await running.stop()
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
