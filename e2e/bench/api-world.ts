import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { writeAccountKubeconfig } from '../../src/embedded/account.ts'
import { API_SERVICE_ACCOUNT, applyObject } from '../../src/processes/install.ts'
import { ensureIssuer, mintToken } from '../../src/embedded/issuer.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import { ensurePki } from '../../src/embedded/cluster/pki.ts'
import { freePorts } from '../../src/embedded/cluster/ports.ts'
import { apiService, startService } from '../../src/embedded/services.ts'
import { RoleAssignment } from '../../src/kinds/authorization/role-assignment.ts'
import { BlockStorage } from '../../src/kinds/storage/block-storage.ts'
import { fromKubeconfig } from '../../src/kube/config.ts'
import { OPERATOR_NAMESPACE, REGION } from '../support/names.ts'
import type { Server } from './api-load.ts'
import { profiled, TENANT, type World } from './world.ts'

const ACCOUNT = 'bench-client'
const SUBJECT = 'bench'

/** The API as a process, and both ways to the same objects. */
export interface ApiWorld {
  readonly pid: number
  readonly api: Server
  /** kube-apiserver, for a service account that may read and write volumes: as a Kubernetes client in the cluster. */
  readonly kube: Server
  /** A token of the issuer. */
  tokenOf(subject: string): Promise<string>
  /** Metrics of the API. */
  metrics(): Promise<string>
  stop(): Promise<void>
}

export async function startApi(
  world: World,
  options: { profileDir?: string | undefined; logLevel: string; http2: boolean; flags?: readonly string[] },
): Promise<ApiWorld> {
  const { client, kubeconfig: admin } = world
  const dataDir = dirname(admin)
  const pki = ensurePki(join(dataDir, 'pki'))
  const ports = await freePorts(['direct', 'health'], {})
  const account = { client, operatorNamespace: OPERATOR_NAMESPACE, admin }
  const kubeconfig = join(dataDir, 'api.kubeconfig')
  await writeAccountKubeconfig({ ...account, target: kubeconfig, serviceAccount: API_SERVICE_ACCOUNT })
  await allowRaw(world)
  await writeAccountKubeconfig({ ...account, target: join(dataDir, 'raw.kubeconfig'), serviceAccount: ACCOUNT })
  const raw = parse(readFileSync(join(dataDir, 'raw.kubeconfig'), 'utf8')) as { users: [{ user: { token: string } }] }
  const service = apiService({
    kubeconfig,
    operatorNamespace: OPERATOR_NAMESPACE,
    region: REGION,
    port: ports.direct,
    healthPort: ports.health,
    certFile: pki.path('api.crt'),
    keyFile: pki.path('api.key'),
    issuerKeyFile: ensureIssuer(dataDir),
    logFile: join(dataDir, 'api.log'),
    logLevel: options.logLevel,
    flags: options.flags ?? [],
  })
  const child = await startService(profiled(service, options.profileDir, 'api'))
  const tokenOf = (subject: string) => mintToken(dataDir, { subject, ttlMs: 86_400_000 })
  const token = await tokenOf(SUBJECT)
  const server = (origin: string, bearer: string): Server => ({
    origin,
    ca: pki.read('ca.crt'),
    headers: { accept: 'application/json', authorization: `Bearer ${bearer}` },
    http2: options.http2,
  })
  return {
    pid: child.pid,
    api: server(`https://127.0.0.1:${ports.direct}`, token),
    kube: server((await fromKubeconfig(admin).load()).server, raw.users[0].user.token),
    tokenOf,
    metrics: async () => (await fetch(`http://127.0.0.1:${ports.health}/metrics`)).text(),
    stop: () => child.stop(),
  }
}

/** Rights of the bare client, and of the API's client on the SECA side. */
async function allowRaw({ client }: World): Promise<void> {
  const group = 'rbac.authorization.k8s.io'
  const metadata = { name: ACCOUNT }
  const { group: storage, resource } = BlockStorage.gvr
  await applyObject(client, KUBERNETES.ServiceAccount, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { ...metadata, namespace: OPERATOR_NAMESPACE },
  })
  await applyObject(client, KUBERNETES.ClusterRole, {
    apiVersion: `${group}/v1`,
    kind: 'ClusterRole',
    metadata,
    rules: [{ apiGroups: [storage], resources: [resource], verbs: ['get', 'list', 'update', 'patch'] }],
  })
  await applyObject(client, KUBERNETES.ClusterRoleBinding, {
    apiVersion: `${group}/v1`,
    kind: 'ClusterRoleBinding',
    metadata,
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: ACCOUNT },
    subjects: [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: OPERATOR_NAMESPACE }],
  })
  await applyObject(client, RoleAssignment.gvr, {
    apiVersion: RoleAssignment.apiVersion,
    kind: RoleAssignment.kind,
    metadata: { name: 'bench-admin', namespace: `seca-${TENANT}` },
    spec: { subs: [SUBJECT], roles: ['seca.admin'], scopes: [{ tenants: [TENANT] }] },
  })
}
