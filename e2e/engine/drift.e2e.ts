import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { REQUESTED } from '../../src/kinds/names.ts'
import { applyManifests, eventually, type Stack, startStack } from '../support/harness.ts'
import { expectNoLeak, mutationsOf, wipe } from '../support/audit.ts'
import { everything } from '../support/manifest.ts'
import { Tenant } from '../support/tenant.ts'
import { isSimulated } from '../support/names.ts'

vi.setConfig({ maxConcurrency: 20 })

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ flags: ['--drift-interval=1s'] })
})
afterAll(async () => {
  await wipe(stack).finally(() => stack.stop())
})

const byUs = (action: string) => (mutation: { readonly action: string; readonly by: string }) =>
  mutation.by === 'api' && mutation.action === action

describe.skipIf(!isSimulated)('what was changed behind our back is put right', () => {
  let tenant: Tenant
  beforeAll(async () => {
    tenant = await Tenant.make(stack)
    const manifests = everything(tenant, tenant.workspace)
    const address = tenant.of('PublicIp', 'own', { version: 'IPv4', address: '198.19.240.1' })
    await applyManifests([...manifests, address])
    await tenant.allReady([...manifests, address])
  })

  it.concurrent.each<[kind: string, name: string, change: Record<string, unknown>, path: string]>([
    ['BlockStorage', 'golden', { size_gb: 10 }, 'sizeGB'],
    ['Image', 'base', { firmware: 'bios' }, 'boot'],
    ['Network', 'main', { extra: [] }, 'additionalCidrs'],
    ['Subnet', 'main.front', { zone: 'c' }, 'zone'],
    ['RouteTable', 'main.default', { routes: [] }, 'routes'],
    ['InternetGateway', 'internet', { egress_only: true }, 'egressOnly'],
    ['SecurityGroup', 'web', { rules: [] }, 'rules'],
    ['PublicIp', 'own', { address: '198.19.240.2' }, 'address'],
    ['Nic', 'web', { firewalls: [] }, 'securityGroupRefs'],
    ['Instance', 'web', { ssh_keys: [] }, 'sshKeys'],
  ])('%s %s', async (kind, name, change, path) => {
    const before = await tenant.behind(kind, name)
    const [field = ''] = Object.keys(change)
    const since = (await stack.cloud.mutations()).at(-1)?.seq ?? 0
    await stack.cloud.change(before.id, change)
    await eventually(async () => expect((await stack.cloud.object(before.id))[field]).toEqual(before[field]))
    await tenant.ready(kind, name)
    const events = await eventually(async () => {
      const found = await tenant.events({ kind, name, reason: 'DriftDetected' })
      expect(found).toHaveLength(1)
      return found
    })
    expect(events[0]?.note).toContain(path)
    const changes = (await mutationsOf(stack, tenant, since)).filter(byUs('change')).filter(({ id }) => id === before.id)
    expect(changes).toHaveLength(1)
    expect((await tenant.get(kind, name)).status?.history?.slice(0, 2).map(({ state }) => state)).toEqual(['active', 'updating'])
  })

  it.concurrent('a rule', async () => {
    const before = await tenant.behind('SecurityGroupRule', 'out')
    const { state: _state, ...rule } = before['rule'] as { state: string }
    await stack.cloud.change(before.id, { rule: { ...rule, direction: 'in' } })
    await eventually(async () => expect((await stack.cloud.object(before.id))['rule']).toEqual(before['rule']))
  })

  it('power', async () => {
    const { id } = await tenant.behind('Instance', 'web')
    await stack.cloud.change(id, { power: 'off' })
    await eventually(async () => expect((await stack.cloud.object(id))['power']).toBe('on'))
    expect((await mutationsOf(stack, tenant)).filter(byUs('start'))).toHaveLength(1)
  })

  it('what was deleted is made again, once, with one event each, and used by what used it', async () => {
    const victims = [
      ['Instance', 'web'],
      ['Nic', 'web'],
      ['PublicIp', 'web'],
      ['BlockStorage', 'data'],
      ['SecurityGroup', 'web'],
      ['SecurityGroupRule', 'out'],
      ['InternetGateway', 'internet'],
      ['Image', 'base'],
    ] as const
    const since = (await stack.cloud.mutations()).at(-1)?.seq ?? 0
    const old = new Map<string, string>()
    for (const [kind, name] of victims) old.set(`${kind}/${name}`, (await tenant.behind(kind, name)).id)
    for (const id of old.values()) await stack.cloud.remove(id)
    for (const [kind, name] of victims) {
      const { status } = await tenant.until(
        kind,
        name,
        (object) => object.status?.externalId !== old.get(`${kind}/${name}`) && object.status?.state === 'active',
      )
      const events = await eventually(async () => {
        const found = await tenant.events({ kind, name, reason: 'Recreating' })
        expect(found, kind).toHaveLength(1)
        return found
      })
      expect(events[0]?.note).toContain(old.get(`${kind}/${name}`))
      expect(status?.history?.[0]?.state).toBe('active')
    }
    const idOf = async (kind: string, name: string) => (await tenant.behind(kind, name)).id
    await eventually(async () =>
      expect(await tenant.behind('Instance', 'web')).toMatchObject({
        power: 'on',
        ports: [await idOf('Nic', 'web')],
        data_volumes: [await idOf('BlockStorage', 'data')],
      }),
    )
    await eventually(async () =>
      expect(await tenant.behind('Nic', 'web')).toMatchObject({
        floating_ips: [await idOf('PublicIp', 'web')],
        firewalls: [await idOf('SecurityGroup', 'web')],
      }),
    )
    await eventually(async () =>
      expect(await tenant.behind('SecurityGroup', 'web')).toMatchObject({ filters: [await idOf('SecurityGroupRule', 'out')] }),
    )
    await eventually(async () =>
      expect(await tenant.behind('RouteTable', 'main.default')).toMatchObject({
        routes: [{ via: await idOf('InternetGateway', 'internet') }],
      }),
    )
    expect((await mutationsOf(stack, tenant, since)).filter(byUs('create'))).toHaveLength(victims.length)
    await expectNoLeak(stack, tenant)
  })

  it('an object whose tag somebody took away is left alone until it is tagged again', async () => {
    const { id, tag } = await tenant.behind('BlockStorage', 'golden')
    const since = (await stack.cloud.mutations()).at(-1)?.seq ?? 0
    await stack.cloud.change(id, { tag: '' })
    await tenant.stuck('BlockStorage', 'golden', 'Stalled', 'OwnershipConflict', 'is not tagged as ours')
    await tenant.edit('BlockStorage', 'golden', { spec: { sizeGB: 55 } })
    const stalled = await tenant.until(
      'BlockStorage',
      'golden',
      ({ metadata, status }) => status?.observedGeneration === metadata.generation,
    )
    expect(stalled.status?.state).toBe('error')
    expect(await stack.cloud.object(id)).toMatchObject({ size_gb: 50, tag: '' })
    expect((await stack.cloud.mutations(since)).filter(({ by, type }) => by === 'api' && type === 'volumes')).toEqual([])
    await stack.cloud.change(id, { tag })
    await tenant.annotate('BlockStorage', 'golden', { [REQUESTED]: 'look again' })
    await tenant.ready('BlockStorage', 'golden')
    expect(await stack.cloud.object(id)).toMatchObject({ size_gb: 55 })
  })

  it('two cloud objects with one tag: nothing is written', async () => {
    const { id, tag, project } = await tenant.behind('InternetGateway', 'internet')
    const twin = await stack.cloud.create('uplinks', { tag, project, egress_only: true })
    await tenant.stuck('InternetGateway', 'internet', 'Stalled', 'OwnershipConflict', [id, twin.id].toSorted().join(', '))
    expect(await stack.cloud.object(twin.id)).toMatchObject({ egress_only: true })
    await stack.cloud.remove(twin.id)
    await tenant.annotate('InternetGateway', 'internet', { [REQUESTED]: 'look again' })
    await tenant.ready('InternetGateway', 'internet')
    expect((await tenant.get('InternetGateway', 'internet')).status?.externalId).toBe(id)
  })
})
