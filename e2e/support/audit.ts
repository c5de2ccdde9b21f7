import { expect } from 'vitest'
import type { InventoryEntry, Mutation } from '../../providers/simulator/admin.ts'
import { KINDS } from '../../src/kinds/index.ts'
import { isNotFound } from '../../src/kube/errors.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import { auditJson } from './audit-cli.ts'
import { clearTenants, ownedBy, TENANT_KINDS } from './clear.ts'
import { eventually, kubectl, type Stack } from './harness.ts'
import { isSimulated } from './names.ts'
import type { Seen, Tenant } from './tenant.ts'

/** Kinds that have something behind them in the simulated cloud. */
const CLOUD_KINDS = KINDS.filter(({ cloud }) => cloud !== 'none')

const isOf =
  (tenant: Tenant) =>
  ({ tag }: { readonly tag: string }) =>
    tag.includes(`/tenants/${tenant.name}/`)

/** What the cloud has of a tenant. */
export async function inventoryOf(stack: Pick<Stack, 'cloud'>, tenant: Tenant): Promise<InventoryEntry[]> {
  return (await stack.cloud.inventory()).items.filter(isOf(tenant))
}

/** What OpenStack has no objects for, in a project that all workspaces share. */
const NO_OBJECTS = isSimulated ? [] : ['projects', 'uplinks', 'filters']

/** The sorts of what the cloud has of a tenant are these, in this order. */
export async function expectTypes(stack: Pick<Stack, 'cloud'>, tenant: Tenant, types: readonly string[]): Promise<void> {
  const found = (await inventoryOf(stack, tenant)).map(({ type }) => type)
  expect(found.toSorted()).toEqual(types.filter((type) => !NO_OBJECTS.includes(type)))
}

/** What was done in the cloud to a tenant's objects. */
export async function mutationsOf(stack: Pick<Stack, 'cloud'>, tenant: Tenant, since = 0): Promise<Mutation[]> {
  return (await stack.cloud.mutations(since)).filter(isOf(tenant))
}

/** All objects of a tenant, of all kinds. */
export async function objectsOf(stack: Pick<Stack, 'client'>, tenant: Tenant): Promise<Seen[]> {
  const found: Seen[] = []
  for (const { gvr, scope } of TENANT_KINDS)
    for await (const { items } of stack.client.list<Seen>(gvr, { namespace: scope === 'tenant' ? tenant.home : tenant.space }))
      found.push(...items.map((item) => ({ ...item, kind: gvr.kind })))
  return found
}

/** The cloud has one object for each of the tenant's, and nothing else: no duplicate, no leak. */
export async function expectNoLeak(stack: Pick<Stack, 'client' | 'cloud'>, tenant: Tenant): Promise<void> {
  const isInCloud = new Set(CLOUD_KINDS.map(({ kind }) => kind))
  const objects = (await objectsOf(stack, tenant)).filter(({ kind }) => isInCloud.has(kind))
  const ids = (await inventoryOf(stack, tenant)).map(({ id }) => id)
  const known = objects.flatMap(({ status }) => (isSimulated ? [status?.externalId] : (status?.externalId ?? [])))
  expect(ids.toSorted()).toEqual(known.toSorted())
  expect((await stack.cloud.inventory()).duplicateTags).toEqual([])
}

/** Every cloud object of a tenant was made exactly once. */
export async function expectOneCreateEach(stack: Pick<Stack, 'cloud'>, tenant: Tenant): Promise<void> {
  const creates = (await mutationsOf(stack, tenant)).filter(({ action }) => action === 'create')
  const byTag = Map.groupBy(creates, ({ tag }) => tag)
  expect([...byTag].filter(([, list]) => list.length > 1).map(([tag]) => tag)).toEqual([])
}

/** Deletes everything of every tenant, and its namespaces. The end of every file, and a test of its own: nothing stays behind in the cloud. */
export async function wipe(stack: Pick<Stack, 'client' | 'cloud' | 'kubeconfig'>, options: { kubeconfig?: string } = {}): Promise<void> {
  await kubectl(['delete', 'seca', '--all', '-A', '--wait=false'], options)
  try {
    await eventually(async () => expect(await leftovers(stack)).toEqual([]), { timeoutMs: 90_000 })
    expect((await stack.cloud.inventory()).items.filter(({ tag }) => tag !== '')).toEqual([])
    // The product says the same. Accounts of other files' CloudProviders may be gone by now.
    await eventually(async () => expect(await auditJson(stack)).toMatchObject({ findings: [], inFlux: [] }), { timeoutMs: 90_000 })
  } finally {
    // Whatever went wrong here: the next file starts with an empty cluster.
    await clearTenants(stack.client)
  }
}

async function leftovers(stack: Pick<Stack, 'client'>): Promise<string[]> {
  const left: string[] = []
  for await (const { gvr, object } of ownedBy<Seen>(stack.client)) {
    const { namespace, name } = object.metadata
    left.push(`${gvr.kind} ${namespace}/${name} ${JSON.stringify(object.status?.conditions?.[0])}`)
  }
  return left
}

/** Waits until a namespace is gone. */
export async function namespaceGone(stack: Pick<Stack, 'client'>, name: string): Promise<void> {
  await eventually(
    async () => {
      try {
        await stack.client.get(KUBERNETES.Namespace, undefined, name)
        return false
      } catch (error) {
        if (isNotFound(error)) return true
        throw error
      }
    },
    { timeoutMs: 90_000 },
  )
}
