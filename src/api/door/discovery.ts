import { createHash } from 'node:crypto'
import type { Plain } from './handler.ts'
import { GLOBAL_APIS, REGIONAL_APIS } from '../path/surface.ts'

/**
 * What kube-apiserver and its clients learn about the aggregated door. It is made of constants and names of regions, and needs
 * neither identity nor cluster: an APIService whose discovery fails holds up the deletion of every namespace (architecture §6).
 *
 * kube-apiserver reads `/apis/<group>/v1/tenants/<tenant>/skus` as resource `tenants`, name `<tenant>`, subresource `skus`
 * (architecture §1). So one resource is listed, with verb `get` alone: what can be listed would be cached by clients, and what can be
 * deleted would be swept by the namespace controller and the garbage collector.
 */
const PLURAL = 'tenants'
const SINGULAR = 'tenant'
const KIND = 'SecaTenant'
const VERBS = ['get']

const REGION = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
/** More group names than any installation has; they come from the network. */
const MAX_LEARNT = 1_024

/** `seca.compute` or `it-1.seca.compute` → the versions that it has; undefined: not one of ours. */
export function versionsOf(group: string): readonly string[] | undefined {
  const own = REGIONAL_APIS.get(group) ?? GLOBAL_APIS.get(group)
  if (own !== undefined) return own
  const dot = group.indexOf('.')
  return dot > 0 && REGION.test(group.slice(0, dot)) ? REGIONAL_APIS.get(group.slice(dot + 1)) : undefined
}

/** Groups of an installation: the global and unprefixed ones, and one set for each region. */
export function groupsOf(regions: readonly string[]): string[] {
  return [
    ...GLOBAL_APIS.keys(),
    ...REGIONAL_APIS.keys(),
    ...regions.flatMap((region) => [...REGIONAL_APIS.keys()].map((api) => `${region}.${api}`)),
  ]
}

interface Documents {
  readonly key: string
  readonly legacy: string
  readonly aggregated: string
  readonly etag: string
}

export const V2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

export class Discovery {
  readonly #regions: () => readonly string[]
  /** Groups that kube-apiserver asked for by name: it has an APIService for each, whether the region is known here yet or not. */
  readonly #learnt = new Set<string>()
  #documents: Documents | undefined

  constructor(regions: () => readonly string[]) {
    this.#regions = regions
  }

  /** The answer for a path of discovery; undefined: the path is of something else. `isProxy`: kube-apiserver itself asks. */
  answer(path: string, request: { accept: string; ifNoneMatch: string | undefined; isProxy: boolean }): Plain | undefined {
    if (path === '/apis' || path === '/apis/') return this.#list(request)
    if (path === '/openapi/v3') return json(200, '{"paths":{}}')
    if (path === '/openapi/v2') return status(404, 'there is no OpenAPI v2 document')
    if (path === '/version') return json(200, '{"major":"1","minor":"0"}')
    const [, first, group = '', version, ...rest] = path.split('/')
    if (first !== 'apis' || rest.some((segment) => segment !== '')) return undefined
    const versions = versionsOf(group)
    if (versions === undefined) return status(404, 'there is no such API group')
    if (version === undefined || version === '')
      return json(200, JSON.stringify({ kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group, versions) }))
    if (!versions.includes(version)) return status(404, 'the API group has no such version')
    if (request.isProxy && this.#learnt.size < MAX_LEARNT) this.#learnt.add(group)
    return json(200, resourceList(group, version))
  }

  #list({ accept, ifNoneMatch }: { accept: string; ifNoneMatch: string | undefined }): Plain {
    const { legacy, aggregated, etag } = this.#current()
    if (!wantsAggregated(accept)) return json(200, legacy)
    const headers = { 'content-type': V2, etag, vary: 'Accept', 'cache-control': 'public' }
    if (ifNoneMatch === etag) return { status: 304, headers, body: '' }
    return { status: 200, headers, body: aggregated }
  }

  #current(): Documents {
    const groups = [...new Set([...groupsOf(this.#regions()), ...this.#learnt])].toSorted()
    const key = groups.join()
    if (this.#documents?.key === key) return this.#documents
    const all = groups.flatMap((group) => {
      const versions = versionsOf(group)
      return versions === undefined ? [] : [{ group, versions }]
    })
    const legacy = JSON.stringify({
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: all.map(({ group, versions }) => groupOf(group, versions)),
    })
    const aggregated = JSON.stringify({
      kind: 'APIGroupDiscoveryList',
      apiVersion: 'apidiscovery.k8s.io/v2',
      metadata: {},
      items: all.map(({ group, versions }) => ({
        metadata: { name: group, creationTimestamp: null },
        versions: versions.map((version) => ({ version, freshness: 'Current', resources: [discovered(group, version)] })),
      })),
    })
    const etag = `"${createHash('sha256').update(aggregated).digest('hex')}"`
    return (this.#documents = { key, legacy, aggregated, etag })
  }
}

function wantsAggregated(accept: string): boolean {
  return accept.split(',').some((one) => {
    const parts = one.split(';').map((part) => part.trim())
    return ['application/json', 'g=apidiscovery.k8s.io', 'v=v2', 'as=APIGroupDiscoveryList'].every((part) => parts.includes(part))
  })
}

function groupOf(group: string, versions: readonly string[]) {
  const all = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }))
  return { name: group, versions: all, preferredVersion: all[0] }
}

function resourceList(group: string, version: string): string {
  const resource = { name: PLURAL, singularName: SINGULAR, namespaced: false, kind: KIND, verbs: VERBS }
  return JSON.stringify({ kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${group}/${version}`, resources: [resource] })
}

function discovered(group: string, version: string) {
  return { resource: PLURAL, responseKind: { group, version, kind: KIND }, scope: 'Cluster', singularResource: SINGULAR, verbs: VERBS }
}

const json = (code: number, body: string): Plain => ({ status: code, headers: { 'content-type': 'application/json' }, body })

/** Errors on Kubernetes' own paths have its shape. */
function status(code: 404, message: string): Plain {
  return json(
    code,
    JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: 'NotFound', code }),
  )
}
