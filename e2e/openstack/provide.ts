import { CloudProvider } from '../../src/kinds/operator/cloud-provider.ts'
import { Region } from '../../src/kinds/region/region.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { catalogue } from '../../src/embedded/catalogue.ts'
import { applyObject } from '../../src/processes/install.ts'
import { OPERATOR_NAMESPACE, REGION } from '../support/names.ts'
import type { User } from './api.ts'

/** Name of the account unless told, and of its provider. */
export const ACCOUNT = 'openstack'

export interface Provided {
  /** Of the CloudProvider. */
  readonly name?: string
  readonly region: string
  readonly user: User
  /** Beside how to log in. */
  readonly settings?: object
  /** Absent: no limit that a test meets. */
  readonly requestsPerSecond?: number
}

/** What an administrator provides for an OpenStack: an account, a region bound to it, and the SKUs of the examples. */
export async function provide(
  client: KubeClient,
  { name = ACCOUNT, region, user, settings = {}, requestsPerSecond = 1_000 }: Provided,
): Promise<void> {
  await applyObject(client, KUBERNETES.Secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${name}-credentials`, namespace: OPERATOR_NAMESPACE },
    stringData: { username: user.username, password: user.password },
  })
  const auth = { auth_url: user.authUrl, project_name: user.project, project_domain_id: 'default', user_domain_id: 'default' }
  await applyObject(client, CloudProvider.gvr, {
    apiVersion: CloudProvider.apiVersion,
    kind: CloudProvider.kind,
    metadata: { name },
    spec: {
      type: ACCOUNT,
      credentialsSecretRef: { name: `${name}-credentials` },
      settings: { cloud: { auth }, ...settings },
      requestsPerSecond,
    },
  })
  await applyObject(client, Region.gvr, {
    apiVersion: Region.apiVersion,
    kind: Region.kind,
    metadata: { name: REGION },
    spec: { availableZones: ['a', 'b', 'c'], cloudProvider: name, cloud: { region, zones: { a: 'nova', b: 'nova', c: 'nova' } } },
  })
  for (const { kind, object } of catalogue(REGION)) await applyObject(client, kind.gvr, object)
}
