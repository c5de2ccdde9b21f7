/** Where a kind of object lives in the Kubernetes API. The core group is the empty string. */
export interface GroupVersionResource {
  readonly group: string
  readonly version: string
  /** Plural, lower case, as in the path. */
  readonly resource: string
  readonly kind: string
  readonly namespaced: boolean
}

interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

/** Times are RFC 3339 strings: nothing here turns them into `Date`. */
export interface ObjectMeta {
  readonly name: string
  readonly generateName?: string | undefined
  readonly namespace?: string | undefined
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
  readonly generation?: number | undefined
  readonly creationTimestamp?: string | undefined
  readonly deletionTimestamp?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly annotations?: Readonly<Record<string, string | undefined>> | undefined
  readonly finalizers?: readonly string[] | undefined
  readonly ownerReferences?: readonly OwnerReference[] | undefined
  readonly managedFields?: readonly unknown[] | undefined
}

/** What every stored object has. Objects that come out of a store are shared: never change one. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
}

/** `group/version`, or `v1` in the core group. */
export function apiVersionOf(gvr: GroupVersionResource): string {
  return gvr.group === '' ? gvr.version : `${gvr.group}/${gvr.version}`
}

/** Path of a collection (no name), an object, or a subresource. A namespace on a cluster-scoped kind is ignored. */
export function pathOf(gvr: GroupVersionResource, namespace: string | undefined, name?: string, subresource?: string): string {
  let path = gvr.group === '' ? `/api/${gvr.version}` : `/apis/${gvr.group}/${gvr.version}`
  if (gvr.namespaced && namespace !== undefined) path += `/namespaces/${encodeURIComponent(namespace)}`
  path += `/${gvr.resource}`
  if (name !== undefined) path += `/${encodeURIComponent(name)}`
  return subresource === undefined ? path : `${path}/${subresource}`
}
