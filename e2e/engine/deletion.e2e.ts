import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { MANAGED_LABEL, TENANT_LABEL, WORKSPACE_LABEL } from '../../src/kinds/names.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import { applyManifests, eventually, kubectl, type Stack, startStack } from '../support/harness.ts'
import { expectTypes, inventoryOf, namespaceGone, objectsOf, wipe } from '../support/audit.ts'
import { everything, to } from '../support/manifest.ts'
import { isLegible } from '../support/names.ts'
import { kstatus } from '../support/kstatus.ts'
import { Tenant } from '../support/tenant.ts'

vi.setConfig({ maxConcurrency: 20 })

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(async () => {
  await wipe(stack).finally(() => stack.stop())
})

async function full(): Promise<Tenant> {
  const tenant = await Tenant.make(stack, { bare: true })
  const manifests = everything(tenant, tenant.workspace)
  await applyManifests(manifests)
  await tenant.allReady(manifests)
  return tenant
}

/** Deletes an object and waits for the condition and the event that name its user. */
async function blocked(tenant: Tenant, kind: string, name: string, user: string): Promise<void> {
  await tenant.delete(kind, name)
  const object = await tenant.stuck(kind, name, 'Ready', 'DeletionBlocked', user)
  expect(kstatus(object)).toBe('Terminating')
  expect(object.status?.state).toBe('deleting')
  await eventually(async () => {
    const [event] = await tenant.events({ kind, name, reason: 'DeletionBlocked' })
    expect(event).toMatchObject({ type: 'Warning', note: expect.stringContaining(user) })
  })
}

describe.concurrent('what is in use waits for its user (contract §9)', () => {
  it.skipIf(!isLegible)('volume, NIC: instance; public IP, subnet: NIC; network: route table; workspace: content', async () => {
    const tenant = await full()
    await tenant.apply(
      tenant.of('PublicIp', 'spare', { version: 'IPv4' }),
      tenant.of('Nic', 'spare', { subnetRef: to('networks/main/subnets/front'), publicIpRefs: [to('public-ips/spare')] }),
    )
    await tenant.ready('Nic', 'spare')
    const before = (await inventoryOf(stack, tenant)).length
    await Promise.all([
      blocked(tenant, 'BlockStorage', 'boot', 'Instance "web"'),
      blocked(tenant, 'BlockStorage', 'data', 'Instance "web"'),
      blocked(tenant, 'Nic', 'web', 'Instance "web"'),
      blocked(tenant, 'PublicIp', 'spare', 'Nic "spare"'),
      blocked(tenant, 'Subnet', 'main.front', 'Nic "spare"'),
      blocked(tenant, 'Network', 'main', 'RouteTable "main.default"'),
      blocked(tenant, 'Workspace', tenant.workspace, 'Instance "web"'),
    ])
    // Nothing was touched, and the instance runs on.
    expect(await inventoryOf(stack, tenant)).toHaveLength(before)
    expect((await inventoryOf(stack, tenant)).filter(({ state }) => state !== 'ready')).toEqual([])
    expect(await tenant.behind('Instance', 'web')).toMatchObject({ power: 'on' })

    await tenant.delete('Instance', 'web')
    for (const [kind, name] of [
      ['Instance', 'web'],
      ['BlockStorage', 'boot'],
      ['BlockStorage', 'data'],
      ['Nic', 'web'],
    ] as const)
      await tenant.gone(kind, name)
    expect(await tenant.exists('PublicIp', 'web')).toBe(true)
    await tenant.delete('Nic', 'spare')
    for (const [kind, name] of [
      ['Nic', 'spare'],
      ['PublicIp', 'spare'],
      ['Subnet', 'main.front'],
    ] as const)
      await tenant.gone(kind, name)
    expect(await tenant.exists('Network', 'main')).toBe(true)
    await tenant.delete('RouteTable', 'main.default')
    await tenant.gone('Network', 'main')
    for (const [kind, name] of [
      ['PublicIp', 'web'],
      ['SecurityGroup', 'web'],
      ['SecurityGroupRule', 'out'],
      ['InternetGateway', 'internet'],
      ['BlockStorage', 'golden'],
    ] as const)
      await tenant.delete(kind, name)
    await tenant.gone('Workspace', tenant.workspace)
    // The image belongs to the tenant and stays.
    await expectTypes(stack, tenant, ['templates'])
  })

  it.skipIf(!isLegible)('a network takes its subnets along, but no route table', async () => {
    const tenant = await Tenant.make(stack)
    const gateway = { destinationCidrBlock: '0.0.0.0/0', targetRef: to('internet-gateways/gw') }
    const subnet = (name: string, ipv4: string) =>
      tenant.of('Subnet', `net.${name}`, { network: 'net', cidr: { ipv4 }, zone: 'a', routeTableRef: to('route-tables/rt') })
    await tenant.apply(
      tenant.of('Network', 'net', { cidr: { ipv4: '10.1.0.0/16' }, skuRef: to('skus/n1k') }),
      tenant.of('InternetGateway', 'gw', {}),
      tenant.of('RouteTable', 'net.rt', { network: 'net', routes: [gateway] }),
      subnet('one', '10.1.1.0/24'),
      subnet('two', '10.1.2.0/24'),
    )
    await tenant.ready('Subnet', 'net.one')
    await tenant.ready('Subnet', 'net.two')
    await tenant.delete('Network', 'net')
    await tenant.stuck('Network', 'net', 'Ready', 'DeletionBlocked', 'RouteTable "net.rt"')
    expect((await tenant.get('Subnet', 'net.one')).metadata.deletionTimestamp).toBeUndefined()
    // A route table in use by subnets is not held (aggregation never blocks).
    await tenant.delete('RouteTable', 'net.rt')
    await tenant.gone('RouteTable', 'net.rt')
    for (const name of ['one', 'two']) await tenant.gone('Subnet', `net.${name}`)
    await tenant.gone('Network', 'net')
    await expectTypes(stack, tenant, ['projects', 'uplinks'])
  })

  it('gateway, route table, security group, rule, and the volume of an image go at once', async () => {
    const tenant = await full()
    for (const [kind, name] of [
      ['InternetGateway', 'internet'],
      ['SecurityGroupRule', 'out'],
      ['SecurityGroup', 'web'],
      ['RouteTable', 'main.default'],
      ['BlockStorage', 'golden'],
      ['Image', 'base'],
    ] as const) {
      await tenant.delete(kind, name)
      await tenant.gone(kind, name)
    }
    expect(await tenant.events({ reason: 'DeletionBlocked' })).toEqual([])
    // What used them is still there, in the cloud too, and what is not there any more is named.
    await tenant.stuck('Subnet', 'main.front', 'Synced', 'ReferenceNotFound', 'RouteTable "default"')
    expect((await tenant.get('Subnet', 'main.front')).status?.state).toBe('active')
    expect((await tenant.behind('Instance', 'web'))['power']).toBe('on')
    expect((await tenant.get('BlockStorage', 'boot')).status?.externalId).toBeDefined()
  })
})

describe.concurrent('namespaces', () => {
  it.skipIf(!isLegible)('a workspace namespace that is deleted comes back, empty', async () => {
    const tenant = await full()
    const uid = await kubectl(['get', 'namespace', tenant.space, '-o', 'jsonpath={.metadata.uid}'])
    await kubectl(['delete', 'namespace', tenant.space, '--timeout=90s'])
    await eventually(async () => {
      const namespace = JSON.parse(await kubectl(['get', 'namespace', tenant.space, '-o', 'json'])) as {
        metadata: { uid: string; labels: object }
      }
      expect(namespace.metadata.uid).not.toBe(uid)
      expect(namespace.metadata.labels).toMatchObject({
        [TENANT_LABEL]: tenant.name,
        [WORKSPACE_LABEL]: tenant.workspace,
        [MANAGED_LABEL]: 'true',
      })
    })
    await tenant.ready('Workspace', tenant.workspace)
    await expectTypes(stack, tenant, ['projects', 'templates'])
    // It works again.
    await tenant.apply(tenant.of('PublicIp', 'again', { version: 'IPv4' }))
    await tenant.ready('PublicIp', 'again')
    await tenant.until('Workspace', tenant.workspace, ({ status }) => expect(status).toMatchObject({ resourceCount: 1 }))
  })

  it('a tenant namespace that is deleted takes the workspaces along, and nothing stays in the cloud', async () => {
    const tenant = await full()
    // A second workspace, whose namespace is the controller's own.
    await tenant.apply(tenant.of('Workspace', 'second', { region: 'eu-1' }))
    await tenant.ready('Workspace', 'second')
    const second = `${tenant.home}--second`
    const { apiVersion } = tenant.of('PublicIp', 'ip')
    await applyManifests([{ apiVersion, kind: 'PublicIp', metadata: { name: 'ip', namespace: second }, spec: { version: 'IPv4' } }])
    await kubectl(['wait', 'publicips/ip', '-n', second, '--for=condition=Ready', '--timeout=60s'])
    await kubectl(['delete', 'namespace', tenant.home, '--timeout=90s'])
    expect(await inventoryOf(stack, tenant)).toEqual([])
    expect(await objectsOf(stack, tenant)).toEqual([])
    await namespaceGone(stack, second)
    // The one that an administrator made stays; it is nobody's any more.
    const kept = await kubectl(['get', 'namespace', tenant.space, '-o', 'jsonpath={.metadata.labels}'])
    expect(JSON.parse(kept)).toEqual({ 'kubernetes.io/metadata.name': tenant.space })
  })

  it('a workspace makes its namespace and takes it away again; it is gone before Kubernetes is done', async () => {
    const tenant = await Tenant.make(stack, { bare: true })
    await tenant.apply(tenant.of('Workspace', 'alone', { region: 'eu-1', purpose: 'free text' }))
    await tenant.ready('Workspace', 'alone')
    const name = `${tenant.home}--alone`
    expect(await stack.client.get(KUBERNETES.Namespace, undefined, name)).toMatchObject({
      metadata: { labels: { [TENANT_LABEL]: tenant.name, [WORKSPACE_LABEL]: 'alone', [MANAGED_LABEL]: 'true' } },
    })
    await tenant.delete('Workspace', 'alone')
    await tenant.gone('Workspace', 'alone')
    // Kubernetes needs 5 s more for the namespace.
    expect(await stack.client.get(KUBERNETES.Namespace, undefined, name)).toHaveProperty('metadata.deletionTimestamp')
    expect(await inventoryOf(stack, tenant)).toEqual([])

    // Its successor waits for that, says so, and goes on by itself.
    await tenant.apply(tenant.of('Workspace', 'alone', { region: 'eu-1' }))
    const waiting = await tenant.stuck('Workspace', 'alone', 'Ready', 'NamespaceNotReady', name)
    expect(waiting.status?.state).toBe('pending')
    await tenant.ready('Workspace', 'alone', 30_000)
    expect(await stack.client.get(KUBERNETES.Namespace, undefined, name)).not.toHaveProperty('metadata.deletionTimestamp')
    await tenant.delete('Workspace', 'alone')
    await tenant.gone('Workspace', 'alone')
    await namespaceGone(stack, name)
  })

  it('a namespace that is in the way of a workspace is named, and what is not labelled waits', async () => {
    const tenant = await Tenant.make(stack, { bare: true })
    const name = `${tenant.home}--blocked`
    await stack.client.create(KUBERNETES.Namespace, undefined, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    await tenant.apply(tenant.of('Workspace', 'blocked', { region: 'eu-1' }))
    await tenant.stuck('Workspace', 'blocked', 'Ready', 'NamespaceNotReady', name)
    await kubectl(['label', 'namespace', name, `${TENANT_LABEL}=${tenant.name}`, `${WORKSPACE_LABEL}=blocked`])
    await tenant.ready('Workspace', 'blocked')
    await tenant.delete('Workspace', 'blocked')
    await tenant.gone('Workspace', 'blocked')
    await kubectl(['delete', 'namespace', name, '--wait=false'])
  })

  it('role assignments of a workspace go with it', async () => {
    const tenant = await Tenant.make(stack)
    await tenant.ready('Workspace', tenant.workspace)
    const scopes = (...workspaces: string[]) => ({ subs: ['ann'], roles: ['seca.workspace.admin'], scopes: [{ workspaces }] })
    await tenant.apply(
      tenant.of('RoleAssignment', 'own', scopes(tenant.workspace)),
      tenant.of('RoleAssignment', 'shared', scopes(tenant.workspace, 'other')),
    )
    await tenant.ready('RoleAssignment', 'shared')
    await tenant.delete('Workspace', tenant.workspace)
    await tenant.gone('Workspace', tenant.workspace)
    await tenant.gone('RoleAssignment', 'own')
    expect(await tenant.exists('RoleAssignment', 'shared')).toBe(true)
  })
})
