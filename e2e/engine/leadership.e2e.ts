import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { CLAIM } from '../../src/kinds/names.ts'
import { inventoryOf, mutationsOf, wipe } from '../support/audit.ts'
import { applyManifests, eventually, kubectl, type Stack, startStack } from '../support/harness.ts'
import { to } from '../support/manifest.ts'
import { type Plane, startPlane } from '../support/plane.ts'
import { type Replica, startReplica } from '../support/replica.ts'
import { Tenant } from '../support/tenant.ts'

const FLAGS = ['--lease=4s', '--lease-renew=3s', '--lease-retry=1s']
/** Objects of a test, more than are made before the leader is stopped. */
const MANY = 60
const volume = (tenant: Tenant, name: string) => tenant.of('BlockStorage', name, { sizeGB: 60, skuRef: to('skus/rd500') })
const metricOf = async (url: string, name: string) =>
  Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)$`, 'm').exec(await (await fetch(`${url}/metrics`)).text())?.[1])

describe('two replicas', () => {
  let stack: Stack
  let a: Replica
  let b: Replica
  beforeAll(async () => {
    stack = await startStack({ flags: FLAGS })
  })
  afterEach(async () => {
    for (const replica of [a, b]) {
      replica.signal('SIGCONT')
      await replica.stop()
    }
    await stack.restart('controllers')
  })
  afterAll(async () => {
    await wipe(stack).finally(() => stack.stop())
  })

  /**
   * `a` leads, `b` stands by, and a tenant's account has a budget that keeps every worker waiting for its turn: who is stopped has
   * changes that are due before the next renewal of the Lease.
   */
  async function begin(): Promise<Tenant> {
    await stack.halt('controllers')
    a = await startReplica({ kubeconfig: stack.kubeconfig, flags: FLAGS })
    await eventually(() => a.isHolder())
    b = await startReplica({ kubeconfig: stack.kubeconfig, flags: FLAGS })
    const owner = new Tenant(stack)
    const { settings } = (await owner.get('CloudProvider', 'simulator')).spec
    const [account, region] = [`${owner.name}-c`, `${owner.name}-r`]
    await owner.apply(
      owner.of('CloudProvider', account, {
        type: 'simulator',
        credentialsSecretRef: { name: 'simulator-credentials' },
        settings,
        requestsPerSecond: 20,
        burst: 1,
      }),
      owner.of('Region', region, { availableZones: ['a'], cloudProvider: account }),
      owner.of('StorageSku', `${region}.rd500`, { region, iops: 500, type: 'remote-durable', minVolumeSize: 50 }),
    )
    await owner.ready('Region', region)
    const tenant = await Tenant.make(stack, { region })
    await tenant.ready('Workspace', tenant.workspace)
    return tenant
  }

  const volumesOf = async (tenant: Tenant) => (await inventoryOf(stack, tenant)).filter(({ type }) => type === 'volumes')

  it('a leader stopped for longer than its Lease changes nothing when it goes on, and leads again when it is its turn', async () => {
    const tenant = await begin()
    await applyManifests(Array.from({ length: MANY }, (_, index) => volume(tenant, `v${index}`)))
    await eventually(async () => (await mutationsOf(stack, tenant)).length >= 10, { everyMs: 20 })
    expect([await metricOf(a.url, 'seca_is_leader'), await metricOf(b.url, 'seca_is_leader')]).toEqual([1, 0])
    a.signal('SIGSTOP')
    await eventually(() => b.isHolder())
    await kubectl(['delete', 'blockstorages', '--all', '-n', tenant.space, '--timeout=120s'])
    await eventually(async () => expect(await volumesOf(tenant)).toEqual([]))
    const since = (await stack.cloud.mutations()).at(-1)?.seq ?? 0
    a.signal('SIGCONT')
    await eventually(() => a.logs().includes('"outcome":"lost"'))
    expect([await metricOf(a.url, 'seca_is_leader'), await metricOf(b.url, 'seca_is_leader')]).toEqual([0, 1])
    // As long as anything that it had begun could take.
    await sleep(6_000)
    expect(await mutationsOf(stack, tenant, since)).toEqual([])
    expect(await volumesOf(tenant)).toEqual([])
    expect(await metricOf(a.url, 'seca_queue_depth')).toBe(0)
    // The stop itself is told for a while, as a blocked event loop.
    await eventually(async () => (await fetch(`${a.url}/livez`)).status === 200)

    await b.stop()
    await eventually(() => a.isHolder())
    await tenant.apply(volume(tenant, 'again'))
    await tenant.ready('BlockStorage', 'again')
    expect(await volumesOf(tenant)).toHaveLength(1)
  }, 240_000)

  it('a leader that goes on while nobody else can tell it makes nothing by what it believed', async () => {
    const tenant = await begin()
    await applyManifests(Array.from({ length: MANY }, (_, index) => volume(tenant, `w${index}`)))
    await eventually(async () => (await mutationsOf(stack, tenant)).length >= 10, { everyMs: 20 })
    a.signal('SIGSTOP')
    await eventually(() => b.isHolder())
    // Every request from here on is of the one that was stopped first.
    b.signal('SIGSTOP')
    // What was begun may end, by the cloud alone.
    const begun = async () => (await mutationsOf(stack, tenant)).map(({ endedAt: _end, ...rest }) => rest)
    const before = await begun()
    a.signal('SIGCONT')
    await eventually(() => a.logs().includes('"outcome":"lost"'))
    // Until the other's Lease has run out, it may do nothing.
    expect(await begun()).toEqual(before)
    await eventually(() => a.isHolder())
    b.signal('SIGCONT')
    await eventually(() => b.logs().includes('"outcome":"lost"'))
    await tenant.allReady(
      Array.from({ length: MANY }, (_, index) => volume(tenant, `w${index}`)),
      120_000,
    )
    expect(await volumesOf(tenant)).toHaveLength(MANY)
    expect((await stack.cloud.inventory()).duplicateTags).toEqual([])
  }, 240_000)
})

describe('on a control plane of its own', () => {
  let plane: Plane
  let stack: Stack
  beforeAll(async () => {
    plane = await startPlane()
    stack = await startStack({ kubeconfig: plane.kubeconfig, flags: FLAGS })
  })
  afterAll(async () => {
    await stack.restart('controllers')
    await wipe(stack, plane)
      .finally(() => stack.stop())
      .finally(() => plane.stop())
  })

  it('an operator in another namespace says that there is one already, and does nothing until that is gone', async () => {
    await kubectl(['create', 'namespace', 'seca-other'], plane)
    const other = await startReplica({
      kubeconfig: plane.kubeconfig,
      operatorNamespace: 'seca-other',
      flags: FLAGS,
      isRefused: true,
    })
    onTestFinished(() => other.stop())
    const ready = async () => (await fetch(`${other.url}/readyz`)).text()
    const words = 'the operator in namespace seca-system serves this cluster, the one in seca-other does nothing'
    await eventually(async () => expect(await ready()).toContain(`failed claim: ${words}`))
    expect(await ready()).toContain('ok informers')
    expect(other.logs()).toContain(words)
    expect([await metricOf(other.url, 'seca_cluster_served_elsewhere'), await metricOf(other.url, 'seca_is_leader')]).toEqual([1, 0])
    await eventually(async () => expect(await kubectl(['get', 'events', '-n', 'seca-other'], plane)).toContain('ServedElsewhere'))

    const tenant = await Tenant.make(stack)
    await tenant.apply(volume(tenant, 'v'))
    await tenant.ready('BlockStorage', 'v')
    expect(other.logs()).not.toContain('in sync, working')
    expect(await metricOf(other.url, 'seca_queue_depth')).toBe(0)
    expect((await fetch(`${other.url}/livez`)).status).toBe(200)

    // The first one is uninstalled: what it says of itself goes with it.
    await stack.halt('controllers')
    await kubectl(['annotate', 'namespace', 'default', `${CLAIM}-`], plane)
    await eventually(() => other.logs().includes('in sync, working'))
    expect(await ready()).toContain('ok claim')
    await other.stop()
    await kubectl(['delete', 'namespace', 'seca-other', '--timeout=60s'], plane)
    await stack.restart('controllers')
    await tenant.edit('BlockStorage', 'v', { spec: { sizeGB: 80 } })
    await tenant.ready('BlockStorage', 'v')
    expect(await tenant.behind('BlockStorage', 'v')).toMatchObject({ size_gb: 80 })
  }, 240_000)

  it('one kind that is not installed stops none of the others, also at a start, and is taken in when it comes back', async () => {
    const tenant = await Tenant.make(stack)
    await tenant.apply(volume(tenant, 'before'))
    await tenant.ready('BlockStorage', 'before')
    const name = 'publicips.network.secapi.cloud'
    await kubectl(['delete', 'crd', name, '--timeout=60s'], plane)
    await eventually(() => stack.logs('controllers').includes('the resource is not installed'))
    await tenant.apply(volume(tenant, 'while'))
    await tenant.ready('BlockStorage', 'while')

    await stack.restart('controllers')
    await tenant.apply(volume(tenant, 'after'))
    await tenant.ready('BlockStorage', 'after')
    expect((await fetch(`${stack.healthUrl}/readyz`)).status).toBe(200)

    await plane.install()
    const ip = tenant.of('PublicIp', 'ip', { version: 'IPv4' })
    await eventually(() => tenant.apply(ip))
    await tenant.ready('PublicIp', 'ip')
  }, 240_000)
})
