import { KINDS } from '../../src/kinds/index.ts'
import type { GroupVersionResource } from '../../src/kinds/kind.ts'
import { TENANT_LABEL } from '../../src/kinds/names.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { ifNotFound } from '../../src/kube/errors.ts'
import type { KubeObject } from '../../src/kube/gvr.ts'

/** Kinds that tenants own. */
export const TENANT_KINDS = KINDS.filter(({ scope }) => scope !== 'cluster')

/** Everything that tenants own. */
export const ownedBy = <T extends KubeObject>(client: KubeClient) => objectsOf<T>(client, TENANT_KINDS)

async function* objectsOf<T extends KubeObject>(
  client: KubeClient,
  kinds: typeof KINDS,
): AsyncGenerator<{ readonly gvr: GroupVersionResource; readonly object: T }> {
  for (const { gvr } of kinds) for await (const { items } of client.list<T>(gvr, {})) for (const object of items) yield { gvr, object }
}

/** Takes all tenants away by force, whatever stands for them in a cloud: for what no controllers are there to let go of. */
export async function clearTenants(client: KubeClient): Promise<void> {
  await clear(client, TENANT_KINDS)
  for await (const { items } of client.list<KubeObject>(KUBERNETES.Namespace, { labelSelector: TENANT_LABEL }))
    for (const { metadata } of items) await client.delete(KUBERNETES.Namespace, undefined, metadata.name).catch(ifNotFound)
}

/** The same with regions, accounts and SKUs: those of another file's tests name a cloud that is gone. */
export async function clearCluster(client: KubeClient): Promise<void> {
  await clearTenants(client)
  await clear(
    client,
    KINDS.filter(({ scope }) => scope === 'cluster'),
  )
}

async function clear(client: KubeClient, kinds: typeof KINDS): Promise<void> {
  for await (const { gvr, object } of objectsOf(client, kinds)) {
    const { namespace, name } = object.metadata
    await client.patch(gvr, namespace, name, { type: 'merge', body: { metadata: { finalizers: null } } }).catch(ifNotFound)
    await client.delete(gvr, namespace, name).catch(ifNotFound)
  }
}
