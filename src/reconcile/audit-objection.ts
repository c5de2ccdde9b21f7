import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import type { KubeClient } from '../kube/client.ts'
import { ifNotFound } from '../kube/errors.ts'
import { parseTag } from '../provider/tags.ts'
import type { Lookup, Scope } from '../resolve/lookup.ts'
import { keyOf } from '../resolve/names.ts'
import type { Finding } from './audit.ts'
import { expectedFor, expectedOf, type Opened } from './audit-cluster.ts'

export interface ObjectionOptions {
  readonly client: Pick<KubeClient, 'get' | 'list'>
  readonly lookup: Lookup
  readonly kinds: readonly Kind[]
  readonly installation: string
  readonly opened: () => Opened
  readonly signal: AbortSignal
}

/** Why a cloud object that was proven to be nobody's may not go after all, asked of the cluster itself; undefined: it may. */
export async function objectionTo(
  { finding, kind: name, tag, found, expected }: Finding,
  options: ObjectionOptions,
): Promise<string | undefined> {
  const { lookup, kinds, installation, opened } = options
  const kind = lookup.kindNamed(name)
  if (kind === undefined || found === undefined) return 'nothing is known of it any more'
  if (finding === 'abandoned') {
    const now = expectedOf(lookup, kinds, installation, opened()).find(({ uid }) => uid === expected?.uid)
    const isSame = now?.externalId === expected?.externalId && now?.account === expected?.account && now?.tag === expected?.tag
    const isElsewhere = now?.account !== undefined && now.account !== found.account && now.externalId !== found.externalId
    return isSame && isElsewhere ? undefined : 'its resource changed since it was looked at'
  }
  const recorded = [...lookup.all(name)].find(
    ({ status }) =>
      status?.externalId === found.externalId || (status?.incarnation !== undefined && status.incarnation === found.incarnation),
  )
  if (recorded !== undefined) return `${name} ${keyOf(recorded.metadata.namespace, recorded.metadata.name)} records it`
  const resource = await liveOf(kind, tag, options)
  return resource === undefined ? undefined : `there is a resource again: ${resource}`
}

/** The resource of a tag as the cluster has it now. */
async function liveOf(kind: Kind, tag: string, options: ObjectionOptions): Promise<string | undefined> {
  const { client, lookup, signal } = options
  const place = placeOf(lookup, kind, tag)
  if (place === undefined) return listed(kind, tag, options)
  const { namespace, name } = place
  const found = await client.get<Resource>(kind.gvr, namespace, name, signal).catch(ifNotFound)
  return found === undefined ? undefined : `${kind.kind} ${keyOf(namespace, name)}`
}

/** For tags that do not tell their path, and paths without a namespace: all of the kind. */
async function listed(kind: Kind, tag: string, options: ObjectionOptions): Promise<string | undefined> {
  const { client, lookup, installation, opened, signal } = options
  for await (const { items } of client.list<Resource>(kind.gvr, { signal }))
    for (const item of items) {
      const one = expectedFor(lookup, kind, item, installation, opened())
      if (one.tag === tag || one.tagKey === tag) return one.object
    }
  return undefined
}

/** Where the resource of a tag is, by its path; undefined where the tag does not tell its path, or no namespace stands for it. */
export function placeOf(lookup: Lookup, kind: Kind, tag: string): { readonly namespace: string; readonly name: string } | undefined {
  const parsed = parseTag(tag)
  if (parsed === undefined || parsed.isHashed) return undefined
  const steps = parsed.path.slice(kind.api.length + 1).split('/')
  const pairs = new Map<string, string>()
  for (let at = 0; at + 1 < steps.length; at += 2) pairs.set(steps[at] ?? '', steps[at + 1] ?? '')
  const tenant = pairs.get('tenants')
  const own = pairs.get(kind.collection)
  if (tenant === undefined || own === undefined) return undefined
  const workspace = kind.scope === 'workspace' ? pairs.get('workspaces') : undefined
  const scope: Scope = { tenant, ...(workspace === undefined ? {} : { workspace }) }
  const namespace = lookup.namespaceOf(scope)
  const parentKind = kind.parent && lookup.kindNamed(kind.parent.kind)
  const parent = parentKind && pairs.get(parentKind.collection)
  return namespace === undefined ? undefined : { namespace, name: parent === undefined ? own : `${parent}.${own}` }
}
