import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { DELETION_POLICY, DRIFT_POLICY, EXTERNAL_ID, PAUSED, REQUESTED } from '../../src/kinds/names.ts'
import { eventually, type Stack, startStack } from '../support/harness.ts'
import { inventoryOf, mutationsOf, wipe } from '../support/audit.ts'
import { kstatus } from '../support/kstatus.ts'
import { to } from '../support/manifest.ts'
import { conditionOf, Tenant } from '../support/tenant.ts'

vi.setConfig({ maxConcurrency: 20 })

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ flags: ['--drift-interval=1s'] })
})
afterAll(async () => {
  // Orphans are nobody's any more.
  for (const { id } of (await stack.cloud.inventory()).items.filter(({ id }) => orphans.has(id))) await stack.cloud.remove(id)
  await wipe(stack).finally(() => stack.stop())
})
const orphans = new Set<string>()

/** Waits until objects of this type were looked at a few times more, whoever's they are. */
async function looks(type: string, times = 3): Promise<void> {
  const count = async () => (await stack.cloud.stats()).requests[`GET ${type}`] ?? 0
  const before = await count()
  await eventually(async () => (await count()) >= before + times)
}

describe('secapi.cloud/drift: Observe', () => {
  it.concurrent('reports differences and writes nothing to the cloud, whoever made them', async () => {
    const tenant = await Tenant.make(stack)
    await tenant.apply(tenant.of('InternetGateway', 'gw', { egressOnly: false }))
    const { status } = await tenant.ready('InternetGateway', 'gw')
    const id = status?.externalId ?? ''
    await tenant.annotate('InternetGateway', 'gw', { [DRIFT_POLICY]: 'Observe' })
    await stack.cloud.change(id, { egress_only: true })
    const drifted = await tenant.stuck('InternetGateway', 'gw', 'Synced', 'Drifted', 'egressOnly')
    expect(drifted.status?.state).toBe('active')
    expect(kstatus(drifted)).toBe('Current')
    await looks('uplinks')
    expect(await stack.cloud.object(id)).toMatchObject({ egress_only: true })
    expect(
      (await mutationsOf(stack, tenant)).filter(({ by, action, type }) => by === 'api' && action === 'change' && type === 'uplinks'),
    ).toEqual([])
    // Drift that stays is no news: status is written once.
    expect((await tenant.get('InternetGateway', 'gw')).metadata.resourceVersion).toBe(drifted.metadata.resourceVersion)
    expect(await tenant.events({ kind: 'InternetGateway', reason: 'DriftDetected' })).toHaveLength(1)

    await tenant.annotate('InternetGateway', 'gw', { [DRIFT_POLICY]: null })
    await eventually(async () => expect(await stack.cloud.object(id)).toMatchObject({ egress_only: false }))
    await tenant.until('InternetGateway', 'gw', (object) => conditionOf(object, 'Synced')?.status === 'True')

    await tenant.annotate('InternetGateway', 'gw', { [DRIFT_POLICY]: 'Observe' })
    await tenant.edit('InternetGateway', 'gw', { spec: { egressOnly: true } })
    await tenant.stuck('InternetGateway', 'gw', 'Synced', 'Drifted', 'egressOnly')
    expect(await stack.cloud.object(id)).toMatchObject({ egress_only: false })
    // Nor is anything made, or deleted.
    await tenant.apply(tenant.of('InternetGateway', 'never', { egressOnly: false }, { annotations: { [DRIFT_POLICY]: 'Observe' } }))
    await tenant.stuck('InternetGateway', 'never', 'Ready', 'Drifted', 'is not made')
    for (const name of ['gw', 'never']) {
      await tenant.delete('InternetGateway', name)
      await tenant.gone('InternetGateway', name)
    }
    expect(await stack.cloud.object(id)).toMatchObject({ egress_only: false })
    await stack.cloud.remove(id)
  })
})

describe('secapi.cloud/paused', () => {
  it.concurrent('keeps hands off until it is taken away: creation, changes, drift and deletion', async () => {
    const tenant = await Tenant.make(stack)
    const pause = { annotations: { [PAUSED]: 'true' } }
    await tenant.apply(tenant.of('PublicIp', 'ip', { version: 'IPv4' }, pause))
    const fresh = await tenant.stuck('PublicIp', 'ip', 'Synced', 'ReconcilePaused', PAUSED)
    expect(kstatus(fresh)).toBe('InProgress')
    expect(fresh.metadata.finalizers).toBeUndefined()
    await tenant.annotate('PublicIp', 'ip', { [PAUSED]: null })
    const { status } = await tenant.ready('PublicIp', 'ip')
    const id = status?.externalId ?? ''

    await tenant.annotate('PublicIp', 'ip', { [PAUSED]: 'true' })
    const paused = await tenant.stuck('PublicIp', 'ip', 'Synced', 'ReconcilePaused', PAUSED)
    expect(kstatus(paused)).toBe('Current')
    expect(paused.status?.state).toBe('active')
    await tenant.edit('PublicIp', 'ip', { spec: { address: '198.19.230.1' } })
    await stack.cloud.change(id, { address: '198.19.230.2' })
    const others = await Tenant.make(stack)
    await others.apply(others.of('PublicIp', 'looked-at', { version: 'IPv4' }))
    await looks('floating-ips', 4)
    const changed = await tenant.get('PublicIp', 'ip')
    expect(kstatus(changed)).toBe('InProgress')
    expect(await stack.cloud.object(id)).toMatchObject({ address: '198.19.230.2' })
    await tenant.annotate('PublicIp', 'ip', { [PAUSED]: null })
    await tenant.ready('PublicIp', 'ip')
    expect(await stack.cloud.object(id)).toMatchObject({ address: '198.19.230.1' })

    await tenant.annotate('PublicIp', 'ip', { [PAUSED]: 'true' })
    await tenant.stuck('PublicIp', 'ip', 'Synced', 'ReconcilePaused', PAUSED)
    await tenant.delete('PublicIp', 'ip')
    await looks('floating-ips')
    expect(kstatus(await tenant.get('PublicIp', 'ip'))).toBe('Terminating')
    expect((await inventoryOf(stack, tenant)).map((one) => one.id)).toContain(id)
    await tenant.annotate('PublicIp', 'ip', { [PAUSED]: null })
    await tenant.gone('PublicIp', 'ip')
    expect((await inventoryOf(stack, tenant)).map((one) => one.id)).not.toContain(id)
  })
})

describe('secapi.cloud/deletion-policy: Orphan', () => {
  it.concurrent('leaves the cloud object, which a later object of that name finds again', async () => {
    const tenant = await Tenant.make(stack)
    const manifest = tenant.of('SecurityGroup', 'kept', {}, { annotations: { [DELETION_POLICY]: 'Orphan' } })
    await tenant.apply(manifest)
    const first = await tenant.ready('SecurityGroup', 'kept')
    const id = first.status?.externalId ?? ''
    await tenant.delete('SecurityGroup', 'kept')
    await tenant.gone('SecurityGroup', 'kept')
    expect(await stack.cloud.object(id)).toMatchObject({ state: 'ready', tag: expect.stringContaining('/security-groups/kept') })
    await eventually(async () => expect(await tenant.events({ kind: 'SecurityGroup', reason: 'Orphaned' })).toHaveLength(1))

    await tenant.apply(tenant.of('SecurityGroup', 'kept', {}))
    const second = await tenant.ready('SecurityGroup', 'kept')
    expect(second.status?.externalId).toBe(id)
    expect((await mutationsOf(stack, tenant)).filter(({ type, action }) => type === 'firewalls' && action === 'create')).toHaveLength(1)
    await tenant.delete('SecurityGroup', 'kept')
    await tenant.gone('SecurityGroup', 'kept')
    expect((await inventoryOf(stack, tenant)).map((one) => one.id)).not.toContain(id)
  })
})

describe('secapi.cloud/external-id', () => {
  const volume = (tenant: Tenant, name: string, sizeGB: number, id: string) =>
    tenant.of('BlockStorage', name, { sizeGB, skuRef: to('skus/rd500') }, { annotations: { [EXTERNAL_ID]: id } })

  it.concurrent('takes over an untagged object where the CloudProvider allows it', async () => {
    const tenant = await Tenant.make(stack, { bare: true, prefix: 'a' })
    const [region, account] = [`${tenant.name}-region`, `${tenant.name}-cloud`]
    const { spec } = await tenant.get('CloudProvider', 'simulator')
    const { spec: catalogue } = await tenant.get('StorageSku', 'eu-1.rd500')
    await tenant.apply(
      tenant.of('CloudProvider', account, { ...spec, adoption: { tenants: [tenant.name] } }),
      tenant.of('Region', region, { availableZones: ['z'], cloudProvider: account }),
      tenant.of('StorageSku', `${region}.rd500`, { ...catalogue, region }),
      tenant.of('Workspace', tenant.workspace, { region }),
    )
    const { status } = await tenant.ready('Workspace', tenant.workspace)
    // Of the SKU that the manifest names: another one would be told, and not changed.
    const sku = { iops: catalogue['iops'], media: catalogue['type'] }
    const { id } = await stack.cloud.create('volumes', { name: 'old', project: status?.externalId, size_gb: 70, ...sku })
    await tenant.apply(volume(tenant, 'taken', 80, id))
    const taken = await tenant.ready('BlockStorage', 'taken')
    expect(taken.status).toMatchObject({ externalId: id, sizeGB: 80 })
    expect(await stack.cloud.object(id)).toMatchObject({ size_gb: 80, tag: expect.stringContaining(`/tenants/${tenant.name}/`) })
    expect(
      (await mutationsOf(stack, tenant)).filter(({ action, by, type }) => action === 'create' && by === 'api' && type === 'volumes'),
    ).toEqual([])
    await tenant.delete('BlockStorage', 'taken')
    await tenant.gone('BlockStorage', 'taken')
    expect(await inventoryOf(stack, tenant)).toHaveLength(1)
    for (const [kind, name] of [
      ['Workspace', tenant.workspace],
      ['Region', region],
      ['CloudProvider', account],
    ] as const) {
      await tenant.delete(kind, name)
      await tenant.gone(kind, name)
    }
    await tenant.delete('StorageSku', `${region}.rd500`)
  })

  it.concurrent('takes over nothing that it may not: unallowed, tagged by others, not there', async () => {
    const tenant = await Tenant.make(stack)
    const { status } = await tenant.ready('Workspace', tenant.workspace)
    const project = status?.externalId
    const untagged = await stack.cloud.create('volumes', { project, size_gb: 70 })
    const foreign = await stack.cloud.create('volumes', {
      project,
      size_gb: 70,
      tag: 'other/eu-1/seca.storage/v1/tenants/x/workspaces/y/block-storages/z',
    })
    const since = (await stack.cloud.mutations()).at(-1)?.seq ?? 0
    await tenant.apply(
      volume(tenant, 'untagged', 80, untagged.id),
      volume(tenant, 'foreign', 80, foreign.id),
      volume(tenant, 'missing', 80, 'vol-none'),
    )
    const refused = await tenant.stuck('BlockStorage', 'untagged', 'Stalled', 'OwnershipConflict', 'CloudProvider.spec.adoption')
    await tenant.stuck('BlockStorage', 'foreign', 'Stalled', 'OwnershipConflict', 'is owned by')
    await tenant.stuck('BlockStorage', 'foreign', 'Stalled', 'OwnershipConflict', 'installation other')
    expect(kstatus(refused)).toBe('Failed')
    expect(refused.status?.state).toBe('error')
    // Without adoption an id that names nothing is no hint at all: an object of its own is made.
    const own = await tenant.ready('BlockStorage', 'missing')
    expect(own.status?.externalId).not.toBe('vol-none')
    const ids = [untagged.id, foreign.id]
    expect((await stack.cloud.mutations(since)).filter(({ id }) => ids.includes(id))).toEqual([])
    await tenant.annotate('BlockStorage', 'untagged', { [REQUESTED]: 'again' })
    await tenant.until('BlockStorage', 'untagged', ({ status: own_ }) => own_?.lastHandledRequest === 'again')
    expect((await stack.cloud.mutations(since)).filter(({ id }) => ids.includes(id))).toEqual([])

    // They go without touching what is not theirs.
    for (const name of ['untagged', 'foreign']) await tenant.delete('BlockStorage', name)
    for (const name of ['untagged', 'foreign']) await tenant.gone('BlockStorage', name)
    expect((await stack.cloud.mutations(since)).filter(({ id }) => ids.includes(id))).toEqual([])
    for (const id of ids) await stack.cloud.remove(id)
  })
})
