import { SecaError } from '../../src/errors.ts'
import { type Harness, providerSuite, type Trouble } from '../../src/provider/testkit.ts'
import { simulator } from './index.ts'
import { CATALOGUE, MEDDLING, SAMPLES } from './samples.ts'
import { type SpawnedSimulator, spawnSimulator } from './spawn.ts'

const LATENCY_MS = 5
const TYPES: Readonly<Record<string, string>> = {
  Workspace: 'projects',
  BlockStorage: 'volumes',
  Image: 'templates',
  Instance: 'servers',
  Network: 'vpcs',
  Subnet: 'segments',
  RouteTable: 'routers',
  InternetGateway: 'uplinks',
  SecurityGroup: 'firewalls',
  SecurityGroupRule: 'filters',
  Nic: 'ports',
  PublicIp: 'floating-ips',
}
let cloud: SpawnedSimulator

const trouble: Required<Trouble> = {
  async throttled(work) {
    await cloud.admin.throttle({ requestsPerSecond: 0.001, retryAfterS: 7 })
    await cloud.admin.fault({ effect: 'answer', status: 429, retryAfterS: 7 })
    await work().finally(() => Promise.all([cloud.admin.throttle(null), cloud.admin.clearFaults()]))
  },
  async slow(work) {
    await cloud.admin.latency(3_600_000)
    await work().finally(async () => {
      await cloud.admin.latency(LATENCY_MS)
      await cloud.admin.finish()
    })
  },
  dropNextCreate: (kind) => cloud.admin.fault({ method: 'POST', type: TYPES[kind], effect: 'drop' }),
  // What was being deleted may be gone by now: that is what was asked for.
  deleteBehind: (_kind, id) =>
    cloud.admin.remove(id).catch((error: unknown) => {
      if (!(error instanceof SecaError && error.code === 'NotFound')) throw error
    }),
  async changeBehind(kind, id) {
    await cloud.admin.change(id, MEDDLING[kind] ?? {})
  },
  async retag(_kind, id, tag) {
    await cloud.admin.change(id, { tag })
  },
  async silent(work) {
    await cloud.admin.fault({ effect: 'hang' })
    await work().finally(() => cloud.admin.clearFaults())
  },
}

async function start(): Promise<Harness> {
  cloud = await spawnSimulator({ latencyMs: LATENCY_MS, token: 'customer', adminToken: 'admin' })
  return {
    provider: simulator,
    settings: { endpoint: cloud.url },
    credentials: { token: 'customer' },
    wrongCredentials: { token: 'no-such-token' },
    region: 'eu-1',
    zone: 'a',
    catalogue: CATALOGUE,
    samples: SAMPLES,
    trouble,
    pollMs: 5,
    patienceMs: 10_000,
    manyObjects: 620,
  }
}

providerSuite({
  name: 'simulator',
  start,
  stop: async () => void (await cloud.stop()),
  kinds: Object.keys(TYPES),
  can: ['throttled', 'slow', 'dropNextCreate', 'deleteBehind', 'changeBehind', 'retag', 'silent'],
})
