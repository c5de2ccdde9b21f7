import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { SecaError } from '../../src/errors.ts'
import { type Harness, providerSuite, type Trouble } from '../../src/provider/testkit.ts'
import { installationKey, tagKey } from '../../src/provider/tags.ts'
import type { StandIn } from '../stand-in/server.ts'
import { Documents, DOCUMENTS } from './cloud/document-testing.ts'
import { adminOf, type ArubaAdmin, startArubaCloud } from './cloud/server.ts'
import { type CharacterName, switchesOf } from './cloud/switches.ts'
import { TOKEN_PATH } from './cloud/tokens.ts'
import { aruba } from './index.ts'
import { CATALOGUE, SAMPLES } from './samples.ts'

const LATENCY_MS = 5
const TYPES: Readonly<Record<string, string>> = {
  BlockStorage: 'blockStorages',
  Workspace: 'projects',
  Image: 'snapshots',
  Network: 'vpcs',
  Subnet: 'subnets',
  SecurityGroup: 'securityGroups',
  PublicIp: 'elasticIps',
  Instance: 'cloudServers',
}
/** A field that somebody may change by hand, and that the spec decides. */
const MEDDLING: Readonly<Record<string, Readonly<Record<string, unknown>>>> = { BlockStorage: { sizeGb: 5 }, Instance: { power: 'on' } }

const documents = DOCUMENTS === undefined ? undefined : new Documents(DOCUMENTS)
let cloud: StandIn
let admin: ArubaAdmin

const idOf = (uri: string) => uri.split('/').at(-1) ?? ''
// What was being deleted may be gone by now: that is what was asked for.
const unlessGone = (error: unknown): void => {
  if (!(error instanceof SecaError && error.code === 'NotFound')) throw error
}
const remove = (id: string) => admin.remove(id).catch(unlessGone)

async function removeRules(group: string): Promise<void> {
  const { items } = await admin.inventory()
  for (const { id } of items.filter(({ type }) => type === 'securityRules')) {
    const { fields } = (await admin.object(id)) as unknown as { fields: { group: string } }
    if (fields.group === group) await remove(id)
  }
}

/** Until no list of a moment ago is good any more: what needs no request meets no trouble. */
const unlisted = () => sleep(100)

const trouble: Required<Trouble> = {
  async throttled(work) {
    await unlisted()
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
  async dropNextCreate(kind) {
    // Until what it is made of is known to all services.
    await unlisted()
    await admin.fault({ method: 'POST', type: TYPES[kind], effect: 'drop' })
  },
  deleteBehind: (_kind, uri) => remove(idOf(uri)),
  async changeBehind(kind, uri) {
    if (kind === 'SecurityGroup') await removeRules(idOf(uri))
    else await admin.change(idOf(uri), MEDDLING[kind] ?? {}).catch(unlessGone)
  },
  async retag(_kind, uri, tag) {
    await admin.change(idOf(uri), { tags: tag === '' ? [] : [tagKey(tag), installationKey(tag.split('/')[0] ?? '')] })
  },
  async silent(work) {
    await unlisted()
    // The request for a token is a POST, and would be waited for long after.
    await admin.fault({ method: 'GET', effect: 'hang' })
    await work().finally(() => admin.clearFaults())
  },
}

const { dropNextCreate: _lost, ...CALM } = trouble

/** Kinds of clouds, and how far their reads lag. */
const CLOUDS: readonly { readonly character: CharacterName; readonly settleMs: number }[] = [
  { character: 'neat', settleMs: 0 },
  { character: 'awkward', settleMs: 0 },
  { character: 'lagging', settleMs: 240 },
  { character: 'moody', settleMs: 0 },
]
const ALL = ['throttled', 'slow', 'dropNextCreate', 'deleteBehind', 'changeBehind', 'retag', 'silent'] as const
/** Trouble that is told from the cloud's own moods. */
const SURE = ['slow', 'deleteBehind', 'changeBehind', 'retag'] as const
/** With `npm test -- --full` every kind meets reads that lag; else those that show all there is to it. */
const isFull = process.env['SECA_TEST_STRIDE'] === '1'
const OTHERS = Object.keys(TYPES).filter((kind) => kind !== 'Instance' && kind !== 'Workspace')

async function start({ character, settleMs }: (typeof CLOUDS)[number], manyObjects: number, randomRuns: number): Promise<Harness> {
  cloud = await startArubaCloud({
    port: 0,
    latencyMs: LATENCY_MS,
    token: 'client-secret',
    adminToken: 'admin',
    switches: switchesOf([character]),
    onReply: (call, reply) => documents?.look(call, reply),
  })
  admin = adminOf(cloud.url, 'admin')
  return {
    provider: aruba,
    settings: { endpoint: cloud.url, tokenUrl: `${cloud.url}/${TOKEN_PATH.join('/')}`, settleMs },
    credentials: { clientId: 'client', clientSecret: 'client-secret' },
    wrongCredentials: { clientId: 'no-such-key', clientSecret: 'no-such-secret' },
    region: 'ITBG-Bergamo',
    zone: 'ITBG-1',
    catalogue: CATALOGUE,
    samples: SAMPLES,
    // Lost answers are told from moods nowhere but in a cloud that takes client tokens.
    trouble: character === 'moody' ? CALM : trouble,
    pollMs: 5,
    patienceMs: 10_000,
    manyObjects,
    randomRuns,
    isMoody: character === 'moody',
  }
}

describe.each(CLOUDS)('$character', (kind) => {
  const can: readonly (keyof Trouble)[] = kind.character === 'moody' ? SURE : ALL
  const stop = () => cloud.stop()
  const small = { start: () => start(kind, 3, 4), stop }
  const own = kind.settleMs > 0 && !isFull ? ['BlockStorage', 'SecurityGroup'] : OTHERS
  providerSuite({ name: 'aruba', start: () => start(kind, 130, 10), stop, kinds: own, can })
  // There at once, so that nobody sees it being made.
  providerSuite({ ...small, name: 'aruba, projects', kinds: ['Workspace'], can: can.filter((one) => one !== 'slow') })
  // Servers carry the tags that they were made with, and no others ever.
  providerSuite({ ...small, name: 'aruba, servers', kinds: ['Instance'], can: can.filter((one) => one !== 'retag') })
})

describe('all that was asked and answered', () => {
  test.skipIf(documents === undefined)('is as the official documents say (skipped: they are not beside this project)', () => {
    expect(documents?.complaints).toEqual([])
    expect(documents?.seen).toBeGreaterThan(1_000)
  })
})
