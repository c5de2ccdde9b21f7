import { KINDS, kindNamed } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import { Cache, type CacheOptions } from './cache.ts'

/** For unit tests: a filled cache with tenant `acme`, workspace `prod` (namespace `w`), region `eu-1`, and objects as the apiserver would return them. */
export function testCache(options: CacheOptions = {}): Cache {
  const cache = new Cache(KINDS, 'eu-1', options)
  addNamespace(cache, 't', { 'secapi.cloud/tenant': 'acme' })
  addNamespace(cache, 'w', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'prod' })
  add(cache, 'Region', undefined, 'eu-1', { availableZones: ['a', 'b'], cloudProvider: 'sim' }, ACTIVE)
  add(cache, 'StorageSku', undefined, 'eu-1.rd100', { region: 'eu-1', iops: 100, type: 'remote-durable', minVolumeSize: 1 })
  add(cache, 'Workspace', 't', 'prod', {}, ACTIVE)
  return cache
}

export const ACTIVE = { state: 'active', observedGeneration: 1 } as const

let version = 1

export function addNamespace(cache: Cache, name: string, labels: Record<string, string>, creationTimestamp = '2026-01-01T00:00:00Z'): void {
  cache.namespaces.set({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, uid: name, resourceVersion: String(version++), creationTimestamp, labels },
  })
}

/** Puts an object into the cache and answers it. */
export function add(
  cache: Cache,
  kindName: string,
  namespace: string | undefined,
  name: string,
  spec: unknown,
  status?: object,
  metadata: object = {},
): Resource {
  const kind = kindNamed(kindName) as Kind
  const object = {
    apiVersion: kind.apiVersion,
    kind: kindName,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid: `${kindName}-${name}`,
      resourceVersion: String(version++),
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...metadata,
    },
    spec,
    ...(status === undefined ? {} : { status }),
  } as Resource
  cache.store(kindName).set(object)
  return object
}
