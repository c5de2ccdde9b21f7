import { describe } from 'vitest'
import { createAuthority, issue } from '../../src/x509.ts'
import { SecaError } from '../../src/errors.ts'
import { createVolume } from '../../src/mounted-testing.ts'
import { type Harness, providerSuite, type Trouble } from '../../src/provider/testkit.ts'
import { installationKey, tagKey } from '../../src/provider/tags.ts'
import type { CharacterName } from './cloud/characters.ts'
import { simulator } from './index.ts'
import { CATALOGUE, MEDDLING, SAMPLES, SAMPLES_IN_PARTS } from './samples.ts'
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
    const { shortTags } = await cloud.admin.character({})
    const keys = tag === '' ? { key: '', owner: '' } : { key: tagKey(tag), owner: installationKey(tag.split('/')[0] ?? '') }
    await cloud.admin.change(id, shortTags ? keys : { tag })
  },
  async silent(work) {
    await cloud.admin.fault({ effect: 'hang' })
    await work().finally(() => cloud.admin.clearFaults())
  },
}

/** Kinds of clouds, and how far their reads lag: long enough to be met, and short enough for many tests. */
const CLOUDS: readonly { readonly characters: readonly CharacterName[]; readonly lagMs?: number; readonly isTls?: true }[] = [
  { characters: ['neat'] },
  { characters: ['tokenless'] },
  { characters: ['lagging'], lagMs: 60 },
  { characters: ['tokenless', 'lagging'], lagMs: 60 },
  { characters: ['short-tags'] },
  { characters: ['serial'] },
  { characters: ['moody'] },
  { characters: ['parts'] },
  { characters: ['parts', 'short-tags', 'tokenless'] },
  { characters: ['neat'], isTls: true },
]
/** By HTTPS nothing differs but the connection. */
const OVER_TLS = ['BlockStorage']
/** With `npm test -- --full` every kind meets reads that lag; else those that show all there is to it, since most of the time is spent waiting. */
const isFull = process.env['SECA_TEST_STRIDE'] === '1'
const kindsFor = (lagMs: number | undefined) => (lagMs === undefined || isFull ? Object.keys(TYPES) : ['BlockStorage', 'Nic'])
/** In a cloud of parts these have no object, or none of their own. */
const NOT_OWN: readonly string[] = ['RouteTable', 'InternetGateway', 'Nic']
/** Trouble that is told from the cloud's own moods. */
const SURE = ['slow', 'deleteBehind', 'changeBehind', 'retag'] as const

const authority = createAuthority('cloud-ca')
const volume = createVolume()

function tlsFlags(): readonly string[] {
  const { cert, key } = issue(authority, { commonName: 'cloud', usages: ['server'], hosts: ['127.0.0.1'] })
  volume.mount({ 'tls.crt': cert, 'tls.key': key })
  return [`--tls-cert-file=${volume.path('tls.crt')}`, `--tls-key-file=${volume.path('tls.key')}`]
}

async function start({ characters, lagMs = 0, isTls }: (typeof CLOUDS)[number]): Promise<Harness> {
  const flags = [`--character=${characters.join(',')}`, ...(isTls ? tlsFlags() : [])]
  const ca = isTls ? { ca: authority.cert } : {}
  cloud = await spawnSimulator({ latencyMs: LATENCY_MS, token: 'customer', adminToken: 'admin', flags, ...ca })
  if (lagMs > 0) await cloud.admin.character({ readLagMs: lagMs / 2, listLagMs: lagMs })
  return {
    provider: simulator,
    settings: { endpoint: cloud.url, characters, ...ca, ...(lagMs > 0 ? { settleMs: 2 * lagMs } : {}) },
    credentials: { token: 'customer' },
    wrongCredentials: { token: 'no-such-token' },
    region: 'eu-1',
    zone: 'a',
    catalogue: CATALOGUE,
    samples: characters.includes('parts') ? SAMPLES_IN_PARTS : SAMPLES,
    trouble,
    pollMs: 5,
    patienceMs: 10_000,
    manyObjects: 620,
    isMoody: characters.includes('moody'),
  }
}

describe.each(CLOUDS)('$characters $isTls', (kind) => {
  providerSuite({
    name: 'simulator',
    start: () => start(kind),
    stop: async () => {
      await cloud.stop()
      if (kind.isTls) volume.remove()
    },
    kinds: kind.isTls
      ? OVER_TLS
      : kind.characters.includes('parts')
        ? kindsFor(kind.lagMs).filter((one) => !NOT_OWN.includes(one))
        : kindsFor(kind.lagMs),
    parts: kind.characters.includes('parts') ? ['Nic'] : [],
    can: kind.characters.includes('moody')
      ? SURE
      : ['throttled', 'slow', 'dropNextCreate', 'deleteBehind', 'changeBehind', 'retag', 'silent'],
  })
})
