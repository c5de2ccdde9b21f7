import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WORKSPACE_LABEL } from '../../src/kinds/names.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import { installCluster } from '../../src/processes/install.ts'
import { type Api, call, startApi } from '../support/api.ts'
import { auditJson } from '../support/audit-cli.ts'
import { inventoryOf, mutationsOf, wipe } from '../support/audit.ts'
import { OPERATOR_NAMESPACE, type Stack, startStack } from '../support/harness.ts'
import { everything, to } from '../support/manifest.ts'
import { conditionOf, Tenant } from '../support/tenant.ts'

let stack: Stack
let api: Api
let mine: Tenant
let theirs: Tenant
const flags = () => [`--namespaces=${mine.home},${mine.space}`, '--drift-interval=1s', '--audit-interval=1s', '--call-timeout=1s']
beforeAll(async () => {
  stack = await startStack()
  theirs = await Tenant.make(stack)
  await theirs.apply(theirs.of('BlockStorage', 'hidden', { sizeGB: 60, skuRef: to('skus/rd500') }))
  await theirs.ready('BlockStorage', 'hidden')
  await stack.halt('controllers')
  mine = new Tenant(stack)
  await mine.namespaces()
  await installCluster(stack.client, OPERATOR_NAMESPACE, undefined, [mine.home, mine.space])
  await stack.restart('controllers', flags())
  api = await startApi({ seeded: false, flags: flags().slice(0, 1) })
})
afterAll(async () => {
  await api.stop()
  await installCluster(stack.client, OPERATOR_NAMESPACE)
  await stack.restart('controllers', [])
  await wipe(stack).finally(() => stack.stop())
})

describe('rights in some namespaces only (--namespaces)', () => {
  it('are enough for a whole life of everything there', async () => {
    await stack.client.patch(KUBERNETES.Namespace, undefined, mine.space, {
      type: 'merge',
      body: { metadata: { labels: { [WORKSPACE_LABEL]: null } } },
    })
    await mine.apply(mine.of('Workspace', mine.workspace, { region: 'eu-1' }))
    const words = `no namespace that the operator has rights in is labelled secapi.cloud/tenant=${mine.name}`
    await mine.until('Workspace', mine.workspace, (object) => expect(conditionOf(object, 'Ready')?.message).toContain(words))
    await mine.namespaces()
    const manifests = everything(mine, mine.workspace)
    await mine.apply(...manifests)
    await mine.allReady(manifests)
  })

  it('leave alone what is elsewhere, and do not take it for leaked', async () => {
    const since = (await stack.cloud.mutations()).at(-1)?.seq ?? 0
    await theirs.edit('BlockStorage', 'hidden', { spec: { sizeGB: 70 } })
    const seen = await auditJson(stack, `--namespaces=${mine.home},${mine.space}`)
    expect(seen).toMatchObject({ code: 0, findings: [] })
    expect(await mutationsOf(stack, theirs, since)).toEqual([])
    expect((await theirs.get('BlockStorage', 'hidden')).status?.observedGeneration).toBe(1)
    expect(await inventoryOf(stack, theirs)).toHaveLength(2)
  })

  it('are what the API shows and takes, too', async () => {
    for (const tenant of [mine, theirs])
      await tenant.apply(
        tenant.of('RoleAssignment', 'admins', { subs: ['ann'], roles: ['seca.admin'], scopes: [{ tenants: [tenant.name] }] }),
      )
    const token = await api.token('ann')
    const volumes = (tenant: Tenant) => `${api.url}/providers/seca.storage/v1/tenants/${tenant.name}/workspaces/prod/block-storages`
    const body = { spec: { sizeGB: 60, skuRef: 'skus/rd500' } }
    const made = await call(`${volumes(mine)}/by-api`, { method: 'PUT', token, body })
    expect([made.status, made.text]).toEqual([201, expect.any(String)])
    await mine.ready('BlockStorage', 'by-api')
    const listed = (await call(volumes(mine), { token })).json<{ items: { metadata: { name: string } }[] }>()
    expect(listed.items.map(({ metadata }) => metadata.name)).toContain('by-api')
    expect((await call(volumes(theirs), { token })).status).toBe(403)
  })

  it('end with everything deleted, and never with a request that was refused', async () => {
    for (const manifest of everything(mine, mine.workspace).toReversed()) await mine.delete(manifest.kind, manifest.metadata.name)
    await mine.delete('BlockStorage', 'by-api')
    await mine.delete('Workspace', mine.workspace)
    await mine.gone('Workspace', mine.workspace)
    const { metadata } = await stack.client.get(KUBERNETES.Namespace, undefined, mine.space)
    expect(metadata.labels?.[WORKSPACE_LABEL]).toBeUndefined()
    expect(await inventoryOf(stack, mine)).toEqual([])
    for (const text of [stack.logs('controllers'), api.logs()]) expect(text).not.toMatch(/forbidden|\b403\b/i)
  })
})
