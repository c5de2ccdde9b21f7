import { setTimeout as sleep } from 'node:timers/promises'
import type { InstallConfig } from '../cli/config.ts'
import { SecaError } from '../errors.ts'
import { FIELD_MANAGER } from '../kinds/names.ts'
import type { GroupVersionResource, KubeObject } from '../kube/gvr.ts'
import type { KubeClient } from '../kube/client.ts'
import { connect } from '../kube/config.ts'
import { isNotFound } from '../kube/errors.ts'
import { allCrds } from '../schema/crd.ts'
import { tenantPolicy } from '../schema/policy.ts'
import { apiRoles, controllerRoles, userRoles } from '../schema/rbac.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import { createProgress, during } from '../cli/progress.ts'

/** The account that the controllers run as. */
export const SERVICE_ACCOUNT = 'seca-controllers'
/** The account that the API runs as. */
export const API_SERVICE_ACCOUNT = 'seca-api'
const ESTABLISHED_MS = 60_000

/** `seca-operator install` */
export async function install(config: InstallConfig, context: { signal: AbortSignal }): Promise<void> {
  const client = connect({ kubeconfig: config.kubeconfig, context: config.context, userAgent: 'seca-operator/install' })
  try {
    await during(createProgress(), 'installing resource kinds, roles and policy', () =>
      installCluster(client, config.operatorNamespace, context.signal, config.namespaces),
    )
  } finally {
    await client.close()
  }
}

/**
 * Applies what the cluster needs before the controllers run: CRDs, the operator's namespace and account, rights (in some namespaces only,
 * where those are given), tenant policy.
 */
export async function installCluster(
  client: KubeClient,
  operatorNamespace: string,
  signal?: AbortSignal,
  namespaces: readonly string[] = [],
): Promise<void> {
  const given = namespaces.length === 0 ? undefined : namespaces
  const labels = { 'app.kubernetes.io/part-of': 'seca-operator' }
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: operatorNamespace, labels } }
  const accounts = [SERVICE_ACCOUNT, API_SERVICE_ACCOUNT].map((name) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: operatorNamespace, labels },
  }))
  const roles = [
    ...userRoles(),
    ...controllerRoles(operatorNamespace, SERVICE_ACCOUNT, given),
    ...apiRoles(operatorNamespace, API_SERVICE_ACCOUNT, given),
  ]
  await applyAll(client, [namespace], signal)
  const crds = allCrds()
  await Promise.all([applyAll(client, crds, signal), applyAll(client, [...accounts, ...roles, ...tenantPolicy()], signal)])
  await Promise.all(crds.map((crd) => untilEstablished(client, crd.metadata.name, signal)))
}

/** Applies objects of Kubernetes' own kinds, all at once. */
async function applyAll(client: KubeClient, objects: readonly object[], signal?: AbortSignal): Promise<void> {
  await Promise.all(
    objects.map((object) => {
      const { kind } = object as KubeObject
      const gvr = Object.hasOwn(KUBERNETES, kind) ? KUBERNETES[kind as keyof typeof KUBERNETES] : undefined
      if (!gvr) throw new SecaError('Internal', `no resource is known for kind ${kind}`)
      return applyObject(client, gvr, object, signal)
    }),
  )
}

/** Server-side apply with force. An object of a kind that was just installed is tried again until the apiserver serves the kind. */
export async function applyObject(client: KubeClient, gvr: GroupVersionResource, object: object, signal?: AbortSignal): Promise<void> {
  for (const deadline = performance.now() + 10_000; ; await sleep(100, undefined, signal && { signal })) {
    try {
      await client.apply(gvr, object as KubeObject, { fieldManager: FIELD_MANAGER, force: true }, signal)
      return
    } catch (error) {
      if (!isNotFound(error) || performance.now() > deadline) throw error
    }
  }
}

interface CrdStatus {
  readonly metadata: { readonly deletionTimestamp?: string }
  readonly status?: { readonly conditions?: readonly { type: string; status: string; message?: string }[] }
}

async function untilEstablished(client: KubeClient, name: string, signal?: AbortSignal): Promise<void> {
  let problem = 'no status yet'
  for (
    const deadline = performance.now() + ESTABLISHED_MS;
    performance.now() < deadline;
    await sleep(100, undefined, signal && { signal })
  ) {
    const { metadata, status } = await client.get<CrdStatus>(KUBERNETES.CustomResourceDefinition, undefined, name, signal)
    if (metadata.deletionTimestamp) problem = 'it is being deleted; wait until that is done'
    else if (status?.conditions?.some((condition) => condition.type === 'Established' && condition.status === 'True')) return
    else problem = status?.conditions?.find(({ status: value }) => value === 'False')?.message ?? problem
  }
  throw new SecaError('KubernetesRefused', `CustomResourceDefinition ${name} is not served after ${ESTABLISHED_MS / 1000} s: ${problem}`)
}
