import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { OpenStackConfig } from '../cli/developer-config.ts'
import { SecaError } from '../errors.ts'

/** Installs, starts and stops OpenStack: keystone, glance, placement, nova, neutron and cinder with back-ends that exist on paper only. */
export const BED = join(import.meta.dirname, '../../e2e/openstack/bed/main.ts')

/** `npm run openstack`: until Ctrl-C. */
export function runOpenStack({ folder }: OpenStackConfig, { signal }: { signal: AbortSignal }): Promise<number> {
  if (!existsSync(BED))
    throw new SecaError('InvalidConfiguration', 'OpenStack is part of the source repository and is not in this installation')
  const child = spawn(process.execPath, [BED, `--folder=${folder}`], { stdio: 'inherit' })
  signal.addEventListener('abort', () => child.kill('SIGTERM'))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}
