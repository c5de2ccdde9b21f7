import { createProgress } from '../../src/cli/progress.ts'
import type { OtherCloud } from '../support/test-cloud.ts'
import { OpenStackApi } from './api.ts'
import { OpenStackCloud } from './as-cloud.ts'
import { startOpenStack } from './bed/bed.ts'
import { Faults } from './faults.ts'
import { provide } from './provide.ts'

/** An OpenStack of its own, in the simulated cloud's place: the account has the same name. */
export async function openStackForEngine(): Promise<OtherCloud> {
  const faults = new Faults()
  const announced = await faults.open()
  const openstack = await startOpenStack({ progress: createProgress(process.stdout), announced })
  faults.lead(openstack.ports)
  const [api, admin] = [openstack.demo, openstack.admin].map((user) => new OpenStackApi(user, openstack.ports))
  return {
    cloud: new OpenStackCloud({ api: api!, admin: admin!, faults }),
    cloudUrl: openstack.demo.authUrl,
    provide: (client) =>
      provide(client, { name: 'simulator', region: openstack.region, user: openstack.demo, settings: { settleMs: 1_000 } }),
    away: () => faults.away(),
    back: () => faults.back(announced),
    async stop() {
      await openstack.stop()
      await faults.close()
    },
  }
}
