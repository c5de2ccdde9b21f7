import { API_SERVICE_SELECTOR, apiServices } from '../api/door/api-services.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import { ifNotFound } from '../kube/errors.ts'
import type { Log } from '../observe/log.ts'
import { holds } from './compare.ts'
import type { Cluster } from './fenced.ts'

/** Of what the leader keeps up for the installation. */
export const DUTIES_MANAGER = 'seca-duties'

interface ApiService {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly deletionTimestamp?: string
    readonly ownerReferences?: readonly { readonly uid: string }[]
  }
  readonly spec: object
}

interface EndpointSlice {
  readonly endpoints?: readonly { readonly conditions?: { readonly ready?: boolean } }[] | null
}

export interface ApiServicesOptions {
  readonly client: Cluster
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number }
  /** Name of the APIService that owns the others: it is whoever's who installs, and is gone first when that is undone. */
  readonly owner: string
  readonly log: Log
}

/** What is there to be told of. */
interface Installation {
  /** Names of the Regions; undefined while nobody knows them: then no APIService is taken away. */
  readonly regions: readonly string[] | undefined
  /** PEM of the CAs in every caBundle. */
  readonly ca: string
}

/**
 * Makes the APIServices of every API in every region what they should be, by as few writes as that takes; answers whether they are. None is made
 * before the Service has an endpoint that is ready, nor when the owner is gone or going: one that does not answer holds up the deletion of every
 * namespace (architecture §6). Those that are there stay when the endpoints go for a while.
 */
export async function keepApiServices(options: ApiServicesOptions, { regions, ca }: Installation, signal: AbortSignal): Promise<boolean> {
  const { client, service, owner: ownerName, log } = options
  const owner = await client.get<ApiService>(KUBERNETES.APIService, undefined, ownerName, signal).catch(ifNotFound)
  if (owner === undefined || owner.metadata.deletionTimestamp !== undefined || ca === '' || regions === undefined) return false
  const there = new Map<string, ApiService>([[ownerName, owner]])
  for await (const { items } of client.list<ApiService>(KUBERNETES.APIService, { labelSelector: API_SERVICE_SELECTOR, signal }))
    for (const item of items) there.set(item.metadata.name, item)
  const wanted = apiServices({ regions, service, ca })
  const names = new Set([ownerName, ...wanted.map(({ metadata }) => metadata.name)])
  for (const { metadata } of there.values()) {
    if (names.has(metadata.name) || metadata.deletionTimestamp !== undefined) continue
    await client.delete(KUBERNETES.APIService, undefined, metadata.name, { uid: metadata.uid }, signal).catch(ifNotFound)
    log.info({ apiService: metadata.name }, 'its region is gone')
  }
  const differing = wanted
    .map(({ apiVersion, kind, metadata, spec }) => {
      const { name } = metadata
      // Of the owner nothing but the bundle is ours.
      if (name === ownerName) return { apiVersion, kind, metadata: { name }, spec: { caBundle: spec.caBundle } }
      return {
        apiVersion,
        kind,
        metadata: { ...metadata, ownerReferences: [{ apiVersion, kind, name: ownerName, uid: owner.metadata.uid }] },
        spec,
      }
    })
    .filter(({ metadata, spec }) => !holds({ metadata, spec }, there.get(metadata.name)))
  if (differing.length === 0) return true
  if (!(await isServing(client, service, signal))) return false
  for (const one of differing) await client.apply(KUBERNETES.APIService, one, { fieldManager: DUTIES_MANAGER, force: true }, signal)
  log.info({ apiServices: differing.length }, 'the aggregated API is known to kube-apiserver')
  return true
}

async function isServing(client: Cluster, { namespace, name }: ApiServicesOptions['service'], signal: AbortSignal): Promise<boolean> {
  const labelSelector = `kubernetes.io/service-name=${name}`
  for await (const { items } of client.list<EndpointSlice>(KUBERNETES.EndpointSlice, { namespace, labelSelector, signal }))
    if (items.some(({ endpoints }) => endpoints?.some(({ conditions }) => conditions?.ready !== false))) return true
  return false
}
