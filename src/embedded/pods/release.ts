import { KUBERNETES } from '../../kube/builtin.ts'
import type { KubeClient } from '../../kube/client.ts'
import { ifNotFound } from '../../kube/errors.ts'
import type { KubeObject } from '../../kube/gvr.ts'

export const RELEASE = 'seca'

/**
 * Takes away Helm's notes of an installation or upgrade that was cut off: with them, Helm takes it for one that is under way, and refuses
 * another. Only for who knows that none is.
 */
export async function forgetUnfinished(client: KubeClient, namespace: string): Promise<void> {
  const labelSelector = `owner=helm,name=${RELEASE},status in (pending-install,pending-upgrade,pending-rollback)`
  for await (const { items } of client.list<KubeObject>(KUBERNETES.Secret, { namespace, labelSelector }))
    for (const { metadata } of items) await client.delete(KUBERNETES.Secret, namespace, metadata.name).catch(ifNotFound)
}
