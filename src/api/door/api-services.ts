import { KUBERNETES } from '../../kube/builtin.ts'
import type { KubeClient } from '../../kube/client.ts'
import { isNotFound } from '../../kube/errors.ts'
import { FIELD_MANAGER } from '../../kinds/names.ts'
import { groupsOf, versionsOf } from './discovery.ts'
import { SURFACES } from '../path/surface.ts'

const LABELS = { 'app.kubernetes.io/part-of': 'seca-operator', 'app.kubernetes.io/component': 'api' }
/** Finds the APIServices that are ours. */
export const API_SERVICE_SELECTOR = Object.entries(LABELS)
  .map(([name, value]) => `${name}=${value}`)
  .join()

export interface Aggregation {
  readonly regions: readonly string[]
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number }
  /** PEM of the CAs that vouch for the server's certificate, which names `<service>.<namespace>.svc`. */
  readonly ca: string
}

/** APIServices of every API in every region (architecture §1). Groups that no CRD uses, so that no custom resource is shadowed. */
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

const GATE = 'seca-api-gate'

/**
 * kube-apiserver's own check of the aggregated paths, which it reads as resource `tenants`, name `<tenant>`, and a subresource
 * (architecture §1). Everybody who is somebody may knock: what they may do is asked about the custom resources. An administrator who
 * wants to hold users to some tenants here already binds them to rules with `resourceNames` and deletes this binding.
 */
export function gateRoles(regions: readonly string[]) {
  const subresources = SURFACES.filter(({ hasTenant }) => hasTenant).flatMap(({ segments }) => segments[3] ?? [])
  const rules = [
    {
      apiGroups: groupsOf(regions),
      resources: ['tenants', 'regions', ...[...new Set(subresources)].map((name) => `tenants/${name}`)],
      verbs: ['get', 'list', 'create', 'update', 'delete'],
    },
  ]
  const metadata = { name: GATE, labels: LABELS }
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: GATE }
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:authenticated' }]
  return {
    role: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata, rules },
    binding: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata, roleRef, subjects },
  }
}

/** A Service for a server on this machine, where no Service network runs: a name instead of an address (architecture §6). */
function localService({ service }: Pick<Aggregation, 'service'>) {
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
  await Promise.all(
    wanted.map((object) => client.apply(KUBERNETES.APIService, object, { fieldManager: FIELD_MANAGER, force: true }, signal)),
  )
  const { role, binding } = gateRoles(aggregation.regions)
  await client.apply(KUBERNETES.ClusterRole, role, { fieldManager: FIELD_MANAGER, force: true }, signal)
  await client.apply(KUBERNETES.ClusterRoleBinding, binding, { fieldManager: FIELD_MANAGER, force: true }, signal)
  const names = new Set(wanted.map(({ metadata }) => metadata.name))
  await removeApiServices(client, (name) => !names.has(name), signal)
}

/** Closes the aggregated door; to be called before its server stops. */
export async function closeAggregation(client: KubeClient, signal?: AbortSignal): Promise<void> {
  await removeApiServices(client, () => true, signal)
  for (const gvr of [KUBERNETES.ClusterRoleBinding, KUBERNETES.ClusterRole])
    await client.delete(gvr, undefined, GATE, {}, signal).catch((error: unknown) => {
      if (!isNotFound(error)) throw error
    })
}

async function removeApiServices(client: KubeClient, isMeant: (name: string) => boolean, signal: AbortSignal | undefined): Promise<void> {
  const names: string[] = []
  for await (const page of client.list(KUBERNETES.APIService, { labelSelector: API_SERVICE_SELECTOR, signal }))
    names.push(...page.items.map(({ metadata }) => metadata.name))
  await Promise.all(
    names.filter(isMeant).map((name) =>
      client.delete(KUBERNETES.APIService, undefined, name, {}, signal).catch((error: unknown) => {
        if (!isNotFound(error)) throw error
      }),
    ),
  )
}

/** Applies the Service of a server on this machine. */
export async function applyLocalService(
  client: KubeClient,
  aggregation: Pick<Aggregation, 'service'>,
  signal?: AbortSignal,
): Promise<void> {
  await client.apply(KUBERNETES.Service, localService(aggregation), { fieldManager: FIELD_MANAGER, force: true }, signal)
}
