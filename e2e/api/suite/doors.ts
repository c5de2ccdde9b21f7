import { type Api, startApi } from '../../support/api.ts'
import {
  applyManifests,
  eventually,
  kubectl,
  makeTenant,
  OPERATOR_NAMESPACE,
  REGION,
  type Stack,
  startStack,
  uniqueTenant,
} from '../../support/harness.ts'
import { PATIENCE, SuiteClient } from './client.ts'
import { type Scenario, Steps } from './steps.ts'

export type DoorName = 'direct' | 'aggregated'

/** The suite's clients at both doors of an API whose controllers work on a simulated cloud, each in a tenant of its own. */
export interface Doors {
  walk(door: DoorName, scenario: Scenario): Promise<void>
  stop(): Promise<void>
}

const SUBJECT = 'suite'

export async function openDoors(): Promise<Doors> {
  const server = (await kubectl(['config', 'view', '--minify', '-o', 'jsonpath={.clusters[0].cluster.server}'])).trim()
  const ends: (() => unknown)[] = []
  const stop = async () => {
    for (const end of ends.toReversed()) await end()
  }
  try {
    const stack = await startStack()
    ends.push(() => stack.stop())
    // The suite wants one status for invalid input and conflicts (contract §11.1).
    const api = await startApi({ seeded: false, validationStatus: '412', flags: [`--aggregated-external-url=${server}`] })
    ends.push(() => api.stop())
    const clients = {
      direct: {
        token: await api.token(SUBJECT),
        tenant: await directTenant(stack),
        global: (name: string) => `${api.url}/providers/${name}`,
      },
      aggregated: {
        token: await accountToken(api, ends),
        tenant: await bareTenant(stack),
        global: (name: string) => `${server}/apis/${name}`,
      },
    }
    await api.aggregate()
    const worlds = new Map<DoorName, { client: SuiteClient; tenant: string }>()
    for (const door of ['direct', 'aggregated'] as const) {
      const { tenant, ...access } = clients[door]
      // kube-apiserver learns of the APIs, and the API of the assignment, in their own time.
      const client = await eventually(() => SuiteClient.connect(access, REGION))
      await eventually(async () => (await client.send('seca.workspace', `/v1/tenants/${tenant}/workspaces`)).status === 200)
      ends.push(() => client.close())
      worlds.set(door, { client, tenant })
    }
    return { walk: (door, scenario) => scenario(new Steps({ ...worlds.get(door)!, region: REGION, patience: PATIENCE })), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function bareTenant({ client }: Stack): Promise<string> {
  const tenant = uniqueTenant('suite')
  await makeTenant(client, tenant)
  return tenant
}

/** A tenant that the token's subject administers. */
async function directTenant(stack: Stack): Promise<string> {
  const tenant = await bareTenant(stack)
  await applyManifests([
    {
      apiVersion: 'authorization.secapi.cloud/v1',
      kind: 'RoleAssignment',
      metadata: { name: SUBJECT, namespace: `seca-${tenant}` },
      spec: { subs: [SUBJECT], roles: ['seca.admin'], scopes: [{}] },
    },
  ])
  return tenant
}

/** A Kubernetes token with all rights on SECA resources. */
async function accountToken(api: Api, ends: (() => unknown)[]): Promise<string> {
  const name = uniqueTenant('suite')
  const groups = ['authorization', 'compute', 'network', 'region', 'storage', 'workspace'].map((group) => `${group}.secapi.cloud`)
  const rbac = 'rbac.authorization.k8s.io'
  await applyManifests([
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: OPERATOR_NAMESPACE } },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: { name },
      rules: [{ apiGroups: groups, resources: ['*'], verbs: ['*'] }],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: OPERATOR_NAMESPACE }],
    },
  ])
  ends.push(() => kubectl(['delete', 'clusterrolebinding,clusterrole', name]))
  const path = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/serviceaccounts/${name}/token`
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }
  return (await api.client.raw<{ status: { token: string } }>('POST', path, request)).status.token
}
