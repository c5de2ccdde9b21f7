import { Cache } from '../cache/cache.ts'
import type { Namespace } from '../cache/directory.ts'
import { KINDS } from '../kinds/index.ts'
import type { Resource } from '../kinds/resource.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import type { MemoryServer } from '../kube/memory-testing.ts'
import { buildTag, installationKey, isTagKey, tagKey } from '../provider/tags.ts'
import type { SimulatedCloud } from './cloud-testing.ts'
import { pathOf, urnOf } from './path.ts'
import { isBorrowed } from './policy.ts'

/** What must be empty whatever happened. */
export interface Audit {
  /** Tags that several cloud objects of a type carry. */
  readonly doubles: readonly string[]
  /** Cloud objects with our tag and no resource: `volumes vol-1 <tag>`. */
  readonly leaks: readonly string[]
  /** Resources that say `active` and have no cloud object: `BlockStorage w/v`. */
  readonly losses: readonly string[]
  /** Objects of others that we wrote to: `change servers srv-1`. */
  readonly foreign: readonly string[]
}

/** Compares the truth of the cluster with that of the cloud, and reads the cloud's log of changes. */
export function audit(cluster: MemoryServer, cloud: SimulatedCloud, installation: string): Audit {
  const objects = cloud.objects().filter(({ state }) => state !== 'deleting')
  const isOurs = ({ tag, owner }: Marked) => tag.startsWith(`${installation}/`) || isTagKey(tag) || owner === installationKey(installation)
  const ours = objects.filter(isOurs)
  const resources = tagged(cluster, installation)
  const keys = new Set(resources.map(({ tag }) => tagKey(tag)))
  const carried = ours.map((object) => `${object.type} ${object.tag || markOf(object)}`)
  const strangers = new Set(
    cloud.desk.cloud.mutations.all.flatMap(({ by, action, id }) => (by === 'admin' && action === 'create' ? [id] : [])),
  )
  return {
    doubles: [...new Set(carried.filter((one, index) => carried.indexOf(one) !== index))],
    leaks: ours.filter((object) => !keys.has(markOf(object))).map(({ type, id, tag }) => `${type} ${id} ${tag}`),
    losses: resources
      .filter(
        ({ object: { status }, tag }) =>
          status?.state === 'active' && !ours.some((one) => markOf(one) === tagKey(tag) && one.id === status.externalId),
      )
      .map(({ object: { kind, metadata } }) => `${kind} ${metadata.namespace}/${metadata.name}`),
    foreign: cloud.desk.cloud.mutations.all
      .filter((one) => one.by === 'api' && strangers.has(one.id) && !isOurs(one))
      .map(({ action, type, id }) => `${action} ${type} ${id}`),
  }
}

/** How an object tells whose it is: by its tag, or by keys where tags are short. */
interface Marked {
  readonly tag: string
  readonly key?: string
  readonly owner?: string
}

/** The key of what an object stands for, whichever of both it carries. */
function markOf({ tag, key }: Marked): string {
  return key ?? (isTagKey(tag) ? tag : tagKey(tag))
}

/** Every resource that has a cloud object of its own, with the tag that this one carries. */
function tagged(cluster: MemoryServer, installation: string): { readonly object: Resource; readonly tag: string }[] {
  const lookup = new Cache(KINDS, 'eu-1')
  for (const namespace of cluster.all<Namespace>(KUBERNETES.Namespace)) lookup.namespaces.set(namespace)
  for (const { kind, gvr } of KINDS) for (const object of cluster.all<Resource>(gvr)) lookup.store(kind).set(object)
  return KINDS.filter(({ cloud }) => cloud !== 'none').flatMap((kind) =>
    [...lookup.all(kind.kind)].flatMap((object) => {
      const path = pathOf(lookup, kind, object)
      if (path === undefined || isBorrowed(object)) return []
      return { object, tag: buildTag({ installation, region: path.region, path: urnOf(lookup, kind, path) }) }
    }),
  )
}
