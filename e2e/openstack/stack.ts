import { CloudProvider } from '../../src/kinds/operator/cloud-provider.ts'
import { Region } from '../../src/kinds/region/region.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { catalogue } from '../../src/embedded/catalogue.ts'
import { applyObject } from '../../src/processes/install.ts'
import { OPERATOR_NAMESPACE, REGION, type Stack, startStack } from '../support/harness.ts'
import type { User } from './api.ts'

const NAME = 'openstack'

/** These tests look at the cloud by its own API. */
export const NO_SIMULATOR = { cloud: undefined as never, cloudUrl: '' }

interface Options {
  readonly region: string
  readonly user: User
  readonly settings?: object
  readonly flags?: readonly string[]
}

/** The controllers on an OpenStack: an account, a region bound to it, and the SKUs of the examples. */
export async function startOpenStackStack({
  region,
  user,
  settings = {},
  flags = [],
}: Options): Promise<Pick<Stack, 'client' | 'kubeconfig' | 'restart' | 'kill' | 'logs' | 'stop'>> {
  const stack = await startStack({ cloudOf: NO_SIMULATOR, isBare: true, isIdle: true, flags })
  await provide(stack.client, region, user, settings)
  await stack.restart('controllers')
  return stack
}

async function provide(client: KubeClient, region: string, user: User, settings: object): Promise<void> {
  await applyObject(client, KUBERNETES.Secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${NAME}-credentials`, namespace: OPERATOR_NAMESPACE },
    stringData: { username: user.username, password: user.password },
  })
  const auth = { auth_url: user.authUrl, project_name: user.project, project_domain_id: 'default', user_domain_id: 'default' }
  await applyObject(client, CloudProvider.gvr, {
    apiVersion: CloudProvider.apiVersion,
    kind: CloudProvider.kind,
    metadata: { name: NAME },
    spec: {
      type: NAME,
      credentialsSecretRef: { name: `${NAME}-credentials` },
      settings: { cloud: { auth }, settleMs: 1_000, ...settings },
      requestsPerSecond: 1_000,
    },
  })
  await applyObject(client, Region.gvr, {
    apiVersion: Region.apiVersion,
    kind: Region.kind,
    metadata: { name: REGION },
    spec: { availableZones: ['a'], cloudProvider: NAME, cloud: { region, zones: { a: 'nova' } } },
  })
  for (const { kind, object } of catalogue(REGION)) await applyObject(client, kind.gvr, object)
}
