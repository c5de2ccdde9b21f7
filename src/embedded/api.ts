import { join } from 'node:path'
import { type Aggregation, applyLocalService, closeAggregation, openAggregation } from '../api/door/api-services.ts'
import { asError } from '../errors.ts'
import { RoleAssignment } from '../kinds/authorization/role-assignment.ts'
import type { KubeClient } from '../kube/client.ts'
import { renewAccount, writeAccountKubeconfig } from './account.ts'
import type { Folder } from './folder.ts'
import { API_SERVICE_ACCOUNT, applyObject } from '../processes/install.ts'
import { ensureIssuer, mintToken } from './issuer.ts'
import { ensurePki } from './cluster/pki.ts'
import { apiService, type Service } from './services.ts'

/** Service that stands for the API in front of kube-apiserver; the API's certificate names it. */
export const API_SERVICE = 'seca-api'
const DAY_MS = 86_400_000
/** How long the token of `.seca/env` holds; each start makes a new one. */
const TOKEN_MS = 30 * DAY_MS
/** When the control plane is broken, stopping must not wait for it. */
const CLOSE_MS = 5_000

interface ApiOptions {
  readonly client: KubeClient
  readonly folder: Folder
  readonly operatorNamespace: string
  /** The administrator's kubeconfig. */
  readonly admin: string
  readonly region: string
  readonly tenant: string
  readonly ports: Readonly<Record<'api' | 'aggregated' | 'apiHealth', number>>
  readonly validationStatus: string
  readonly logFile: string
  readonly logLevel: string
  /** kube-apiserver can reach this machine's loopback. */
  readonly isEmbedded: boolean
  readonly launch: (service: Service) => Promise<{ stop(): Promise<void> }>
  readonly say: (line: string) => void
  /** Run backwards when everything stops. */
  readonly cleanup: (() => Promise<void> | void)[]
}

/** Starts the API with both doors, an issuer whose tokens it takes, and an administrator of the tenant. Resolves with what clients need. */
export async function startApi(options: ApiOptions, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
  const { client, folder, operatorNamespace, ports, region, tenant, cleanup, say } = options
  const pki = ensurePki(folder.file('pki'))
  const account = {
    client,
    operatorNamespace,
    admin: options.admin,
    target: folder.file('api.kubeconfig'),
    serviceAccount: API_SERVICE_ACCOUNT,
  }
  const { renewInMs } = await writeAccountKubeconfig(account)
  const renewal = new AbortController()
  cleanup.push(() => renewal.abort())
  void renewAccount(account, renewInMs, renewal.signal, (error) =>
    say(`the token of the API could not be renewed: ${asError(error).message}`),
  )
  const service = apiService({
    kubeconfig: account.target,
    operatorNamespace,
    region,
    port: ports.api,
    healthPort: ports.apiHealth,
    ...(options.isEmbedded ? { aggregatedPort: ports.aggregated } : {}),
    certFile: pki.path('api.crt'),
    keyFile: pki.path('api.key'),
    issuerKeyFile: ensureIssuer(folder.path),
    validationStatus: options.validationStatus,
    logFile: options.logFile,
    logLevel: options.logLevel,
  })
  const running = await options.launch(service)
  cleanup.push(running.stop)
  await applyObject(client, RoleAssignment.gvr, administrator(tenant), signal)
  if (options.isEmbedded) {
    const aggregation: Aggregation = {
      regions: [region],
      service: { namespace: operatorNamespace, name: API_SERVICE, port: ports.aggregated },
      ca: pki.read('ca.crt'),
    }
    await applyLocalService(client, aggregation, signal)
    await openAggregation(client, aggregation, signal)
    // Before the server: without it these would hold up the deletion of every namespace.
    cleanup.push(() => closeAggregation(client, AbortSignal.timeout(CLOSE_MS)))
  }
  return clientVariables({ folder, url: `https://127.0.0.1:${ports.api}`, ca: join(folder.path, 'pki', 'ca.crt'), tenant, region })
}

interface Door {
  readonly folder: Folder
  readonly url: string
  /** Path of a PEM file. */
  readonly ca: string
  readonly tenant: string
  readonly region: string
}

/** What clients of the API need, as variables of `.seca/env`; the token's subject has the tenant's name. */
export async function clientVariables({ folder, url, ca, tenant, region }: Door): Promise<Readonly<Record<string, string>>> {
  const token = await mintToken(folder.path, { subject: tenant, ttlMs: TOKEN_MS })
  return { SECA_URL: url, SECA_CA: ca, SECA_TOKEN: token, SECA_TENANT: tenant, SECA_REGION: region }
}

/** Makes the subject of the demo token the tenant's administrator; every further right comes from there. */
function administrator(tenant: string) {
  return {
    apiVersion: RoleAssignment.apiVersion,
    kind: RoleAssignment.kind,
    metadata: { name: 'demo-admin', namespace: `seca-${tenant}` },
    spec: { subs: [tenant], roles: ['seca.admin'], scopes: [{ tenants: [tenant] }] },
  }
}
