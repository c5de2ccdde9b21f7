import { isDeepStrictEqual } from 'node:util'
import type { Kind } from '../kinds/kind.ts'
import { FIELD_MANAGER } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import type { KubeClient } from '../kube/client.ts'
import { ifNotFound, isConflict, isInvalid, isNotFound } from '../kube/errors.ts'

interface Revision {
  readonly client: KubeClient
  readonly kind: Kind
  readonly object: Resource
  /** JSON Pointer, `/spec/roles`. */
  readonly path: string
  /** What the field should hold, from what it holds; the same value leaves it alone. */
  readonly revise: (value: unknown) => unknown
  readonly signal: AbortSignal
}

/** Tries against others who write the same field at the same time. */
const TRIES = 5

/**
 * Rewrites one field of an object and nothing else: what others write to it meanwhile is neither lost nor undone, and a later object of
 * the name is left alone. An object that is gone is fine. Throws what the cluster refuses.
 */
export async function reviseField({ client, kind, object, path, revise, signal }: Revision): Promise<void> {
  const { namespace, name, uid } = object.metadata
  let seen: Resource | undefined = object
  for (let tries = 1; seen !== undefined && seen.metadata.uid === uid; tries++) {
    const from = at(seen, path)
    const to = revise(from)
    if (isDeepStrictEqual(from, to)) return
    const tests = [
      { op: 'test', path: '/metadata/uid', value: uid },
      { op: 'test', path, value: from },
    ]
    try {
      const body = [...tests, { op: 'replace', path, value: to }]
      await client.patch(kind.gvr, namespace, name, { type: 'json', body, fieldManager: FIELD_MANAGER }, signal)
      return
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error) && !isInvalid(error)) throw error
      seen = await live(client, kind, object, signal)
      // A failed test and a refused value have the same status: whether the test would hold now tells them apart.
      const isRefused = isInvalid(error) && seen?.metadata.uid === uid && isDeepStrictEqual(at(seen, path), from)
      if (isRefused || (tries === TRIES && seen !== undefined)) throw error
    }
  }
}

function live(client: KubeClient, kind: Kind, { metadata }: Resource, signal: AbortSignal): Promise<Resource | undefined> {
  return client.get<Resource>(kind.gvr, metadata.namespace, metadata.name, signal).catch(ifNotFound)
}

function at(object: unknown, path: string): unknown {
  const steps = path.slice(1).split('/')
  return steps.reduce((value: unknown, step) => (value as Record<string, unknown> | undefined)?.[step], object)
}
