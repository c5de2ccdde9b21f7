import { type SpawnedSimulator, spawnSimulator } from '../../providers/simulator/spawn.ts'
import { catalogue } from '../../src/embedded/catalogue.ts'
import { CloudProvider } from '../../src/kinds/operator/cloud-provider.ts'
import { Region } from '../../src/kinds/region/region.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { applyObject } from '../../src/processes/install.ts'
import { OPERATOR_NAMESPACE } from '../support/harness.ts'

interface Options {
  readonly name: string
  readonly characters: readonly string[]
  readonly latencyMs: number
  readonly zones: readonly string[]
}

/** One more region, on a simulated cloud of its own. */
export async function addRegion(client: KubeClient, { name, characters, latencyMs, zones }: Options): Promise<SpawnedSimulator> {
  const token = `token-of-${name}`
  const flags = [`--character=${characters.join(',')}`]
  const cloud = await spawnSimulator({ latencyMs, token, adminToken: `admin-of-${name}`, flags })
  const secret = { name: `${name}-credentials`, namespace: OPERATOR_NAMESPACE }
  await applyObject(client, KUBERNETES.Secret, { apiVersion: 'v1', kind: 'Secret', metadata: secret, stringData: { token } })
  const { apiVersion } = CloudProvider
  const settings = { endpoint: cloud.url, characters }
  const spec = { type: 'simulator', credentialsSecretRef: { name: secret.name }, settings, requestsPerSecond: 1_000 }
  await applyObject(client, CloudProvider.gvr, { apiVersion, kind: 'CloudProvider', metadata: { name }, spec })
  const region = { availableZones: zones, cloudProvider: name }
  await applyObject(client, Region.gvr, { apiVersion: Region.apiVersion, kind: 'Region', metadata: { name }, spec: region })
  for (const { kind, object } of catalogue(name)) await applyObject(client, kind.gvr, object)
  return cloud
}
