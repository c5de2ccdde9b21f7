import { CloudProvider } from '../kinds/operator/cloud-provider.ts'
import { Region } from '../kinds/region/region.ts'
import { SHARED_LABEL, TENANT_LABEL } from '../kinds/names.ts'
import type { KubeClient } from '../kube/client.ts'
import { catalogue } from './catalogue.ts'
import { applyObject } from '../processes/install.ts'
import { KUBERNETES } from '../kube/builtin.ts'

const NAME = 'simulator'
/** Where the images that the cloud offers are listed: the tenant whose SKUs are everybody's, too. */
const CATALOGUE_TENANT = 'seca'
const ZONES = ['a', 'b', 'c']

interface SeedOptions {
  readonly operatorNamespace: string
  readonly region: string
  /** Where it is, and what kind of cloud it plays if not a neat one. */
  readonly simulator: { readonly url: string; readonly token: string; readonly characters?: readonly string[] }
  /** A tenant for people, with the cloud's images to boot from. */
  readonly tenant?: string
}

/** Fills a cluster with what an administrator provides: a cloud account, a region bound to it, its SKUs, and a tenant. */
export async function seed(client: KubeClient, options: SeedOptions, signal?: AbortSignal): Promise<void> {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${NAME}-credentials`, namespace: options.operatorNamespace },
    stringData: { token: options.simulator.token },
  }
  const account = {
    apiVersion: CloudProvider.apiVersion,
    kind: CloudProvider.kind,
    metadata: { name: NAME },
    spec: {
      type: 'simulator',
      credentialsSecretRef: { name: secret.metadata.name },
      ...(options.tenant === undefined ? {} : { catalogue: { imagesTenant: CATALOGUE_TENANT } }),
      settings: { endpoint: options.simulator.url, characters: options.simulator.characters ?? ['neat'] },
      requestsPerSecond: 1_000,
    },
  }
  const region = {
    apiVersion: Region.apiVersion,
    kind: Region.kind,
    metadata: { name: options.region },
    spec: { availableZones: ZONES, cloudProvider: NAME },
  }
  await applyObject(client, KUBERNETES.Secret, secret, signal)
  await Promise.all([
    applyObject(client, CloudProvider.gvr, account, signal),
    applyObject(client, Region.gvr, region, signal),
    ...catalogue(options.region).map(({ kind, object }) => applyObject(client, kind.gvr, object, signal)),
    ...(options.tenant === undefined ? [] : [tenantNamespace(options.tenant), sharedNamespace(CATALOGUE_TENANT)]).map((namespace) =>
      applyObject(client, KUBERNETES.Namespace, namespace, signal),
    ),
  ])
}

/** The same of one whose images everybody may use. */
function sharedNamespace(tenant: string) {
  const { metadata, ...rest } = tenantNamespace(tenant)
  return { ...rest, metadata: { ...metadata, labels: { ...metadata.labels, [SHARED_LABEL]: 'true' } } }
}

/** Namespace of a tenant under its default name (architecture §2). */
export function tenantNamespace(tenant: string) {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `seca-${tenant}`, labels: { [TENANT_LABEL]: tenant } } }
}
