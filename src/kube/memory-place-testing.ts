import { kindNamed } from '../kinds/index.ts'
import { KUBERNETES } from './builtin.ts'
import { apiVersionOf, type GroupVersionResource } from './gvr.ts'
import type { Selection } from './memory-watch-testing.ts'

/** What a request's path names. */
export interface Place {
  /** `apps/v1/deployments` */
  readonly collection: string
  readonly namespace: string | undefined
  readonly name: string | undefined
  /** Within the collection. */
  readonly key: string
  readonly subresource: string | undefined
  readonly query: URLSearchParams
}

export const collectionOf = (gvr: GroupVersionResource): string => `${apiVersionOf(gvr)}/${gvr.resource}`

export const keyOf = (namespace: string | undefined, name: string): string => (namespace === undefined ? name : `${namespace}/${name}`)

/** Name of the CustomResourceDefinition that serves a collection: `apps/v1/deployments` → `deployments.apps`. */
export function crdOf(collection: string): string {
  const [group = '', , resource = ''] = collection.split('/')
  return `${resource}.${group}`
}

/** Where objects of a kind live; of a kind that nobody knows: where they most likely would. */
export function gvrOf({ kind, apiVersion = 'v1' }: { readonly kind: string; readonly apiVersion?: string }): GroupVersionResource {
  const known = kindNamed(kind)?.gvr ?? (KUBERNETES as Readonly<Record<string, GroupVersionResource>>)[kind]
  if (known !== undefined) return known
  const [version = '', group = ''] = apiVersion.split('/').toReversed()
  return { group, version, resource: `${kind.toLowerCase()}s`, kind, namespaced: true }
}

export function placeOf(path: string): Place {
  const { pathname, searchParams } = new URL(path, 'http://memory')
  const [root, ...rest] = pathname.slice(1).split('/').map(decodeURIComponent)
  const base = root === 'api' ? 1 : 2
  const isNamespaced = rest[base] === 'namespaces' && rest.length > base + 2 && rest[base + 2] !== 'status'
  const namespace = isNamespaced ? rest[base + 1] : undefined
  const [resource = '', name, subresource] = rest.slice(isNamespaced ? base + 2 : base)
  const collection = [...rest.slice(0, base), resource].join('/')
  return { collection, namespace, name, key: keyOf(namespace, name ?? ''), subresource, query: searchParams }
}

export const selectionOf = ({ collection, namespace, query }: Place): Selection => ({
  collection,
  namespace,
  labelSelector: query.get('labelSelector') ?? undefined,
  fieldSelector: query.get('fieldSelector') ?? undefined,
})
