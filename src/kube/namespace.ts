import { KUBERNETES } from './builtin.ts'
import type { KubeClient } from './client.ts'

/** Whether there is a namespace of that name; asked by a list, for which everybody has the rights who watches namespaces. */
export async function isNamespace(client: KubeClient, name: string, signal: AbortSignal): Promise<boolean> {
  for await (const { items } of client.list(KUBERNETES.Namespace, { fieldSelector: `metadata.name=${name}`, signal }))
    if (items.length > 0) return true
  return false
}
