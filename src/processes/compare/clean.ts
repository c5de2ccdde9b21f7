import { setTimeout as sleep } from 'node:timers/promises'
import { KINDS } from '../../kinds/index.ts'
import { COMPARED_LABEL } from '../../kinds/names.ts'
import type { Resource } from '../../kinds/resource.ts'
import { KUBERNETES } from '../../kube/builtin.ts'
import type { KubeClient } from '../../kube/client.ts'
import { ifNotFound, isConflict, isNotFound } from '../../kube/errors.ts'
import type { KubeObject } from '../../kube/gvr.ts'

/** What is looked at again this often. */
const LOOK_MS = 500
const NAMESPACED = KINDS.filter(({ scope }) => scope !== 'cluster')

/** A namespace that a comparison made: that one, and none of its name that came later. */
export interface Mine {
  readonly name: string
  readonly uid: string
}

/** The namespaces that comparisons made; of these regions, or of all. */
export async function comparedNamespaces(client: KubeClient, regions: readonly string[], signal: AbortSignal): Promise<readonly Mine[]> {
  const labelSelector = regions.length === 0 ? COMPARED_LABEL : `${COMPARED_LABEL} in (${regions.join(',')})`
  const found: Mine[] = []
  for await (const { items } of client.list<KubeObject>(KUBERNETES.Namespace, { labelSelector, signal }))
    found.push(...items.map(({ metadata: { name, uid = '' } }) => ({ name, uid })))
  return found
}

/** Everything of ours in some namespaces. */
export async function contentsOf(client: KubeClient, namespaces: readonly Mine[], signal: AbortSignal): Promise<readonly Resource[]> {
  const found: Resource[] = []
  for (const { name: namespace } of namespaces)
    for (const { gvr } of NAMESPACED) for await (const { items } of client.list<Resource>(gvr, { namespace, signal })) found.push(...items)
  return found
}

export interface TakeAwayOptions {
  readonly client: KubeClient
  readonly namespaces: readonly Mine[]
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Hears of each deletion before it is asked for. */
  readonly onDelete?: (object: Resource) => void
  /** How many are left. */
  readonly onProgress?: (left: number) => void
}

/**
 * Deletes what is in namespaces of comparisons, and these when they are empty: the controllers tear down what is in the clouds, nothing is forced.
 * Resolves with what is still there when the time is over; its namespaces stay, so that it can be taken away later.
 */
export async function takeAway(options: TakeAwayOptions): Promise<readonly Resource[]> {
  const { client, namespaces, timeoutMs, signal, onDelete, onProgress } = options
  const gvrOf = new Map(NAMESPACED.map(({ kind, gvr }) => [kind, gvr]))
  const deadline = performance.now() + timeoutMs
  const asked = new Set<string>()
  for (;;) {
    const left = await contentsOf(client, namespaces, signal)
    onProgress?.(left.length)
    if (left.length === 0) break
    for (const object of left) {
      const { uid, name, namespace } = object.metadata
      const gvr = gvrOf.get(object.kind)
      if (asked.has(uid) || gvr === undefined) continue
      asked.add(uid)
      onDelete?.(object)
      await client.delete(gvr, namespace, name, { uid }, signal).catch(ifGone)
    }
    if (performance.now() > deadline) return left
    await sleep(LOOK_MS, undefined, { signal })
  }
  for (const { name, uid } of namespaces) await client.delete(KUBERNETES.Namespace, undefined, name, { uid }, signal).catch(ifGone)
  for (const one of namespaces)
    while (performance.now() < deadline && (await isThere(client, one, signal))) await sleep(LOOK_MS, undefined, { signal })
  return []
}

async function isThere(client: KubeClient, { name, uid }: Mine, signal: AbortSignal): Promise<boolean> {
  const found = await client.get<KubeObject>(KUBERNETES.Namespace, undefined, name, signal).catch(ifNotFound)
  return found?.metadata.uid === uid
}

/** Gone, or another one of its name by now. */
function ifGone(error: unknown): void {
  if (!isNotFound(error) && !isConflict(error)) throw error
}
