import { KUBERNETES } from '../kube/builtin.ts'
import type { KubeClient } from '../kube/client.ts'
import { ifNotFound, isConflict } from '../kube/errors.ts'
import type { Log } from '../observe/log.ts'
import { type Certificates, renewed } from './certificates.ts'

interface Secret {
  readonly metadata: { readonly resourceVersion?: string }
  readonly data?: Readonly<Record<string, string>>
}

interface SecretsOptions {
  readonly client: KubeClient
  /** The operator's own. */
  readonly namespace: string
  /** Of the Secret that the API mounts; the CA's key is in `<name>-ca`. */
  readonly name: string
  readonly log: Log
}

export const authorityName = (name: string): string => `${name}-ca`

/** What is in the Secret that the API mounts, whoever made it. */
export async function servedCertificate(
  { client, namespace, name }: Omit<SecretsOptions, 'log'>,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  return decoded(await read(client, namespace, name, signal))
}

/** Renews what is due and writes what differs; nothing at all where nothing does. The CA comes first: without its key there is no next certificate. */
export async function keepCertificates(options: SecretsOptions, hosts: readonly string[], now: number, signal: AbortSignal): Promise<void> {
  const { client, namespace, name, log } = options
  const [serving, authority] = [await read(client, namespace, name, signal), await read(client, namespace, authorityName(name), signal)]
  const stored: Certificates = { serving: decoded(serving), authority: decoded(authority) }
  const wanted = renewed(stored, hosts, now)
  try {
    if (await put(authorityName(name), authority, stored.authority, wanted.authority))
      log.info({ object: `Secret ${authorityName(name)}` }, 'made a CA for the API')
    if (await put(name, serving, stored.serving, wanted.serving))
      log.info({ object: `Secret ${name}` }, 'renewed the certificate of the API')
  } catch (error) {
    // Somebody else was faster: the next look sees what they wrote.
    if (!isConflict(error)) throw error
  }

  async function put(
    secret: string,
    before: Secret | undefined,
    has: Readonly<Record<string, string>>,
    wants: Readonly<Record<string, string>>,
  ): Promise<boolean> {
    if (Object.entries(wants).every(([key, text]) => has[key] === text)) return false
    const data = Object.fromEntries(Object.entries(wants).map(([key, text]) => [key, Buffer.from(text).toString('base64')]))
    if (before === undefined) {
      const metadata = { name: secret, namespace, labels: { 'app.kubernetes.io/part-of': 'seca-operator' } }
      await client.create(KUBERNETES.Secret, namespace, { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata, data }, signal)
    } else {
      const body = { metadata: { resourceVersion: before.metadata.resourceVersion }, data }
      await client.patch(KUBERNETES.Secret, namespace, secret, { type: 'merge', body }, signal)
    }
    return true
  }
}

function read(client: KubeClient, namespace: string, name: string, signal: AbortSignal): Promise<Secret | undefined> {
  return client.get<Secret>(KUBERNETES.Secret, namespace, name, signal).catch(ifNotFound)
}

const decoded = (secret: Secret | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(secret?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]))
