import { switchesOf } from '../../providers/simulator/cloud/characters.ts'
import { startSimulator } from '../../providers/simulator/server.ts'
import type { SimulatorConfig } from '../cli/config.ts'
import { aborted, surroundings } from './process.ts'

/** `seca-operator simulator`: the simulated cloud, until a signal. */
export async function simulator(config: SimulatorConfig, context: { readonly signal: AbortSignal }): Promise<void> {
  const { simulatorToken, simulatorAdminToken, logLevel, character, ...options } = config
  const { signal, log } = surroundings('simulator', logLevel, context)
  const running = await startSimulator({
    ...options,
    switches: switchesOf(character),
    token: simulatorToken,
    adminToken: simulatorAdminToken,
    log,
  })
  await aborted(signal)
  await running.stop()
}
