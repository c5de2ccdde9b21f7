import { describe } from 'vitest'
import { openstack } from '../../providers/openstack/index.ts'
import { CATALOGUE, SAMPLES } from '../../providers/openstack/samples.ts'
import { createProgress } from '../../src/cli/progress.ts'
import { type Harness, providerSuite } from '../../src/provider/testkit.ts'
import { OpenStackApi } from './api.ts'
import { type OpenStack, startOpenStack } from './bed/bed.ts'
import { lackingForOpenStack } from './bed/venv.ts'
import { Faults } from './faults.ts'
import { networkTrouble, troubleOf } from './trouble.ts'

/** With `npm test -- --full`, or by SECA_E2E_KINDS, more of them: each takes a minute or two on a real cloud. */
const QUICK = 'Network,BlockStorage'
const ALL = 'Network,RouteTable,Subnet,SecurityGroup,PublicIp,Nic,BlockStorage,Image,Instance'
const KINDS = (process.env['SECA_E2E_KINDS'] ?? (process.env['SECA_TEST_STRIDE'] === '1' ? ALL : QUICK)).split(',')

let cloud: OpenStack
const faults = new Faults()

async function start(): Promise<Harness> {
  const announced = await faults.open()
  cloud = await startOpenStack({ progress: createProgress(process.stdout), announced })
  faults.lead(cloud.ports)
  const { demo } = cloud
  const auth = { auth_url: demo.authUrl, project_name: demo.project, project_domain_id: 'default', user_domain_id: 'default' }
  return {
    provider: openstack,
    settings: { cloud: { auth }, settleMs: 0 },
    credentials: { username: demo.username, password: demo.password },
    wrongCredentials: { username: demo.username, password: 'no-such-password' },
    region: 'eu-1',
    zone: 'nova',
    catalogue: CATALOGUE,
    samples: SAMPLES,
    trouble: { ...troubleOf(new OpenStackApi(demo)), ...networkTrouble(faults) },
    pollMs: 100,
    patienceMs: 60_000,
    manyObjects: 40,
    randomRuns: 4,
  }
}

describe.skipIf((await lackingForOpenStack()) !== undefined)('OpenStack', () => {
  const stop = async () => {
    await cloud.stop()
    await faults.close()
  }
  // Operations of fake back-ends are over at once: none can be made slow.
  const can = ['throttled', 'silent', 'dropNextCreate', 'deleteBehind', 'changeBehind', 'retag'] as const
  providerSuite({ name: 'openstack', start, stop, kinds: KINDS, can })
})
