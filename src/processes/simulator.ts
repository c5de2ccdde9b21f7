import { switchesOf } from '../../providers/simulator/cloud/characters.ts'
import { startSimulator } from '../../providers/simulator/server.ts'
import type { SimulatorConfig } from '../cli/config.ts'
import { readTls, whenThere } from '../mounted.ts'
import { aborted, surroundings } from './process.ts'

/** `seca-operator simulator`: the simulated cloud, until a signal. */
export async function simulator(config: SimulatorConfig, context: { readonly signal: AbortSignal }): Promise<void> {
  const { simulatorToken, simulatorAdminToken, logLevel, character, tlsCertFile: certFile, tlsKeyFile: keyFile, ...options } = config
  const { signal, log } = surroundings('simulator', logLevel, context)
  const tls = certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile }
  if (tls !== undefined) {
    const onWait = (reason: string) => log.warn({ reason }, 'waiting for files of a Secret')
    if ((await whenThere(() => readTls(tls), { signal, onWait })) === undefined) return
  }
  const running = await startSimulator({
    ...options,
    ...(tls === undefined ? {} : { tls }),
    switches: switchesOf(character),
    token: simulatorToken,
    adminToken: simulatorAdminToken,
    log,
  })
  await aborted(signal)
  await running.stop()
}
