import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type SpawnedSimulator, spawnSimulator } from '../../providers/simulator/spawn.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import { applyObject } from '../../src/processes/install.ts'
import { expectNoLeak, expectOneCreateEach, wipe } from '../support/audit.ts'
import { applyManifests, eventually, OPERATOR_NAMESPACE, type Stack, startStack } from '../support/harness.ts'
import { conditionOf, Tenant } from '../support/tenant.ts'
import { isSimulated } from '../support/names.ts'

/** What somebody in a healthy account waits at most, on a slow machine. */
const SOON_MS = 15_000

let stack: Stack
/** A cloud with an account of its own. */
let other: SpawnedSimulator
let owner: Tenant
let region = ''
beforeAll(async () => {
  stack = await startStack()
  other = await spawnSimulator({ latencyMs: 20, token: 'tok', adminToken: 'adm' })
  owner = new Tenant(stack)
  region = `${owner.name}-r`
  await applyObject(stack.client, KUBERNETES.Secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: owner.name, namespace: OPERATOR_NAMESPACE },
    stringData: { token: 'tok' },
  })
  await owner.apply(
    owner.of('CloudProvider', owner.name, {
      type: 'simulator',
      credentialsSecretRef: { name: owner.name },
      settings: { endpoint: other.url },
      requestsPerSecond: 1_000,
    }),
    owner.of('Region', region, { availableZones: ['a'], cloudProvider: owner.name }),
  )
  await owner.ready('Region', region)
})
afterAll(async () => {
  await other.admin.clearFaults()
  await stack.cloud.clearFaults()
  await stack.restart('controllers')
  await wipe(stack)
  await owner.delete('Region', region)
  await owner.gone('Region', region)
  await owner.delete('CloudProvider', owner.name)
  await owner.gone('CloudProvider', owner.name)
  await other.stop()
  await stack.stop()
})

const address = (tenant: Tenant, name: string) => tenant.of('PublicIp', name, { version: 'IPv4' })
const addresses = (tenant: Tenant, count: number) => Array.from({ length: count }, (_, i) => address(tenant, `ip-${i}`))
const requests = async (cloud: { stats(): ReturnType<Stack['cloud']['stats']> }, key: string) => (await cloud.stats()).requests[key] ?? 0
const setRate = (requestsPerSecond: number) =>
  owner.edit('CloudProvider', owner.name, { spec: { requestsPerSecond, burst: requestsPerSecond } })

async function inOther(): Promise<Tenant> {
  const tenant = await Tenant.make(stack, { region })
  await tenant.ready('Workspace', tenant.workspace)
  return tenant
}

async function healthy(): Promise<Tenant> {
  const tenant = await Tenant.make(stack)
  await tenant.ready('Workspace', tenant.workspace)
  return tenant
}

describe.skipIf(!isSimulated)('one account beside another', () => {
  it('a cloud that hangs holds up nobody else, and is not asked by everybody', async () => {
    const [sick, well] = [await inOther(), await healthy()]
    await other.admin.fault({ method: 'GET', type: 'floating-ips', effect: 'hang', times: 1_000_000 })
    const before = await requests(other.admin, 'GET floating-ips')
    await applyManifests(addresses(sick, 60))
    await eventually(async () => (await requests(other.admin, 'GET floating-ips')) > before)
    await well.apply(address(well, 'one'))
    await well.ready('PublicIp', 'one', SOON_MS)
    expect((await requests(other.admin, 'GET floating-ips')) - before).toBeLessThanOrEqual(16)
    await other.admin.clearFaults()
    // A request that hangs ends after 30 s; then all go on.
    for (const { metadata } of addresses(sick, 60)) await sick.ready('PublicIp', metadata.name, 90_000)
    await expectOneCreateEach({ cloud: other.admin }, sick)
  }, 200_000)

  it('400 objects at 10 requests a second hold up no other account, and no other tenant of theirs', async () => {
    const [busy, modest, well] = [await inOther(), await inOther(), await healthy()]
    await setRate(10)
    await applyManifests(addresses(busy, 400))
    await eventually(async () => (await other.admin.inventory()).items.some(({ tag }) => tag.includes(`/tenants/${busy.name}/`)))
    await Promise.all([well.apply(address(well, 'one')), modest.apply(address(modest, 'one'))])
    await Promise.all([well.ready('PublicIp', 'one', SOON_MS), modest.ready('PublicIp', 'one', SOON_MS)])
    const made = (await other.admin.inventory()).items.filter(({ tag }) => tag.includes(`/tenants/${busy.name}/`)).length
    expect(made).toBeLessThan(400)
    await setRate(1_000)
    await busy.ready('PublicIp', 'ip-399', 60_000)
  }, 200_000)
})

describe.skipIf(!isSimulated)('one account', () => {
  it.each([429, 503])('is not stormed when it says %d and Retry-After: 0', async (status) => {
    const tenant = await healthy()
    const writes = async () => {
      const metrics = await (await fetch(`${stack.healthUrl}/metrics`)).text()
      return Number(/seca_kube_requests_total\{verb="apply",resource="publicips",code="200"\} (\d+)/.exec(metrics)?.[1] ?? 0)
    }
    const before = { posts: await requests(stack.cloud, 'POST floating-ips'), writes: await writes() }
    await stack.cloud.fault({ method: 'POST', type: 'floating-ips', effect: 'answer', status, retryAfterS: 0, times: 1_000_000 })
    await tenant.apply(address(tenant, 'ip'))
    await eventually(async () => (await requests(stack.cloud, 'POST floating-ips')) > before.posts)
    await sleep(10_000)
    expect((await requests(stack.cloud, 'POST floating-ips')) - before.posts).toBeLessThanOrEqual(12)
    expect((await writes()) - before.writes).toBeLessThanOrEqual(12)
    await stack.cloud.clearFaults()
    await tenant.ready('PublicIp', 'ip')
    await expectNoLeak(stack, tenant)
  })

  it('goes on when one kind of request is forbidden', async () => {
    const tenant = await healthy()
    await stack.cloud.fault({
      type: 'floating-ips',
      effect: 'answer',
      status: 403,
      message: 'no right to reserve addresses',
      times: 1_000_000,
    })
    await tenant.apply(address(tenant, 'ip'), tenant.of('InternetGateway', 'gate', { egressOnly: false }))
    await tenant.stuck('PublicIp', 'ip', 'Stalled', 'Rejected', 'no right to reserve addresses')
    await tenant.ready('InternetGateway', 'gate', SOON_MS)
    await tenant.annotate('CloudProvider', 'simulator', { 'secapi.cloud/requested': tenant.name })
    await tenant.ready('CloudProvider', 'simulator', SOON_MS)
    await stack.cloud.clearFaults()
    await tenant.annotate('PublicIp', 'ip', { 'secapi.cloud/requested': 'again' })
    await tenant.ready('PublicIp', 'ip')
  })

  it('that is another one is refused while objects live in the old one', async () => {
    const tenant = await inOther()
    const { status } = await owner.ready('CloudProvider', owner.name)
    const spec = (await owner.get('CloudProvider', owner.name)).spec
    const simulator = await owner.get('CloudProvider', 'simulator')
    expect(status?.['account']).toEqual(expect.any(String))
    expect(simulator.status?.['account']).not.toBe(status?.['account'])
    await owner.edit('CloudProvider', owner.name, {
      spec: { credentialsSecretRef: simulator.spec['credentialsSecretRef'], settings: simulator.spec['settings'] },
    })
    await owner.stuck('CloudProvider', owner.name, 'Stalled', 'AccountChanged', `objects live in account ${String(status?.['account'])}`)
    await tenant.apply(address(tenant, 'ip'))
    await tenant.until('PublicIp', 'ip', (object) => conditionOf(object, 'Ready')?.status === 'False')
    expect((await stack.cloud.inventory()).items.filter(({ tag }) => tag.includes(`/tenants/${tenant.name}/`))).toEqual([])
    await owner.edit('CloudProvider', owner.name, {
      spec: { credentialsSecretRef: spec['credentialsSecretRef'], settings: spec['settings'] },
    })
    await owner.ready('CloudProvider', owner.name)
    await tenant.ready('PublicIp', 'ip')
  })

  it('that asks for a day of quiet is given less, and others go on', async () => {
    const [paused, well] = [await inOther(), await healthy()]
    await other.admin.fault({ method: 'POST', type: 'floating-ips', effect: 'answer', status: 429, retryAfterS: 86_400 })
    await paused.apply(address(paused, 'ip'))
    await paused.stuck('PublicIp', 'ip', 'Ready', 'Throttled', '')
    await well.apply(address(well, 'one'))
    await well.ready('PublicIp', 'one', SOON_MS)
    // Quiet it is, meanwhile.
    const before = await requests(other.admin, 'GET floating-ips')
    await paused.apply(address(paused, 'next'))
    await paused.stuck('PublicIp', 'next', 'Ready', 'Throttled', 'the account waits')
    expect(await requests(other.admin, 'GET floating-ips')).toBe(before)
  })
})
