import { KUBERNETES } from '../kube/builtin.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import type { KubeClient } from '../kube/client.ts'
import { ifNotFound, isConflict, isNotFound } from '../kube/errors.ts'
import type { Cache } from '../cache/cache.ts'
import type { Connections, SecretData } from './connections.ts'
import { keepCatalogue } from './catalogue.ts'
import type { Services } from './controller.ts'
import { ensureNamespace, releaseNamespace } from './namespaces.ts'
import { reviseField } from './revise.ts'

/** What controllers may do besides talking to the cloud. */
export function createServices(client: KubeClient, cache: Cache, connections: Connections): Services {
  return {
    ensureNamespace: (scope, context) => ensureNamespace(client, cache, scope, context),
    releaseNamespace: (scope, context) => releaseNamespace(client, cache, scope, context),
    isTerminating: (namespace) => cache.directory.isTerminating(namespace),
    async deleteObject(kind, { metadata }, { signal }) {
      try {
        await client.delete(kind.gvr, metadata.namespace, metadata.name, { uid: metadata.uid }, signal)
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error
      }
    },
    async *listLive(kind, namespace, { signal }) {
      try {
        for await (const { items } of client.list<Resource>(kind.gvr, { namespace, signal })) yield items
      } catch (error) {
        // A kind that is not installed has no objects.
        if (!isNotFound(error)) throw error
      }
    },
    reviseField: (kind, object, path, revise, { signal }) => reviseField({ client, kind, object, path, revise, signal }),
    keepCatalogue: (region, context) => keepCatalogue({ client, lookup: cache, connections }, region, context),
    checkAccount: (cloudProvider, context) => connections.check(cloudProvider, context),
  }
}

/** Whether a kind is being uninstalled: its CRD is on the way out, or gone (architecture §4 "Deletion"). Asked live. */
export async function isUninstalling(client: KubeClient, kind: Kind, signal: AbortSignal): Promise<boolean> {
  const name = `${kind.gvr.resource}.${kind.gvr.group}`
  const crd = await client.get<Pick<Resource, 'metadata'>>(KUBERNETES.CustomResourceDefinition, undefined, name, signal).catch(ifNotFound)
  return crd === undefined || crd.metadata.deletionTimestamp !== undefined
}

/** The very object as the cluster has it now; undefined when it is gone. A store may hold one of a kind that was uninstalled and installed again. */
export async function live(client: KubeClient, kind: Kind, { metadata }: Resource, signal: AbortSignal): Promise<Resource | undefined> {
  const found = await client.get<Resource>(kind.gvr, metadata.namespace, metadata.name, signal).catch(ifNotFound)
  return found?.metadata.uid === metadata.uid ? found : undefined
}

/** Reads a Secret by name; Secrets are never listed or watched. */
export async function readSecret(
  client: KubeClient,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<SecretData | undefined> {
  const secret = await client
    .get<{ metadata: { resourceVersion: string }; data?: Record<string, string> }>(KUBERNETES.Secret, namespace, name, signal)
    .catch(ifNotFound)
  if (secret === undefined) return undefined
  const data = Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')])
  return { resourceVersion: secret.metadata.resourceVersion, data: Object.fromEntries(data) }
}
