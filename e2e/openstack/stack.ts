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

interface Account {
  /** Of the CloudProvider; `openstack` if absent. */
  readonly name?: string
  readonly region: string
  readonly user: User
  readonly settings?: object
}

export interface OpenStackStack extends Pick<Stack, 'client' | 'kubeconfig' | 'restart' | 'kill' | 'logs' | 'stop'> {
  /** Makes the account, a region bound to it, and the SKUs of the examples. */
  provide(account: Account): Promise<void>
}

/** The controllers on an OpenStack that is provided; `isIdle`: neither is started nor provided yet. */
export async function startOpenStackStack(
  options: { readonly isIdle: true } | (Account & { readonly flags?: readonly string[] }),
): Promise<OpenStackStack> {
  const stack = await startStack({ cloudOf: NO_SIMULATOR, isBare: true, isIdle: true, ...('flags' in options ? options : {}) })
  if (!('isIdle' in options)) {
    await provide(stack.client, options)
    await stack.restart('controllers')
  }
  return { ...stack, provide: (account) => provide(stack.client, account) }
}

/** What an administrator provides. */
export async function provide(client: KubeClient, { name = NAME, region, user, settings = {} }: Account): Promise<void> {
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
      type: NAME,
      credentialsSecretRef: { name: `${name}-credentials` },
      settings: { cloud: { auth }, settleMs: 1_000, ...settings },
      requestsPerSecond: 1_000,
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
