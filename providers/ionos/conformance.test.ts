import { afterAll, describe, expect, test } from 'vitest'
import { SecaError } from '../../src/errors.ts'
import { installationKey, tagKey } from '../../src/provider/tags.ts'
import { type Harness, providerSuite, type Trouble } from '../../src/provider/testkit.ts'
import type { StandIn } from '../stand-in/server.ts'
import { ionosDocument, witness } from './cloud/document-testing.ts'
import { IonosAdmin, startIonos } from './cloud/server.ts'
import { type CharacterName, switchesOf } from './cloud/switches.ts'
import { ionos } from './index.ts'
import { marked, unmarked } from './names.ts'
import { CATALOGUE, MEDDLING, SAMPLES } from './samples.ts'

const LATENCY_MS = 4
const TYPES: Readonly<Record<string, string>> = {
  Workspace: 'datacenters',
  BlockStorage: 'volumes',
  Image: 'snapshots',
  Instance: 'servers',
  Subnet: 'lans',
  InternetGateway: 'lans',
  SecurityGroup: 'securitygroups',
  PublicIp: 'ipblocks',
  Nic: 'nics',
}

let cloud: StandIn
let admin: IonosAdmin
const DOCUMENT = ionosDocument()
const seen = DOCUMENT && witness(DOCUMENT)

/** Id in the stand-in of what the adapter knows by a whole one. */
const storedId = (kind: string, id: string) => (TYPES[kind] === 'lans' ? id.replace('/', '/lans/') : (id.split('/').at(-1) ?? ''))

const trouble: Required<Trouble> = {
  async throttled(work) {
    await admin.throttle({ requestsPerSecond: 0.001, retryAfterS: 7 })
    await admin.fault({ effect: 'answer', status: 429, retryAfterS: 7 })
    await work().finally(() => Promise.all([admin.throttle(null), admin.clearFaults()]))
  },
  async slow(work) {
    await admin.latency(3_600_000)
    await work().finally(async () => {
      await admin.latency(LATENCY_MS)
      await admin.finish()
    })
  },
  dropNextCreate: (kind) => admin.fault({ method: 'POST', type: TYPES[kind], effect: 'drop' }),
  deleteBehind: (kind, id) =>
    admin.remove(storedId(kind, id)).catch((error: unknown) => {
      if (!(error instanceof SecaError && error.code === 'NotFound')) throw error
    }),
  async changeBehind(kind, id) {
    if (kind !== 'SecurityGroup') return void (await admin.change(storedId(kind, id), MEDDLING[kind] ?? {}))
    await admin.create('rules', { parent: storedId(kind, id), protocol: 'ANY' })
  },
  async retag(kind, id, tag) {
    const { name } = await admin.object(storedId(kind, id))
    const bare = unmarked(String(name))
    const mark = { tagKey: tagKey(tag), installationKey: installationKey(tag.split('/')[0] ?? ''), incarnation: 'x' }
    await admin.change(storedId(kind, id), { name: tag === '' ? bare : marked(bare, mark) })
  },
  async silent(work) {
    await admin.fault({ effect: 'hang' })
    await work().finally(() => admin.clearFaults())
  },
}

async function start(character: CharacterName): Promise<Harness> {
  cloud = await startIonos({
    port: 0,
    latencyMs: LATENCY_MS,
    token: 'customer',
    adminToken: 'admin',
    switches: switchesOf([character]),
    ...(seen === undefined ? {} : { onReply: seen.onReply }),
  })
  admin = new IonosAdmin({ url: cloud.url, adminToken: 'admin' })
  return {
    provider: ionos,
    settings: { endpoint: `${cloud.url}/cloudapi/v6`, settleMs: character === 'awkward' ? 150 : 0 },
    credentials: { token: 'customer' },
    wrongCredentials: { token: 'no-such-token' },
    region: 'eu-1',
    cloudRegion: 'de/txl',
    zone: 'ZONE_1',
    catalogue: CATALOGUE,
    samples: SAMPLES,
    trouble,
    pollMs: 5,
    patienceMs: 20_000,
    // More than a page; what waits in the queue of the data center is in no list of the awkward one.
    manyObjects: character === 'awkward' ? 15 : 105,
    randomRuns: 10,
    isMoody: character === 'moody',
  }
}

/** With `npm test -- --full` every kind meets every habit. */
const isFull = process.env['SECA_TEST_STRIDE'] === '1'
const OWN = Object.keys(TYPES).filter((kind) => kind !== 'Nic')

const ALL = ['throttled', 'dropNextCreate', 'deleteBehind', 'changeBehind', 'retag', 'silent'] as const
const CAN = {
  neat: [...ALL, 'slow'],
  // What is being made is in no list there.
  awkward: ALL,
  moody: ['slow', 'deleteBehind', 'changeBehind', 'retag'],
} as const

describe.each(['neat', 'awkward', 'moody'] as const)('%s', (character) => {
  const isNeat = character === 'neat'
  providerSuite({
    name: 'ionos',
    start: () => start(character),
    stop: () => cloud.stop(),
    kinds: isNeat || isFull ? OWN : ['BlockStorage', 'Instance'],
    parts: ['Nic'],
    can: CAN[character],
  })
})

describe('every request and answer of these tests', () => {
  afterAll(() => seen?.complaints.clear())
  test.skipIf(!DOCUMENT)("is as IONOS's own document says", () => {
    expect([...(seen?.complaints ?? [])]).toEqual([])
  })
})
