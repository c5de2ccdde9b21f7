import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { applyManifests, eventually, kubectl, type Stack, startStack } from '../support/harness.ts'
import { expectNoLeak, expectOneCreateEach, inventoryOf, mutationsOf, objectsOf, wipe } from '../support/audit.ts'
import { everything, type Manifest, to } from '../support/manifest.ts'
import { holder, startReplica } from '../support/replica.ts'
import { conditionOf, Tenant } from '../support/tenant.ts'
import { isSimulated } from '../support/names.ts'

/** A short Lease, so that who comes next works soon; few workers, so that there is a middle of the work to be killed in. */
const FLAGS = ['--lease=2s', '--lease-renew=1500ms', '--lease-retry=250ms', '--workers=4']

/** How often the controllers are killed at the most, while objects are made and again while they go. */
const KILLS = Number(process.env['SECA_E2E_KILLS'] ?? 4)

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ flags: FLAGS })
})
afterEach(async () => {
  await stack.cloud.clearFaults()
  await stack.cloud.throttle(null)
})
afterAll(async () => {
  await wipe(stack).finally(() => stack.stop())
})

/** More than forty objects of all kinds. */
function crowd(tenant: Tenant): Manifest[] {
  const numbers = Array.from({ length: 7 }, (_, i) => i)
  return [
    ...everything(tenant, tenant.workspace),
    ...numbers.map((i) =>
      tenant.of('BlockStorage', `boot-${i}`, { sizeGB: 60, skuRef: to('skus/rd500'), sourceImageRef: to('images/base') }),
    ),
    ...numbers.map((i) =>
      tenant.of('Nic', `nic-${i}`, { subnetRef: to('networks/main/subnets/front'), publicIpRefs: [to(`public-ips/ip-${i}`)] }),
    ),
    ...numbers.map((i) => tenant.of('PublicIp', `ip-${i}`, { version: 'IPv4' })),
    ...numbers.map((i) =>
      tenant.of('Instance', `vm-${i}`, {
        skuRef: to('skus/ds'),
        zone: 'a',
        bootVolume: { deviceRef: to(`block-storages/boot-${i}`) },
        primaryNicRef: to(`nics/nic-${i}`),
        powerState: i % 2 === 0 ? 'on' : 'off',
      }),
    ),
  ]
}

describe('controllers that are killed', () => {
  // Printed when it fails, so that it can be tried again.
  const seed = Date.now() % 1_000_000
  let state = seed
  /** The next of a row of random numbers, from 1 to `most`. */
  const random = (most: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return 1 + Math.floor((state / 2_147_483_648) * most)
  }

  /** Kills the controllers again and again, each time after a few more changes in the cloud, until there were `kills` or `isDone`. */
  async function killing(tenant: Tenant, kills: number, isDone: () => Promise<boolean>): Promise<number> {
    for (let done = 0; done < kills; done++) {
      const wanted = (await mutationsOf(stack, tenant)).length + random(9)
      await eventually(async () => (await mutationsOf(stack, tenant)).length >= wanted || (await isDone()), { everyMs: 10 })
      if (await isDone()) return done
      await stack.kill('controllers')
      await stack.restart('controllers')
    }
    return kills
  }

  it(`make no duplicate and no leak, whenever it happens (seed ${seed})`, { timeout: 300_000 }, async () => {
    const tenant = await Tenant.make(stack, { bare: true })
    const manifests = crowd(tenant)
    await stack.cloud.latency(150)
    // Now and then an answer is lost on top: the cloud did it, and nobody knows.
    for (const after of [2, 5, 9, 14]) await stack.cloud.fault({ method: 'POST', effect: 'drop', after })
    await applyManifests(manifests.toReversed())
    const isMade = async () => (await inventoryOf(stack, tenant)).length >= 14 + 28
    expect(await killing(tenant, KILLS, isMade)).toBeGreaterThan(2)
    await tenant.allReady(manifests, 120_000)
    await expectNoLeak(stack, tenant)
    await expectOneCreateEach(stack, tenant)
    expect(await tenant.events({ reason: 'Recreating' })).toEqual([])
    for (const i of [0, 1]) expect(await tenant.behind('Instance', `vm-${i}`)).toMatchObject({ power: i === 0 ? 'on' : 'off' })

    for (const after of [1, 4]) await stack.cloud.fault({ method: 'DELETE', effect: 'drop', after })
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests })
    const deleted = kubectl(['delete', '-f', '-', '--timeout=180s'], { input })
    const isGone = async () => (await inventoryOf(stack, tenant)).length === 0
    expect(await killing(tenant, KILLS, isGone)).toBeGreaterThan(1)
    await deleted
    expect(await objectsOf(stack, tenant)).toEqual([])
    expect(await inventoryOf(stack, tenant)).toEqual([])
    await expectOneCreateEach(stack, tenant)
    await stack.cloud.latency(50)
  })

  it('are replaced by a standby', async () => {
    const standby = await startReplica({ kubeconfig: stack.kubeconfig, flags: FLAGS })
    try {
      const tenant = await Tenant.make(stack)
      await tenant.ready('Workspace', tenant.workspace)
      expect(await standby.isHolder()).toBe(false)
      await stack.kill('controllers')
      const manifests = everything(tenant, tenant.workspace)
      await applyManifests(manifests)
      await tenant.allReady(manifests)
      expect(await standby.isHolder()).toBe(true)
      await expectNoLeak(stack, tenant)
      await expectOneCreateEach(stack, tenant)
      // And back again: who stops in order lets the next one in at once.
      await stack.restart('controllers')
      await standby.stop()
      await tenant.edit('BlockStorage', 'data', { spec: { sizeGB: 120 } })
      await tenant.ready('BlockStorage', 'data')
      expect(stack.logs('controllers')).toContain(await holder())
    } finally {
      await standby.stop()
    }
  })
})

describe('a cloud in trouble', () => {
  it('that is away for a while: what is there stays ready, what is new waits, all goes on by itself', async () => {
    const tenant = await Tenant.make(stack)
    const [kept, changed, deleted, added] = ['kept', 'changed', 'deleted', 'added'].map((name) =>
      tenant.of('BlockStorage', name, { sizeGB: 60, skuRef: to('skus/rd500') }),
    )
    await tenant.apply(kept!, changed!, deleted!)
    await tenant.allReady([kept!, changed!, deleted!])
    const before = await tenant.get('BlockStorage', 'kept')
    await stack.kill('simulator')
    await tenant.apply(added!)
    await tenant.edit('BlockStorage', 'changed', { spec: { sizeGB: 80 } })
    await tenant.delete('BlockStorage', 'deleted')
    const waiting = await tenant.stuck('BlockStorage', 'added', 'Ready', 'ProviderUnavailable', 'the cloud cannot be reached')
    expect(waiting.status?.state).toBe('pending')
    expect((await tenant.stuck('BlockStorage', 'changed', 'Ready', 'ProviderUnavailable', 'cannot be reached')).status?.state).toBe(
      'updating',
    )
    await tenant.stuck('BlockStorage', 'deleted', 'Ready', 'ProviderUnavailable', 'cannot be reached')
    expect((await tenant.get('BlockStorage', 'kept')).metadata.resourceVersion).toBe(before.metadata.resourceVersion)
    await stack.restart('simulator')
    await tenant.ready('BlockStorage', 'added', 120_000)
    await tenant.ready('BlockStorage', 'changed', 120_000)
    await tenant.gone('BlockStorage', 'deleted', 120_000)
    expect(await tenant.behind('BlockStorage', 'changed')).toMatchObject({ size_gb: 80 })
    await expectNoLeak(stack, tenant)
    await expectOneCreateEach(stack, tenant)
  })

  it('that loses answers makes no duplicate', async () => {
    const tenant = await Tenant.make(stack)
    await tenant.ready('Workspace', tenant.workspace)
    await stack.cloud.fault({ method: 'POST', effect: 'drop', times: 6 })
    const manifests = everything(tenant, tenant.workspace)
    await applyManifests(manifests)
    await tenant.allReady(manifests)
    await expectNoLeak(stack, tenant)
    await expectOneCreateEach(stack, tenant)
  })

  it.skipIf(!isSimulated)('that asks for patience with Retry-After gets it', async () => {
    const tenant = await Tenant.make(stack)
    await tenant.ready('Workspace', tenant.workspace)
    await stack.cloud.fault({
      method: 'POST',
      type: 'filters',
      effect: 'answer',
      status: 429,
      retryAfterS: 4,
      message: 'one at a time please',
    })
    const requests = async () => (await stack.cloud.stats()).requests['POST filters'] ?? 0
    const before = await requests()
    const start = performance.now()
    await tenant.apply(tenant.of('SecurityGroupRule', 'rule', { direction: 'ingress' }))
    const throttled = await tenant.stuck('SecurityGroupRule', 'rule', 'Ready', 'Throttled', 'one at a time please')
    expect(throttled.status?.state).not.toBe('error')
    await tenant.ready('SecurityGroupRule', 'rule')
    expect(performance.now() - start).toBeGreaterThan(4_000)
    expect((await requests()) - before).toBe(2)
  })

  it.skipIf(!isSimulated)('that throttles gets what it can serve, and everything converges', async () => {
    const tenant = await Tenant.make(stack)
    await tenant.ready('Workspace', tenant.workspace)
    await stack.cloud.throttle({ requestsPerSecond: 15, burst: 15, retryAfterS: 1 })
    const manifests = Array.from({ length: 20 }, (_, i) => tenant.of('SecurityGroup', `group-${i}`, {}))
    await applyManifests(manifests)
    await tenant.allReady(manifests, 120_000)
    await expectOneCreateEach(stack, tenant)
    for (const { metadata } of manifests) expect(conditionOf(await tenant.get('SecurityGroup', metadata.name), 'Stalled')).toBeUndefined()
  })
})
