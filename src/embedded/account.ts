import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse, stringify } from 'yaml'
import { SecaError } from '../errors.ts'
import type { KubeClient } from '../kube/client.ts'
import { SERVICE_ACCOUNT } from '../processes/install.ts'
import { write } from './process/private-file.ts'

const DAY_S = 86_400

interface TokenRequest {
  readonly status: { readonly token: string; readonly expirationTimestamp: string }
}

interface AccountOptions {
  readonly client: KubeClient
  readonly operatorNamespace: string
  /** The administrator's kubeconfig: cluster address and CA are taken from it. */
  readonly admin: string
  /** kubeconfig to write. */
  readonly target: string
  /** Default: that of the controllers. */
  readonly serviceAccount?: string
}

/** Writes a kubeconfig with which a process of ours is its service account: just the rights that they have in a real cluster. */
export async function writeAccountKubeconfig(options: AccountOptions): Promise<{ readonly renewInMs: number }> {
  const path = `/api/v1/namespaces/${options.operatorNamespace}/serviceaccounts/${options.serviceAccount ?? SERVICE_ACCOUNT}/token`
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 365 * DAY_S } }
  const { status } = await options.client.raw<TokenRequest>('POST', path, body)
  write(options.target, withToken(readFileSync(options.admin, 'utf8'), options.admin, status.token))
  // A cluster may grant less than was asked for; half of it leaves time for a retry. Timers cannot wait longer than 24 days.
  return { renewInMs: Math.min((Date.parse(status.expirationTimestamp) - Date.now()) / 2, 10 * DAY_S * 1000) }
}

/** Writes the kubeconfig anew before its token ends, until the signal; the client of the controllers reads it again by itself. */
export async function renewAccount(
  options: AccountOptions,
  renewInMs: number,
  signal: AbortSignal,
  onError: (error: unknown) => void,
): Promise<void> {
  let waitMs = renewInMs
  while (!signal.aborted) {
    await sleep(waitMs, undefined, { signal, ref: false }).catch(() => {})
    if (signal.aborted) return
    try {
      waitMs = (await writeAccountKubeconfig(options)).renewInMs
    } catch (error) {
      onError(error)
      waitMs = 60_000
    }
  }
}

interface Kubeconfig {
  readonly 'current-context': string
  readonly contexts?: readonly { name: string; context: { cluster: string } }[]
  readonly clusters?: readonly { name: string; cluster: Record<string, unknown> }[]
}

/** The cluster of the current context of a kubeconfig, with a token in place of its user. */
export function withToken(text: string, file: string, token: string): string {
  const config = parse(text) as Kubeconfig
  const context = config.contexts?.find(({ name }) => name === config['current-context'])?.context
  const cluster = config.clusters?.find(({ name }) => name === context?.cluster)?.cluster
  if (!cluster)
    throw new SecaError(
      'InvalidConfiguration',
      `${file} has no current context that names a cluster; choose one with kubectl config use-context`,
    )
  const authority = cluster['certificate-authority']
  const absolute = typeof authority === 'string' ? { 'certificate-authority': resolve(dirname(file), authority) } : {}
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'seca', cluster: { ...cluster, ...absolute } }],
    users: [{ name: 'seca', user: { token } }],
    contexts: [{ name: 'seca', context: { cluster: 'seca', user: 'seca' } }],
    'current-context': 'seca',
  })
}
