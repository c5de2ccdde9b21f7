import { KUBERNETES } from '../kube/builtin.ts'
import { randomUUID } from 'node:crypto'
import { SecaError } from '../errors.ts'
import type { KubeClient } from '../kube/client.ts'
import { isConflict, isNotFound } from '../kube/errors.ts'

const NAME = 'seca-installation'

interface ConfigMap {
  readonly data?: { readonly id?: string }
}

/**
 * Id of this installation, the first part of every tag in the cloud: made once and kept in a ConfigMap; `given` puts an
 * old one back when a cluster is restored (architecture §4 "Identity"). Throws when the ConfigMap holds another one than `given`.
 */
export async function installationId(
  client: KubeClient,
  namespace: string,
  given: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const stored = (await read(client, namespace, signal)) ?? (await make(client, namespace, given ?? randomUUID(), signal))
  if (given === undefined || given === stored) return stored
  throw new SecaError(
    'InvalidConfiguration',
    `this cluster's installation id is ${stored}, the configuration says ${given}: correct it, or delete ConfigMap ${namespace}/${NAME} if the cluster really takes over that installation`,
  )
}

async function read(client: KubeClient, namespace: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return (await client.get<ConfigMap>(KUBERNETES.ConfigMap, namespace, NAME, signal)).data?.id
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

async function make(client: KubeClient, namespace: string, id: string, signal: AbortSignal): Promise<string> {
  try {
    await client.create(
      KUBERNETES.ConfigMap,
      namespace,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: NAME, namespace }, data: { id } },
      signal,
    )
    return id
  } catch (error) {
    if (!isConflict(error)) throw error
    return (await read(client, namespace, signal)) ?? id
  }
}
