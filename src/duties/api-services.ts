import { isDeepStrictEqual } from 'node:util'
import { API_SERVICE_SELECTOR, apiServices } from '../api/door/api-services.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import type { KubeClient } from '../kube/client.ts'
import { ifNotFound } from '../kube/errors.ts'
import type { Log } from '../observe/log.ts'

/** Of what the leader keeps up for the installation. */
export const DUTIES_MANAGER = 'seca-duties'

interface ApiService {
  readonly metadata: { readonly name: string; readonly uid: string; readonly ownerReferences?: readonly { readonly uid: string }[] }
  readonly spec: { readonly caBundle?: string; readonly service?: object }
}

interface EndpointSlice {
  readonly endpoints?: readonly { readonly conditions?: { readonly ready?: boolean } }[] | null
}

export interface ApiServicesOptions {
  readonly client: KubeClient
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number }
  /** Name of the APIService that owns the others: it is whoever's who installs, and is gone first when that is undone. */
  readonly owner: string
  readonly log: Log
}

/**
 * Makes the APIServices of every API in every region what they should be, by as few writes as that takes. None is made before the Service has
 * an endpoint that is ready, nor when the owner is gone: one that does not answer holds up the deletion of every namespace (architecture §6).
 */
export async function keepApiServices(
  options: ApiServicesOptions,
  regions: readonly string[],
  ca: string,
  signal: AbortSignal,
): Promise<void> {
  const { client, service, owner: ownerName, log } = options
  const owner = await client.get<ApiService>(KUBERNETES.APIService, undefined, ownerName, signal).catch(ifNotFound)
  if (owner === undefined || ca === '') return
  const there = new Map<string, ApiService>()
  for await (const { items } of client.list<ApiService>(KUBERNETES.APIService, { labelSelector: API_SERVICE_SELECTOR, signal }))
    for (const item of items) there.set(item.metadata.name, item)
  const wanted = apiServices({ regions, service, ca })
  const gone = [...there.keys()].filter((name) => name !== ownerName && !wanted.some(({ metadata }) => metadata.name === name))
  const differing = wanted.filter(({ metadata: { name }, spec }) => {
    const found = name === ownerName ? owner : there.get(name)
    if (found?.spec.caBundle !== spec.caBundle) return true
    return (
      name !== ownerName &&
      !(isDeepStrictEqual(found.spec.service, spec.service) && found.metadata.ownerReferences?.[0]?.uid === owner.metadata.uid)
    )
  })
  for (const name of gone) {
    await client.delete(KUBERNETES.APIService, undefined, name, {}, signal).catch(ifNotFound)
    log.info({ apiService: name }, 'its region is gone')
  }
  if (differing.length === 0 || !(await isServing(client, service, signal))) return
  const apply = (object: Parameters<KubeClient['apply']>[1]) =>
    client.apply(KUBERNETES.APIService, object, { fieldManager: DUTIES_MANAGER, force: true }, signal)
  for (const { apiVersion, kind, metadata, spec } of differing) {
    const { name } = metadata
    const ownerReferences = [{ apiVersion, kind, name: ownerName, uid: owner.metadata.uid }]
    // Of the owner nothing but the bundle is ours.
    if (name === ownerName) await apply({ apiVersion, kind, metadata: { name }, spec: { caBundle: spec.caBundle } })
    else await apply({ apiVersion, kind, metadata: { ...metadata, ownerReferences }, spec })
  }
  log.info({ apiServices: differing.length }, 'the aggregated API is known to kube-apiserver')
}

async function isServing(client: KubeClient, { namespace, name }: ApiServicesOptions['service'], signal: AbortSignal): Promise<boolean> {
  const labelSelector = `kubernetes.io/service-name=${name}`
  for await (const { items } of client.list<EndpointSlice>(KUBERNETES.EndpointSlice, { namespace, labelSelector, signal }))
    if (items.some(({ endpoints }) => endpoints?.some(({ conditions }) => conditions?.ready !== false))) return true
  return false
}
