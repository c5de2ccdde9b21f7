import { API_FIELD_MANAGER, REQUESTED } from '../../src/kinds/names.ts'
import { BlockStorage } from '../../src/kinds/storage/block-storage.ts'
import type { Resource } from '../../src/kinds/resource.ts'
import type { Shot } from './api-load.ts'
import { TENANT } from './world.ts'

export const WORKSPACE = 'api'
const NAMESPACE = `seca-${TENANT}--${WORKSPACE}`
const SECA = `/providers/${BlockStorage.api.split('/')[0]}/v1/tenants/${TENANT}/workspaces/${WORKSPACE}/${BlockStorage.collection}`
const KUBE = `/apis/${BlockStorage.apiVersion}/namespaces/${NAMESPACE}/${BlockStorage.gvr.resource}`
const JSON_BODY = { 'content-type': 'application/json' }
const GZIP = { 'accept-encoding': 'gzip' }

/** Objects that are written: as many as callers, so that no two write the same one at once. */
const WRITTEN = 32

/** Who is asked: the SECA API; kube-apiserver as it answers by default; kube-apiserver in another way, for comparison. */
export type Side = 'api' | 'raw' | 'other'

/** One operation, done with the same objects on both sides. */
interface Case {
  readonly name: string
  readonly isRead: boolean
  /** What the raw side does, and what the other one does. */
  readonly raw: string
  readonly other?: string
  readonly shots: { readonly [side in Side]?: readonly Shot[] }
}

const skuRef = { resource: 'skus/rd100' }
/** The spec with a size that grows with every request. */
const GROWING = `{"sizeGB":@count@,"skuRef":${JSON.stringify(skuRef)}}`

/** The PUT that makes a volume through the API. */
export function creation(name: string): Shot {
  return {
    method: 'PUT',
    path: `${SECA}/${name}`,
    headers: JSON_BODY,
    body: JSON.stringify({ labels: { tier: 'gold', app: name }, spec: { sizeGB: 10, skuRef } }),
  }
}

export const listPath = SECA

/** All cases on `objects`, as the cluster holds them now. */
export function casesFor(objects: readonly Resource[]): Case[] {
  const each = (shot: (object: Resource) => Shot) => objects.map(shot)
  const seca = (object: Resource) => `${SECA}/${object.metadata.name}`
  const kube = (object: Resource) => `${KUBE}/${object.metadata.name}`
  const put = (object: Resource, spec: string): Shot => ({
    method: 'PUT',
    path: seca(object),
    headers: JSON_BODY,
    body: `{"labels":${JSON.stringify(object.metadata.labels ?? {})},"spec":${spec}}`,
  })
  const written = objects.slice(0, WRITTEN)
  const cached = '?resourceVersion=0'
  return [
    {
      name: 'GET',
      isRead: true,
      raw: 'GET',
      other: 'GET from its watch cache (resourceVersion=0)',
      shots: {
        api: each((object) => ({ method: 'GET', path: seca(object) })),
        raw: each((object) => ({ method: 'GET', path: kube(object) })),
        other: each((object) => ({ method: 'GET', path: kube(object) + cached })),
      },
    },
    {
      name: `LIST ${objects.length}`,
      isRead: true,
      raw: 'LIST',
      other: 'LIST from its watch cache (resourceVersion=0)',
      shots: {
        api: [{ method: 'GET', path: SECA }],
        raw: [{ method: 'GET', path: KUBE }],
        other: [{ method: 'GET', path: KUBE + cached }],
      },
    },
    {
      name: `LIST ${objects.length}, gzip`,
      isRead: true,
      raw: 'LIST, gzip',
      shots: { api: [{ method: 'GET', path: SECA, headers: GZIP }], raw: [{ method: 'GET', path: KUBE, headers: GZIP }] },
    },
    {
      name: 'PUT, changed',
      isRead: false,
      raw: 'PUT of the object',
      other: 'the merge patch that the API sends',
      shots: {
        api: written.map((object) => put(object, GROWING)),
        raw: written.map((object) => replacement(object, kube(object))),
        other: written.map((object) => patch(object, kube(object))),
      },
    },
  ]
}

/** PUTs that change nothing: each is recorded all the same. */
export function unchanged(objects: readonly Resource[]): Shot[] {
  return objects.slice(0, WRITTEN).map(({ metadata, spec }) => ({
    method: 'PUT',
    path: `${SECA}/${metadata.name}`,
    headers: JSON_BODY,
    body: JSON.stringify({ labels: metadata.labels, spec }),
  }))
}

/** As the API: nobody else may own what it changes next. */
const MANAGER = `?fieldManager=${API_FIELD_MANAGER}`

/** The object as a Kubernetes client sends it back. */
function replacement({ apiVersion, kind, metadata }: Resource, path: string): Shot {
  const { name, namespace, labels, annotations, finalizers } = metadata
  const meta = JSON.stringify({ name, namespace, labels, annotations, finalizers, resourceVersion: '@version@' })
  return {
    method: 'PUT',
    path: path + MANAGER,
    headers: JSON_BODY,
    body: `{"apiVersion":"${apiVersion}","kind":"${kind}","metadata":${meta},"spec":${GROWING}}`,
  }
}

function patch({ metadata }: Resource, path: string): Shot {
  const meta = JSON.stringify({ annotations: { [REQUESTED]: '@count@' }, uid: metadata.uid, resourceVersion: '@version@' })
  return {
    method: 'PATCH',
    path: path + MANAGER,
    headers: { 'content-type': 'application/merge-patch+json' },
    body: `{"spec":{"sizeGB":@count@},"metadata":${meta}}`,
  }
}
