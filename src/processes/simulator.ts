import { switchesOf } from '../../providers/simulator/cloud/characters.ts'
import { startSimulator } from '../../providers/simulator/server.ts'
import type { SimulatorConfig } from '../cli/config.ts'
import { SecaError } from '../errors.ts'
import { whenThere } from '../tls-files.ts'
import { aborted, surroundings } from './process.ts'

/** `seca-operator simulator`: the simulated cloud, until a signal. */
export async function simulator(config: SimulatorConfig, context: { readonly signal: AbortSignal }): Promise<void> {
  const { simulatorToken, simulatorAdminToken, logLevel, character, tlsCertFile, tlsKeyFile, ...options } = config
  const { signal, log } = surroundings('simulator', logLevel, context)
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined))
    throw new SecaError('InvalidConfiguration', '--tls-cert-file and --tls-key-file belong together')
  const tls = tlsCertFile === undefined || tlsKeyFile === undefined ? undefined : { certFile: tlsCertFile, keyFile: tlsKeyFile }
  const onWait = (missing: readonly string[]) => log.info({ missing }, 'waiting for files')
  if (tls && !(await whenThere(Object.values(tls), signal, onWait))) return
  const running = await startSimulator({
    ...options,
    ...(tls ? { tls } : {}),
    switches: switchesOf(character),
    token: simulatorToken,
    adminToken: simulatorAdminToken,
    log,
  })
  await aborted(signal)
  await running.stop()
}
