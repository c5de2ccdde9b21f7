import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { OutgoingHttpHeaders } from 'node:http'
import { type Agent, request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { inject } from 'vitest'
import { type Aggregation, applyLocalService, closeAggregation, openAggregation } from '../../src/api/door/api-services.ts'
import { writeAccountKubeconfig } from '../../src/embedded/account.ts'
import { API_SERVICE } from '../../src/embedded/api.ts'
import { type Child, startChild } from '../../src/embedded/process/child.ts'
import { API_SERVICE_ACCOUNT } from '../../src/processes/install.ts'
import { ensureIssuer, mintToken } from '../../src/embedded/issuer.ts'
import { ensurePki } from '../../src/embedded/cluster/pki.ts'
import { freePorts } from '../../src/embedded/cluster/ports.ts'
import { seed } from '../../src/embedded/seed.ts'
import { apiService, startService } from '../../src/embedded/services.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { adminClient, OPERATOR_NAMESPACE, REGION } from './harness.ts'

/** PKI of the run's control plane. */
export const pki = () => ensurePki(join(dirname(inject('kubeconfig')), 'pki'))

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The body, read as JSON when asked for. */
  json<T = Record<string, unknown>>(): T
}

export interface CallOptions {
  readonly method?: string
  readonly token?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: unknown
  /** Connections to use again; default: one of its own. */
  readonly agent?: Agent
  /** Whom to trust instead of the run's CA. */
  readonly ca?: string
  /** Client certificate. */
  readonly cert?: string
  readonly key?: string
}

/** One HTTPS request to this machine, over a connection of its own unless an agent is given. */
export function call(url: string, { method = 'GET', token, headers = {}, body, ...tls }: CallOptions = {}): Promise<Answer> {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  const all = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    ...headers,
  }
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      url,
      { method, headers: all as OutgoingHttpHeaders, ca: pki().read('ca.crt'), agent: false, ...tls },
      (response) => {
        let answer = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text: answer, json: <T>() => JSON.parse(answer) as T }),
        )
      },
    )
    request.on('error', reject)
    request.end(text)
  })
}

export interface Api {
  readonly client: KubeClient
  /** Base URLs of the doors. */
  readonly url: string
  readonly aggregatedUrl: string
  readonly healthUrl: string
  /** Public key of the embedded issuer that goes with this API. */
  readonly issuerKeyFile: string
  /** A token of the issuer that the API was started with, when that is the embedded one. */
  token(subject: string, more?: { tenant?: string; ttlMs?: number; audience?: string }): Promise<string>
  /** Makes kube-apiserver forward to the aggregated door. */
  aggregate(regions?: readonly string[]): Promise<void>
  /** Takes that back. */
  separate(): Promise<void>
  logs(): string
  /** SIGTERM; resolves with how it ended. */
  terminate(): Promise<string>
  stop(): Promise<void>
}

interface StartOptions {
  readonly flags?: readonly string[]
  readonly seeded?: boolean
  readonly issuer?: 'embedded' | 'other'
  /** Status for invalid input; default 422. */
  readonly validationStatus?: string
  /** Do not wait until it is ready: it cannot be yet. */
  readonly isEarly?: boolean
}

/** The API as a process on the run's control plane, with the rights of its service account. */
export async function startApi(options: StartOptions = {}): Promise<Api> {
  const dataDir = mkdtempSync(join(tmpdir(), 'seca-api-'))
  const client = adminClient()
  const ports = await freePorts(['direct', 'aggregated', 'health'], {})
  const kubeconfig = join(dataDir, 'kubeconfig')
  const account = { client, operatorNamespace: OPERATOR_NAMESPACE, admin: inject('kubeconfig'), target: kubeconfig }
  await writeAccountKubeconfig({ ...account, serviceAccount: API_SERVICE_ACCOUNT })
  if (options.seeded !== false)
    await seed(client, { operatorNamespace: OPERATOR_NAMESPACE, region: REGION, simulator: { url: 'http://127.0.0.1:9', token: 'x' } })
  const logFile = join(dataDir, 'api.log')
  const service = apiService({
    kubeconfig,
    operatorNamespace: OPERATOR_NAMESPACE,
    region: REGION,
    port: ports.direct,
    aggregatedPort: ports.aggregated,
    healthPort: ports.health,
    certFile: pki().path('api.crt'),
    keyFile: pki().path('api.key'),
    ...(options.issuer === 'other' ? {} : { issuerKeyFile: ensureIssuer(dataDir) }),
    ...(options.validationStatus === undefined ? {} : { validationStatus: options.validationStatus }),
    logFile,
    logLevel: 'info',
    flags: options.flags ?? [],
  })
  const child: Child = await (options.isEarly === true ? startChild(service.child) : startService(service))
  let isAggregated = false
  let isStopped = false
  const separate = async () => {
    if (isAggregated) await closeAggregation(client)
    isAggregated = false
  }
  return {
    client,
    url: `https://127.0.0.1:${ports.direct}`,
    aggregatedUrl: `https://127.0.0.1:${ports.aggregated}`,
    issuerKeyFile: ensureIssuer(dataDir),
    healthUrl: `http://127.0.0.1:${ports.health}`,
    token: (subject, more = {}) => mintToken(dataDir, { subject, ttlMs: 3_600_000, ...more }),
    async aggregate(regions = [REGION]) {
      const aggregation: Aggregation = {
        regions,
        service: { namespace: OPERATOR_NAMESPACE, name: API_SERVICE, port: ports.aggregated },
        ca: pki().read('ca.crt'),
      }
      await applyLocalService(client, aggregation)
      await openAggregation(client, aggregation)
      isAggregated = true
    },
    separate,
    logs: () => readFileSync(logFile, 'utf8'),
    async terminate() {
      child.kill('SIGTERM')
      return (await child.ended).how
    },
    async stop() {
      if (isStopped) return
      isStopped = true
      await separate()
      await child.stop()
      await client.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
