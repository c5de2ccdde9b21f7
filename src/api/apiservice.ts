import type { KubeClient } from '../kube/client.ts'
import { isNotFound } from '../kube/errors.ts'
import type { GroupVersionResource } from '../kube/gvr.ts'
import { FIELD_MANAGER } from '../kinds/names.ts'
import { groupsOf, versionsOf } from './discovery.ts'

const API_SERVICES: GroupVersionResource = {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  resource: 'apiservices',
  kind: 'APIService',
  namespaced: false,
}
const SERVICES: GroupVersionResource = { group: '', version: 'v1', resource: 'services', kind: 'Service', namespaced: true }

const LABELS = { 'app.kubernetes.io/part-of': 'seca-operator', 'app.kubernetes.io/component': 'api' }
const SELECTOR = Object.entries(LABELS)
  .map(([name, value]) => `${name}=${value}`)
  .join()

export interface Aggregation {
  readonly regions: readonly string[]
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number }
  /** PEM of the CAs that vouch for the server's certificate, which names `<service>.<namespace>.svc`. */
  readonly ca: string
}

/** APIServices of every API in every region (DESIGN §1). Groups that no CRD uses, so that no custom resource is shadowed. */
export function apiServices({ regions, service, ca }: Aggregation) {
  return groupsOf(regions).flatMap((group) =>
    (versionsOf(group) ?? []).map((version) => ({
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: `${version}.${group}`, labels: LABELS },
      spec: {
        group,
        version,
        groupPriorityMinimum: 100,
        versionPriority: 15,
        service,
        caBundle: Buffer.from(ca).toString('base64'),
      },
    })),
  )
}

/** A Service for a server on this machine, where no Service network runs: a name instead of an address (DESIGN §6). */
export function localService({ service }: Pick<Aggregation, 'service'>) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: service.name, namespace: service.namespace, labels: LABELS },
    spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ name: 'https', port: service.port }] },
  }
}

/** Opens the aggregated door. Only once its server serves: an APIService that does not answer holds up namespace deletions. */
export async function openAggregation(client: KubeClient, aggregation: Aggregation, signal?: AbortSignal): Promise<void> {
  const wanted = apiServices(aggregation)
  await Promise.all(wanted.map((object) => client.apply(API_SERVICES, object, { fieldManager: FIELD_MANAGER, force: true }, signal)))
  const names = new Set(wanted.map(({ metadata }) => metadata.name))
  await removeApiServices(client, (name) => !names.has(name), signal)
}

/** Closes the aggregated door; to be called before its server stops. */
export async function closeAggregation(client: KubeClient, signal?: AbortSignal): Promise<void> {
  await removeApiServices(client, () => true, signal)
}

async function removeApiServices(client: KubeClient, isMeant: (name: string) => boolean, signal: AbortSignal | undefined): Promise<void> {
  const names: string[] = []
  for await (const page of client.list(API_SERVICES, { labelSelector: SELECTOR, signal })) names.push(...page.items.map(({ metadata }) => metadata.name))
  await Promise.all(
    names.filter(isMeant).map((name) =>
      client.delete(API_SERVICES, undefined, name, {}, signal).catch((error: unknown) => {
        if (!isNotFound(error)) throw error
      }),
    ),
  )
}

/** Applies the Service of {@link localService}. */
export async function applyLocalService(client: KubeClient, aggregation: Pick<Aggregation, 'service'>, signal?: AbortSignal): Promise<void> {
  await client.apply(SERVICES, localService(aggregation), { fieldManager: FIELD_MANAGER, force: true }, signal)
}
