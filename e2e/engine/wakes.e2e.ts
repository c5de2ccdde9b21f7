import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { TENANT_LABEL, WORKSPACE_LABEL } from '../../src/kinds/names.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import { kstatus } from '../support/kstatus.ts'
import { eventually, type Stack, startStack } from '../support/harness.ts'
import { wipe } from '../support/audit.ts'
import { everything, to } from '../support/manifest.ts'
import { isLegible } from '../support/names.ts'
import { Tenant } from '../support/tenant.ts'

vi.setConfig({ maxConcurrency: 10 })

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(async () => {
  await wipe(stack).finally(() => stack.stop())
})

const address = (tenant: Tenant, name: string) => tenant.of('PublicIp', name, { version: 'IPv4' })
const label = (namespace: string, labels: Readonly<Record<string, string | null>>) =>
  stack.client.patch(KUBERNETES.Namespace, undefined, namespace, { type: 'merge', body: { metadata: { labels } } })

describe.concurrent('what a namespace stands for', () => {
  it('a tenant that gets its namespace after its workspace has one: the workspace is held by what is in it', async () => {
    const tenant = await Tenant.make(stack)
    await tenant.apply(address(tenant, 'ip'))
    await tenant.ready('PublicIp', 'ip')
    await label(tenant.home, { [TENANT_LABEL]: null })
    await tenant.stuck('PublicIp', 'ip', 'Ready', 'ReferenceNotFound', 'Workspace')
    await label(tenant.home, { [TENANT_LABEL]: tenant.name })
    await tenant.ready('PublicIp', 'ip')
    await tenant.delete('Workspace', tenant.workspace)
    await tenant.stuck('Workspace', tenant.workspace, 'Ready', 'DeletionBlocked', 'PublicIp "ip"')
    await tenant.delete('PublicIp', 'ip')
    await tenant.gone('Workspace', tenant.workspace)
  })

  it('a workspace whose namespace loses its labels says so, makes no other, and goes on when they are back', async () => {
    const tenant = await Tenant.make(stack)
    await tenant.apply(address(tenant, 'ip'))
    await tenant.ready('PublicIp', 'ip')
    await tenant.until('Workspace', tenant.workspace, ({ status }) => expect(status).toMatchObject({ namespace: tenant.space }))
    await label(tenant.space, { [WORKSPACE_LABEL]: null })
    await tenant.stuck('Workspace', tenant.workspace, 'Ready', 'NamespaceNotReady', `namespace ${tenant.space} lost its labels`)
    const { id } = await tenant.behind('PublicIp', 'ip')
    await label(tenant.space, { [WORKSPACE_LABEL]: tenant.workspace })
    await tenant.ready('Workspace', tenant.workspace)
    await tenant.ready('PublicIp', 'ip')
    expect((await tenant.behind('PublicIp', 'ip')).id).toBe(id)
    const labelled: unknown[] = []
    for await (const { items } of stack.client.list(KUBERNETES.Namespace, { labelSelector: `${TENANT_LABEL}=${tenant.name}` }))
      labelled.push(...items)
    expect(labelled).toHaveLength(2)
  })
})

describe.concurrent('what others have', () => {
  it('a volume is attached to an instance when and as long as it is in the cloud', async () => {
    const tenant = await Tenant.make(stack, { bare: true })
    const manifests = everything(tenant, tenant.workspace)
    await tenant.apply(...manifests)
    await tenant.allReady(manifests)
    const shows = (name: string, suffix: string | undefined) =>
      tenant.until('BlockStorage', name, ({ status }) => {
        const { attachedTo } = status as { attachedTo?: { resource: string } }
        return suffix === undefined ? attachedTo === undefined : attachedTo?.resource.endsWith(suffix) === true
      })
    await shows('data', '/instances/web')
    await tenant.edit('Instance', 'web', { spec: { dataVolumes: [] } })
    await shows('data', undefined)
    await shows('boot', '/instances/web')
  })

  it.skipIf(!isLegible)('a reference that can never resolve stalls, one that two could mean goes on when it is clear', async () => {
    const tenant = await Tenant.make(stack, { bare: true })
    const manifests = everything(tenant, tenant.workspace)
    await tenant.apply(...manifests)
    await tenant.allReady(manifests)
    await tenant.apply(tenant.of('BlockStorage', 'never', { sizeGB: 60, skuRef: to('skus/rd500'), sourceImageRef: to('nics/x') }))
    const never = await tenant.stuck('BlockStorage', 'never', 'Stalled', 'InvalidReference', 'nics/x')
    expect(kstatus(never)).toBe('Failed')
    const twin = [
      tenant.of('Network', 'twin', { cidr: { ipv4: '10.9.0.0/16' }, skuRef: to('skus/n1k') }),
      tenant.of('RouteTable', 'twin.rt', { network: 'twin', routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: to('10.9.0.1') }] }),
      tenant.of('Subnet', 'twin.front', {
        network: 'twin',
        cidr: { ipv4: '10.9.1.0/24' },
        zone: 'a',
        routeTableRef: to('route-tables/rt'),
      }),
    ]
    await tenant.apply(...twin)
    await tenant.allReady(twin)
    await tenant.apply(tenant.of('Nic', 'short', { subnetRef: to('subnets/front') }))
    await tenant.stuck('Nic', 'short', 'Ready', 'InvalidReference', 'in several networks')
    // The younger one is not held.
    await tenant.delete('Subnet', 'twin.front')
    await tenant.gone('Subnet', 'twin.front')
    await tenant.ready('Nic', 'short')
    await eventually(async () => expect(await tenant.behind('Nic', 'short')).toBeDefined())
  })
})
