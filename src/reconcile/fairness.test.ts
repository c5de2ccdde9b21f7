import type * as z from 'zod'
import { describe, expect, test } from 'vitest'
import { Fault } from '../../providers/stand-in/faults.ts'
import { TENANT_LABEL, WORKSPACE_LABEL } from '../kinds/names.ts'
import type { Step } from './gate-testing.ts'
import { OPERATOR } from './replica-testing.ts'
import { createWorld } from './testing.ts'

const MINUTE = 60_000

/**
 * A leading process on one cloud with two accounts: `eu-1`, which makes gateways here, and `eu-2` (10 requests a second unless told),
 * which makes addresses, so that trouble can be ordered for one of them.
 */
async function rig({ requestsPerSecond = 10 } = {}) {
  const world = createWorld({ seed: 1 })
  const { cluster, cloud } = world
  cluster.add({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace: OPERATOR, name: 's2' }, data: { token: 'dA==' } } as never)
  const settings = { endpoint: 'http://127.0.0.1:1' }
  world.create('CloudProvider', undefined, 'two', { type: 'simulator', credentialsSecretRef: { name: 's2' }, settings, requestsPerSecond })
  world.create('Region', undefined, 'eu-2', { availableZones: ['a'], cloudProvider: 'two' })
  const workspace = (tenant: string, region: string) => {
    world.addNamespace(tenant, { [TENANT_LABEL]: tenant })
    world.addNamespace(`${tenant}-w`, { [TENANT_LABEL]: tenant, [WORKSPACE_LABEL]: 'prod' })
    world.create('Workspace', tenant, 'prod', { region })
  }
  workspace('well', 'eu-1')
  workspace('busy', 'eu-2')
  workspace('modest', 'eu-2')
  world.replica({ workers: 16 })
  await world.run(20_000)
  const stateOf = (kind: string, tenant: string, name: string) => world.get(kind, `${tenant}-w`, name)?.status?.state
  const requests = (method: string) => cloud.desk.requests.get(`${method} floating-ips`) ?? 0
  const before: Readonly<Record<string, number>> = { GET: requests('GET') }
  let writes = 0
  cluster.onChange(({ kind }) => void (kind === 'PublicIp' && writes++))
  return {
    world,
    stateOf,
    /** Of addresses, whoever wrote them. */
    writes: () => writes,
    fault: (fault: z.input<typeof Fault>) => cloud.desk.faults.add(Fault.parse({ type: 'floating-ips', times: 1_000_000, ...fault })),
    addresses(tenant: string, count: number) {
      for (let i = 0; i < count; i++) world.create('PublicIp', `${tenant}-w`, `ip-${i}`, { version: 'IPv4' })
    },
    gateway: (name: string) => world.create('InternetGateway', 'well-w', name, { egressOnly: false }),
    /** Since now. */
    requests: (method: string) => requests(method) - (before[method] ?? 0),
    active: (tenant: string, count: number) =>
      Array.from({ length: count }, (_, i) => stateOf('PublicIp', tenant, `ip-${i}`)).filter((state) => state === 'active').length,
  }
}

describe('an account that hangs', () => {
  test('holds up no other, is asked by a few, and all go on when it answers', async () => {
    const { world, stateOf, fault, addresses, gateway, requests, active, writes } = await rig({ requestsPerSecond: 1_000 })
    fault({ method: 'GET', effect: 'hang' })
    addresses('busy', 400)
    await world.run(2_000)
    gateway('g')
    await world.run(2_000)
    expect(stateOf('InternetGateway', 'well', 'g')).toBe('active')
    // Nobody's own time-out has passed: those who ask are the account's workers, less what is kept for other tenants.
    expect(requests('GET')).toBe(12)
    await world.run(10 * MINUTE)
    expect(requests('GET')).toBeLessThan(60)
    // One of the user, one of the finalizer, and a few that say so.
    expect(writes()).toBeLessThan(400 * 5)
    world.cloud.desk.faults.clear()
    await world.run(3 * MINUTE)
    expect(active('busy', 400)).toBe(400)
    expect(world.audit()).toEqual({ doubles: [], foreign: [], leaks: [], losses: [] })
  }, 60_000)

  test('leaves room for other tenants of it, in what does not hang', async () => {
    const { world, stateOf, fault, addresses } = await rig({ requestsPerSecond: 1_000 })
    fault({ method: 'GET', effect: 'hang' })
    addresses('busy', 400)
    await world.run(1_000)
    world.create('InternetGateway', 'modest-w', 'g', { egressOnly: false })
    await world.run(2_000)
    expect(stateOf('InternetGateway', 'modest', 'g')).toBe('active')
  })
})

describe('an account with 400 objects at 10 requests a second', () => {
  test('holds up no other, and no other tenant of it', async () => {
    const { world, stateOf, addresses, gateway, active } = await rig()
    addresses('busy', 400)
    await world.run(2_000)
    gateway('g')
    addresses('modest', 1)
    await world.run(2_000)
    expect(stateOf('InternetGateway', 'well', 'g')).toBe('active')
    expect(stateOf('PublicIp', 'modest', 'ip-0')).toBe('active')
    expect(active('busy', 400)).toBeLessThan(50)
    await world.run(5 * MINUTE)
    expect(active('busy', 400)).toBe(400)
  })

  test('carries out an edit within two seconds in the middle of a pass over all of them', async () => {
    const { world, addresses, active } = await rig({ requestsPerSecond: 20 })
    addresses('busy', 400)
    await world.run(2 * MINUTE)
    expect(active('busy', 400)).toBe(400)
    // Everybody is looked at once within this time, one after another.
    await world.run(8 * MINUTE)
    const took: number[] = []
    let edited = 0
    world.onStep = ({ what, when }: Step) => {
      if (when === 'leaving' && what.startsWith('cloud PATCH')) took.push(world.time.now - edited)
    }
    for (let i = 0; i < 100; i++) {
      edited = world.time.now
      await world.edit('PublicIp', 'busy-w', `ip-${i * 4}`, { metadata: { labels: { round: String(i) } } })
      await world.edit('PublicIp', 'busy-w', `ip-${i * 4}`, { spec: { address: `198.51.100.${i + 1}` } })
      await world.run(3_000)
    }
    expect(took.length).toBeGreaterThanOrEqual(100)
    expect(took.toSorted((a, b) => a - b).at(-2)).toBeLessThanOrEqual(2_000)
  })
})

describe('an account that asks for quiet', () => {
  test.each([
    [429, 0],
    [503, 0],
    [429, undefined],
  ])('by %d with Retry-After %s is not stormed', async (status, retryAfterS) => {
    const { world, fault, addresses, requests, writes, active } = await rig({ requestsPerSecond: 1_000 })
    fault({ method: 'POST', effect: 'answer', status, ...(retryAfterS === undefined ? {} : { retryAfterS }) })
    addresses('busy', 1)
    await world.run(20_000)
    expect(requests('POST')).toBeLessThan(12)
    expect(writes()).toBeLessThan(12)
    world.cloud.desk.faults.clear()
    await world.run(MINUTE)
    expect(active('busy', 1)).toBe(1)
  })

  test('for a day gets five minutes, then one request goes first, and nobody else waits', async () => {
    const { world, stateOf, fault, addresses, gateway, requests, active } = await rig({ requestsPerSecond: 1_000 })
    fault({ method: 'POST', effect: 'answer', status: 429, retryAfterS: 86_400, times: 1 })
    addresses('busy', 50)
    gateway('g')
    await world.run(5_000)
    const posts = requests('POST')
    expect(stateOf('InternetGateway', 'well', 'g')).toBe('active')
    await world.run(4 * MINUTE)
    expect(requests('POST')).toBe(posts)
    await world.run(3 * MINUTE)
    expect(active('busy', 50)).toBe(50)
  })
})

test('what is forbidden to one kind is not the account’s trouble', async () => {
  const { world, stateOf, fault, addresses } = await rig()
  fault({ effect: 'answer', status: 403, message: 'no right to reserve addresses' })
  addresses('busy', 3)
  world.create('InternetGateway', 'busy-w', 'g', { egressOnly: false })
  await world.run(20 * MINUTE)
  expect(stateOf('PublicIp', 'busy', 'ip-0')).toBe('error')
  expect(stateOf('InternetGateway', 'busy', 'g')).toBe('active')
  expect(world.get('CloudProvider', undefined, 'two')?.status?.state).toBe('active')
})
