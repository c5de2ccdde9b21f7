import { isDeepStrictEqual } from 'node:util'
import { MANAGED_LABEL, TENANT_LABEL, WORKSPACE_LABEL } from '../kinds/names.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import type { KubeClient } from '../kube/client.ts'
import { ifNotFound, isConflict } from '../kube/errors.ts'
import type { CallContext } from '../provider/contract.ts'
import { defaultNamespace } from '../resolve/names.ts'
import type { Cache } from '../cache/cache.ts'
import { claimOf, type Namespace } from '../cache/directory.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import type { Home } from './controller.ts'
import type { Problem } from './outcome.ts'

/** Makes the namespace of a workspace, or takes over one that was labelled for it (architecture §2). Answers what it waits for. */
export async function ensureNamespace(client: KubeClient, cache: Cache, home: Home, { signal }: CallContext): Promise<Problem | undefined> {
  const scope = { tenant: home.tenant, workspace: home.workspace }
  const existing = cache.namespaceOf(scope)
  if (existing !== undefined) return cache.directory.isTerminating(existing) ? going(existing, WOKEN_MS) : undefined
  const hidden = hiddenFrom(client, home)
  if (hidden !== undefined) return hidden
  const had = home.recorded === undefined ? undefined : await read(client, home.recorded, signal)
  if (had?.metadata.deletionTimestamp !== undefined) return going(had.metadata.name, UNSEEN_MS)
  if (had !== undefined && isDeepStrictEqual(claimOf(had), scope)) {
    // Labelled again, and not heard of yet.
    cache.namespaces.set(had)
    return undefined
  }
  // Another one would take the workspace away from what is in the first.
  const astray = had && (await straying(client, cache, scope, had, signal))
  if (astray !== undefined) return astray
  if (client.namespaces !== undefined) return toBeBrought(scope)
  const name = defaultNamespace(scope)
  const labels = { [TENANT_LABEL]: scope.tenant, [WORKSPACE_LABEL]: scope.workspace, [MANAGED_LABEL]: 'true' }
  try {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }
    cache.namespaces.set(await client.create<Namespace>(KUBERNETES.Namespace, undefined, body, signal))
    return undefined
  } catch (error) {
    if (!isConflict(error)) throw error
  }
  const inTheWay = await read(client, name, signal)
  // No watch tells of a namespace without our labels.
  if (inTheWay === undefined || inTheWay.metadata.deletionTimestamp !== undefined) return going(name, UNSEEN_MS)
  return notReady(
    `namespace ${name} exists without being this workspace's: label it ${TENANT_LABEL}=${scope.tenant} and ${WORKSPACE_LABEL}=${scope.workspace}, or remove it`,
    WOKEN_MS,
  )
}

/**
 * Tells the namespace to go if this controller made it, else takes the labels off; what Kubernetes then needs for it is not waited for.
 * Answers what is still in it, as the cluster and not the cache has it: nothing can come once the namespace is going.
 */
export async function releaseNamespace(
  client: KubeClient,
  cache: Cache,
  home: Home,
  { signal }: CallContext,
): Promise<Problem | undefined> {
  const name = cache.namespaceOf({ tenant: home.tenant, workspace: home.workspace })
  const namespace = name === undefined ? undefined : cache.directory.get(name)
  if (name === undefined || namespace === undefined) {
    const hidden = hiddenFrom(client, home)
    if (hidden !== undefined) return hidden
    const had = home.recorded === undefined ? undefined : await read(client, home.recorded, signal)
    return had && straying(client, cache, home, had, signal)
  }
  const { uid } = namespace.metadata
  if (!cache.directory.isManaged(name)) {
    const left = await occupants(client, cache, name, signal)
    if (left !== undefined || cache.directory.isTerminating(name)) return leaving(left)
    const body = { metadata: { uid, labels: { [TENANT_LABEL]: null, [WORKSPACE_LABEL]: null } } }
    const released = await client.patch<Namespace>(KUBERNETES.Namespace, undefined, name, { type: 'merge', body }, signal).catch(ifNotFound)
    if (released !== undefined) cache.namespaces.set(released)
    return undefined
  }
  if (!cache.directory.isTerminating(name)) {
    await client.delete(KUBERNETES.Namespace, undefined, name, { uid }, signal).catch(ifNotFound)
    // Known here before the Workspace goes: its successor must not take a namespace that is going for its own.
    const left = await read(client, name, signal)
    if (left?.metadata.uid === uid) cache.namespaces.set(left)
  }
  return leaving(await occupants(client, cache, name, signal))
}

/** The namespace that the workspace had: without a workspace's labels, and with something in it. The labels, when they come back, wake the workspace. */
async function straying(
  client: KubeClient,
  cache: Cache,
  { tenant, workspace }: Home,
  had: Namespace,
  signal: AbortSignal,
): Promise<Problem | undefined> {
  const { name } = had.metadata
  // Labelled as another's somebody has decided.
  if (claimOf(had)?.workspace !== undefined) return undefined
  const left = await occupants(client, cache, name, signal)
  if (left === undefined) return undefined
  const wanted = `${TENANT_LABEL}=${tenant} and ${WORKSPACE_LABEL}=${workspace}`
  return notReady(
    `namespace ${name} lost its labels of this workspace and still holds ${left}: label it ${wanted} again, or delete what is in it`,
    STRAY_MS,
  )
}

/** The end of a namespace wakes who waits for it; this is a safety net. */
const WOKEN_MS = 5_000
const UNSEEN_MS = 1_000
const STRAY_MS = 30_000

const notReady = (message: string, againMs: number): Problem => ({ reason: 'NamespaceNotReady', message, againMs })

const toBeBrought = ({ tenant, workspace }: { readonly tenant: string; readonly workspace: string }): Problem =>
  notReady(
    `no namespace that the operator has rights in is labelled ${TENANT_LABEL}=${tenant} and ${WORKSPACE_LABEL}=${workspace}, and it may make none: ` +
      'label one that it has, or bring one and add it to them (--namespaces; the value namespaces of the chart)',
    STRAY_MS,
  )

/** What is in a namespace without rights for us is not known, and so not gone. */
function hiddenFrom(client: KubeClient, { recorded }: Home): Problem | undefined {
  if (recorded === undefined || client.namespaces?.includes(recorded) !== false) return undefined
  const message = `namespace ${recorded} is not among those that the operator has rights in: add it to them again (--namespaces; the value namespaces of the chart)`
  return notReady(message, STRAY_MS)
}

const going = (name: string, againMs: number): Problem =>
  notReady(`namespace ${name} is still being deleted; this goes on by itself once it is gone`, againMs)

const leaving = (left: string | undefined): Problem | undefined =>
  left === undefined ? undefined : { reason: 'Deleting', message: `waits for ${left} to go`, againMs: UNSEEN_MS }

/** The first of each kind in a namespace, as the cluster and not the cache has it. */
async function occupants(client: KubeClient, cache: Cache, namespace: string, signal: AbortSignal): Promise<string | undefined> {
  const kinds = [...cache.kinds()].filter((kind) => kind.scope === 'workspace')
  const found = await Promise.all(kinds.map((kind) => firstOf(client, kind, namespace, signal)))
  const names = found.filter((name) => name !== undefined).toSorted()
  return names.length === 0 ? undefined : names.join(', ')
}

async function firstOf(client: KubeClient, kind: Kind, namespace: string, signal: AbortSignal): Promise<string | undefined> {
  const page = await client.list<Resource>(kind.gvr, { namespace, pageSize: 1, signal }).next().catch(ifNotFound)
  const [first] = page?.value?.items ?? []
  return first === undefined ? undefined : `${kind.kind} "${first.metadata.name}"`
}

const read = (client: KubeClient, name: string, signal: AbortSignal): Promise<Namespace | undefined> =>
  client.get<Namespace>(KUBERNETES.Namespace, undefined, name, signal).catch(ifNotFound)
