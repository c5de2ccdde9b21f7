import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { REQUESTED } from '../../src/kinds/names.ts'
import { Reflector } from '../../src/kube/reflector.ts'
import { Store } from '../../src/kube/store.ts'
import { createLog } from '../../src/observe/log.ts'
import { eventually, type Stack, startStack } from '../support/harness.ts'
import { mutationsOf, wipe } from '../support/audit.ts'
import { kstatus, type Verdict } from '../support/kstatus.ts'
import { kindOf, to } from '../support/manifest.ts'
import { conditionOf, type Seen, Tenant } from '../support/tenant.ts'
import { isSimulated } from '../support/names.ts'

vi.setConfig({ maxConcurrency: 20 })

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ flags: ['--drift-interval=1s'] })
})
afterAll(async () => {
  await stack.cloud.clearFaults()
  await wipe(stack).finally(() => stack.stop())
})

interface Moment {
  readonly verdict: Verdict | 'Gone'
  readonly state: string | undefined
  readonly generation: number
}

/** Records every version of a tenant's objects of a kind, as any client that watches sees them. */
async function record(tenant: Tenant, kind: string) {
  const store = new Store<Seen>()
  const moments: Moment[] = []
  store.onChange(({ type, object }) => {
    const verdict = type === 'deleted' ? 'Gone' : kstatus(object)
    moments.push({ verdict, state: object.status?.state, generation: object.metadata.generation })
  })
  const stop = new AbortController()
  const reflector = new Reflector<Seen>({
    client: stack.client,
    gvr: kindOf(kind).gvr,
    store,
    namespace: tenant.space,
    log: createLog({ level: 'silent', name: 'test' }),
  })
  const done = reflector.run(stop.signal)
  await reflector.whenSynced()
  return {
    moments,
    /** Verdicts without repetitions. */
    verdicts: () => moments.map(({ verdict }) => verdict).filter((verdict, i, all) => verdict !== all[i - 1]),
    states: () => moments.map(({ state }) => state).filter((state, i, all) => state !== all[i - 1]),
    async stop() {
      stop.abort()
      await done
    },
  }
}

const requests = async (key: string) => (await stack.cloud.stats()).requests[key] ?? 0

describe.concurrent('kstatus', () => {
  it.skipIf(!isSimulated)('new, changing, deleting: current only while the cloud is as wanted', async () => {
    const tenant = await Tenant.make(stack)
    await tenant.ready('Workspace', tenant.workspace)
    await stack.cloud.latency(50, { volumes: 2_500 })
    const watch = await record(tenant, 'BlockStorage')
    await tenant.apply(tenant.of('BlockStorage', 'v', { sizeGB: 60, skuRef: to('skus/rd500') }))
    const created = await tenant.until('BlockStorage', 'v', ({ status }) => status?.state === 'creating')
    expect(kstatus(created)).toBe('InProgress')
    expect(conditionOf(created, 'Reconciling')).toMatchObject({ status: 'True', reason: 'Creating' })
    await tenant.ready('BlockStorage', 'v')
    expect(await tenant.behind('BlockStorage', 'v')).toMatchObject({ state: 'ready', size_gb: 60 })
    await eventually(() => expect(watch.verdicts()).toEqual(['InProgress', 'Current']))

    await tenant.edit('BlockStorage', 'v', { spec: { sizeGB: 70 } })
    const changed = await tenant.until(
      'BlockStorage',
      'v',
      ({ status, metadata }) => status?.state === 'updating' && status.observedGeneration === metadata.generation,
    )
    expect(kstatus(changed)).toBe('InProgress')
    expect(changed.status).toMatchObject({ sizeGB: 60 })
    await tenant.ready('BlockStorage', 'v')
    expect((await tenant.get('BlockStorage', 'v')).status).toMatchObject({ sizeGB: 70 })
    await eventually(() => expect(watch.verdicts()).toEqual(['InProgress', 'Current', 'InProgress', 'Current']))

    await tenant.delete('BlockStorage', 'v')
    const deleting = await tenant.until('BlockStorage', 'v', ({ status }) => status?.state === 'deleting')
    expect(kstatus(deleting)).toBe('Terminating')
    await tenant.gone('BlockStorage', 'v')
    await eventually(() => expect(watch.verdicts()).toEqual(['InProgress', 'Current', 'InProgress', 'Current', 'Terminating', 'Gone']))
    expect(watch.states().filter((state) => state !== undefined)).toEqual(['creating', 'active', 'updating', 'active', 'deleting'])
    await watch.stop()
  })

  it.skipIf(!isSimulated)('failing for now: in progress, said why, and over by itself', async () => {
    const tenant = await Tenant.make(stack)
    await tenant.ready('Workspace', tenant.workspace)
    await stack.cloud.fault({ method: 'POST', type: 'filters', effect: 'answer', status: 503, times: 3, message: 'the zone is on fire' })
    const watch = await record(tenant, 'SecurityGroupRule')
    await tenant.apply(tenant.of('SecurityGroupRule', 'rule', { direction: 'egress' }))
    const failing = await tenant.stuck('SecurityGroupRule', 'rule', 'Ready', 'ProviderUnavailable', 'the zone is on fire')
    expect(kstatus(failing)).toBe('InProgress')
    expect(failing.status?.state).not.toBe('error')
    await tenant.ready('SecurityGroupRule', 'rule')
    await eventually(() => expect(watch.verdicts()).toEqual(['InProgress', 'Current']))
    expect((await mutationsOf(stack, tenant)).filter(({ type, action }) => type === 'filters' && action === 'create')).toHaveLength(1)
    await watch.stop()
  })

  it.skipIf(!isSimulated)("terminal: failed in the cloud's own words, without a storm of calls, until somebody asks again", async () => {
    const tenant = await Tenant.make(stack)
    // Made first: what changes beside a refused object may be what it waits for, and has it tried again.
    await tenant.apply(tenant.of('SecurityGroup', 'other', {}))
    await tenant.ready('SecurityGroup', 'other')
    const refusal = { method: 'POST', type: 'floating-ips', effect: 'answer', status: 422, message: 'no such pool' } as const
    await stack.cloud.fault({ ...refusal, times: 2 })
    const before = await requests('POST floating-ips')
    await tenant.apply(tenant.of('PublicIp', 'ip', { version: 'IPv4' }))
    const stalled = await tenant.stuck('PublicIp', 'ip', 'Stalled', 'Rejected', 'no such pool')
    expect(kstatus(stalled)).toBe('Failed')
    expect(stalled.status?.state).toBe('error')
    expect(conditionOf(stalled, 'Ready')).toMatchObject({ status: 'False', reason: 'Rejected' })
    await eventually(async () =>
      expect(await tenant.events({ kind: 'PublicIp', reason: 'Rejected' })).toMatchObject([
        { type: 'Warning', note: expect.stringContaining('no such pool') },
      ]),
    )
    // Others are looked at a few times meanwhile; this one is left alone.
    const looked = await requests('GET firewalls')
    await eventually(async () => (await requests('GET firewalls')) > looked + 4)
    expect((await requests('POST floating-ips')) - before).toBe(1)
    expect((await tenant.get('PublicIp', 'ip')).metadata.resourceVersion).toBe(stalled.metadata.resourceVersion)

    // Asked again without a reason, it is refused again, once.
    await tenant.annotate('PublicIp', 'ip', { [REQUESTED]: 'too early' })
    // The request is noted before the cloud is asked: what tells that the answer came is the state.
    await tenant.until('PublicIp', 'ip', ({ status }) => status?.lastHandledRequest === 'too early' && status.state === 'error')
    expect((await requests('POST floating-ips')) - before).toBe(2)
    await tenant.annotate('PublicIp', 'ip', { [REQUESTED]: 'now' })
    const ready = await tenant.ready('PublicIp', 'ip')
    expect(conditionOf(ready, 'Stalled')).toBeUndefined()
    expect((await requests('POST floating-ips')) - before).toBe(3)
  })

  it.skipIf(!isSimulated)(
    'an operation that fails in the cloud is terminal, and a failed change is tried again when the spec changes',
    async () => {
      const tenant = await Tenant.make(stack)
      await tenant.apply(tenant.of('InternetGateway', 'gw', { egressOnly: false }))
      await tenant.ready('InternetGateway', 'gw')
      await stack.cloud.fault({ method: 'PATCH', type: 'uplinks', effect: 'fail-operation', message: 'no route to the sea' })
      await tenant.edit('InternetGateway', 'gw', { spec: { egressOnly: true } })
      const failed = await tenant.stuck('InternetGateway', 'gw', 'Stalled', 'Rejected', 'no route to the sea')
      expect(kstatus(failed)).toBe('Failed')
      await tenant.annotate('InternetGateway', 'gw', { [REQUESTED]: 'once more' })
      await tenant.ready('InternetGateway', 'gw')
      expect(await tenant.behind('InternetGateway', 'gw')).toMatchObject({ egress_only: true })
    },
  )

  it.skipIf(!isSimulated)('what the cloud cannot change is said, and going back is enough', async () => {
    const tenant = await Tenant.make(stack)
    await tenant.apply(tenant.of('Network', 'n', { cidr: { ipv4: '10.3.0.0/16' }, skuRef: to('skus/n1k') }))
    await tenant.ready('Network', 'n')
    await tenant.apply(
      tenant.of('RouteTable', 'n.rt', { network: 'n', routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: to('10.3.0.1') }] }),
      ...['a', 'b'].map((name, i) =>
        tenant.of('Subnet', `n.${name}`, {
          network: 'n',
          cidr: { ipv4: `10.3.${i}.0/24` },
          zone: 'a',
          routeTableRef: to('route-tables/rt'),
        }),
      ),
      tenant.of('Nic', 'nic', { subnetRef: to('networks/n/subnets/a') }),
    )
    await tenant.ready('Nic', 'nic')
    await tenant.ready('Subnet', 'n.b')
    await tenant.edit('Nic', 'nic', { spec: { subnetRef: to('networks/n/subnets/b') } })
    const stalled = await tenant.stuck('Nic', 'nic', 'Stalled', 'Unsupported', 'subnetRef')
    expect(kstatus(stalled)).toBe('Failed')
    await tenant.edit('Nic', 'nic', { spec: { subnetRef: to('networks/n/subnets/a') } })
    await tenant.ready('Nic', 'nic')
  })
})

describe('kstatus of an object that no controller has seen', () => {
  it('is in progress, never current', async () => {
    const tenant = await Tenant.make(stack)
    await tenant.ready('Workspace', tenant.workspace)
    await stack.halt('controllers')
    await tenant.apply(tenant.of('SecurityGroup', 'fresh', {}))
    const fresh = await tenant.get('SecurityGroup', 'fresh')
    expect(fresh.status).toEqual({ observedGeneration: -1 })
    expect(kstatus(fresh)).toBe('InProgress')
    await stack.restart('controllers')
    await tenant.ready('SecurityGroup', 'fresh')
  })
})
