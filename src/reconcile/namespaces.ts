import { MANAGED_LABEL, TENANT_LABEL, WORKSPACE_LABEL } from '../kinds/names.ts'
import type { KubeClient } from '../kube/client.ts'
import { isConflict, isNotFound } from '../kube/errors.ts'
import type { CallContext } from '../provider/contract.ts'
import { defaultNamespace } from '../resolve/names.ts'
import type { Cache } from '../cache/cache.ts'
import type { Namespace } from '../cache/directory.ts'
import { KUBERNETES } from '../kube/builtin.ts'

type Scope = { readonly tenant: string; readonly workspace: string }

/** Makes the namespace of a workspace, or takes over one that was labelled for it (DESIGN §2). Answers what it waits for. */
export async function ensureNamespace(
  client: KubeClient,
  cache: Cache,
  scope: Scope,
  { signal }: CallContext,
): Promise<string | undefined> {
  const existing = cache.namespaceOf(scope)
  if (existing !== undefined)
    return cache.directory.isTerminating(existing) ? `namespace ${existing} is being deleted; it comes back empty` : undefined
  const name = defaultNamespace(scope)
  const labels = { [TENANT_LABEL]: scope.tenant, [WORKSPACE_LABEL]: scope.workspace, [MANAGED_LABEL]: 'true' }
  try {
    const made = await client.create<Namespace>(
      KUBERNETES.Namespace,
      undefined,
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } },
      signal,
    )
    cache.namespaces.set(made)
    return undefined
  } catch (error) {
    if (!isConflict(error)) throw error
    return `namespace ${name} exists without being this workspace's: label it ${TENANT_LABEL}=${scope.tenant} and ${WORKSPACE_LABEL}=${scope.workspace}, or remove it`
  }
}

/** Deletes the namespace if this controller made it, else takes the labels off. Answers what it waits for. */
export async function releaseNamespace(
  client: KubeClient,
  cache: Cache,
  scope: Scope,
  { signal }: CallContext,
): Promise<string | undefined> {
  const name = cache.namespaceOf(scope)
  const namespace = name === undefined ? undefined : cache.directory.get(name)
  if (name === undefined || namespace === undefined) return undefined
  if (!cache.directory.isManaged(name)) {
    if (cache.directory.isTerminating(name)) return undefined
    const labels = { [TENANT_LABEL]: null, [WORKSPACE_LABEL]: null }
    await ignoreGone(
      client.patch(
        KUBERNETES.Namespace,
        undefined,
        name,
        { type: 'merge', body: { metadata: { uid: namespace.metadata.uid, labels } } },
        signal,
      ),
    )
    return undefined
  }
  if (!cache.directory.isTerminating(name))
    await ignoreGone(client.delete(KUBERNETES.Namespace, undefined, name, { uid: namespace.metadata.uid }, signal))
  return `namespace ${name} is being deleted`
}

async function ignoreGone(action: Promise<unknown>): Promise<void> {
  try {
    await action
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
