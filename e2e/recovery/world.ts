import { expect } from 'vitest'
import type { Mutation } from '../../providers/simulator/admin.ts'
import { KINDS } from '../../src/kinds/index.ts'
import { RESTART_REQUESTED, TENANT_LABEL } from '../../src/kinds/names.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { eventually, kubectl, type Stack } from '../support/harness.ts'
import { everything, type Manifest } from '../support/manifest.ts'
import { conditionOf, type Seen, Tenant } from '../support/tenant.ts'

/** An object of any kind, with all that the cluster has of it. */
export type Exported = Seen & { readonly metadata: Readonly<Record<string, unknown>> }

/** Every kind's objects, those that administrators provide first. */
export async function allObjects(client: KubeClient): Promise<Exported[]> {
  const found: Exported[] = []
  for (const { gvr, kind, apiVersion } of KINDS.toSorted((a, b) => Number(a.scope !== 'cluster') - Number(b.scope !== 'cluster')))
    for await (const { items } of client.list<Exported>(gvr, {})) found.push(...items.map((item) => ({ ...item, apiVersion, kind })))
  return found
}

/** An object as somebody would write it: without what a cluster added to it. */
export function manifestOf(object: Exported | Manifest): Manifest {
  const { name, namespace, labels, annotations } = object.metadata as Manifest['metadata']
  const given = { ...(namespace && { namespace }), ...(labels && { labels }), ...(annotations && { annotations }) }
  const { apiVersion, kind, spec } = object
  return { apiVersion, kind, metadata: { name, ...given }, ...(spec && kind !== 'Namespace' && { spec }) }
}

/** Namespaces of tenants and workspaces. */
export async function allNamespaces(client: KubeClient): Promise<Exported[]> {
  const found: Exported[] = []
  for await (const { items } of client.list<Exported>(KUBERNETES.Namespace, { labelSelector: TENANT_LABEL }))
    found.push(...items.map((item) => ({ ...item, apiVersion: 'v1', kind: 'Namespace' })))
  return found
}

/** `Kind namespace/name` → the cloud's id, of everything that stands for something in a cloud. */
export async function idsOf(client: KubeClient): Promise<Readonly<Record<string, string>>> {
  const pairs = (await allObjects(client)).flatMap(({ kind, metadata, status }) =>
    status?.externalId === undefined ? [] : [[`${kind} ${metadata.namespace}/${metadata.name}`, status.externalId] as const],
  )
  return Object.fromEntries(pairs.toSorted())
}

/** Fills a cluster: the example of the README, and a tenant with one object of each kind and an instance that was restarted once. */
export async function populate(
  stack: Stack,
  kubeconfig: string,
): Promise<{ readonly tenant: Tenant; readonly manifests: readonly Manifest[] }> {
  await kubectl(['apply', '-f', 'examples/acme'], { kubeconfig })
  const tenant = await Tenant.make(stack, { bare: true })
  const manifests = everything(tenant, tenant.workspace)
  await tenant.apply(...manifests)
  await tenant.allReady(manifests)
  await tenant.annotate('Instance', 'web', { [RESTART_REQUESTED]: 'once' })
  await allInOrder(stack)
  return { tenant, manifests }
}

/** Waits until everything is as its spec says and as the cloud has it. */
export async function allInOrder(stack: Pick<Stack, 'client'>): Promise<void> {
  await eventually(
    async () => {
      for (const object of await allObjects(stack.client)) {
        if (object.status?.conditions === undefined && object.kind.endsWith('Sku')) continue
        const told = [object.kind, object.metadata.name, object.status?.observedGeneration, conditionOf(object, 'Ready')]
        expect(told).toMatchObject([
          object.kind,
          object.metadata.name,
          object.metadata['generation'],
          { status: 'True', reason: 'Available' },
        ])
      }
    },
    { timeoutMs: 180_000, everyMs: 300 },
  )
}

/** What was done in the cloud since, `create volumes <tag>`. */
export async function changes(stack: Pick<Stack, 'cloud'>, since: number): Promise<string[]> {
  return (await stack.cloud.mutations(since)).map(({ action, type, tag }: Mutation) => `${action} ${type} ${tag}`)
}

/** Number of the newest change in the cloud. */
export async function lastChange(stack: Pick<Stack, 'cloud'>): Promise<number> {
  return (await stack.cloud.stats()).lastMutation
}
