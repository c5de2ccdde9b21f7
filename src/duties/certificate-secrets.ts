import { SecaError } from '../errors.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import { ifNotFound, isConflict } from '../kube/errors.ts'
import type { Log } from '../observe/log.ts'
import { type Certificates, renewed } from './certificates.ts'
import type { Cluster } from './fenced.ts'

interface Secret {
  readonly metadata: { readonly resourceVersion?: string; readonly labels?: Readonly<Record<string, string>> }
  readonly data?: Readonly<Record<string, string>>
}

type Contents = Readonly<Record<string, string>>

interface SecretsOptions {
  readonly client: Cluster
  /** The operator's own. */
  readonly namespace: string
  /** Of the Secret that the API mounts; the CA's key is in `<name>-ca`. */
  readonly name: string
  readonly log: Log
}

const OURS = { 'app.kubernetes.io/part-of': 'seca-operator' }
const authorityName = (name: string): string => `${name}-ca`

/** What is in the Secret that the API mounts, whoever made it. */
export async function servedCertificate({ client, namespace, name }: Omit<SecretsOptions, 'log'>, signal: AbortSignal): Promise<Contents> {
  return decoded(await read(client, namespace, name, signal))
}

/**
 * Renews what is due and writes what differs, nothing at all where nothing does; answers what the API is to serve by. The CA comes first:
 * without its key there is no next certificate. Throws `InvalidConfiguration` when somebody else's certificate is in a Secret of that name.
 */
export async function keepCertificates(
  options: SecretsOptions,
  hosts: readonly string[],
  now: number,
  signal: AbortSignal,
): Promise<Contents> {
  const { client, namespace, name, log } = options
  const [serving, authority] = [await read(client, namespace, name, signal), await read(client, namespace, authorityName(name), signal)]
  refuseForeign(namespace, name, serving)
  refuseForeign(namespace, authorityName(name), authority)
  const stored: Certificates = { serving: decoded(serving), authority: decoded(authority) }
  const wanted = renewed(stored, hosts, now)
  try {
    if (await put(authorityName(name), authority, stored.authority, wanted.authority))
      log.info({ object: `Secret ${authorityName(name)}` }, 'made a CA for the API')
    if (await put(name, serving, stored.serving, wanted.serving))
      log.info({ object: `Secret ${name}` }, 'renewed the certificate of the API')
    return wanted.serving
  } catch (error) {
    if (!isConflict(error)) throw error
    // Somebody else was faster: the next look sees what they wrote.
    return stored.serving
  }

  async function put(secret: string, before: Secret | undefined, has: Contents, wants: Contents): Promise<boolean> {
    if (Object.entries(wants).every(([key, text]) => has[key] === text)) return false
    const data = Object.fromEntries(Object.entries(wants).map(([key, text]) => [key, Buffer.from(text).toString('base64')]))
    if (before === undefined) {
      const metadata = { name: secret, namespace, labels: OURS }
      await client.create(KUBERNETES.Secret, namespace, { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata, data }, signal)
    } else {
      const body = { metadata: { resourceVersion: before.metadata.resourceVersion, labels: OURS }, data }
      await client.patch(KUBERNETES.Secret, namespace, secret, { type: 'merge', body }, signal)
    }
    return true
  }
}

/** A key that we did not make is nowhere else, maybe. */
function refuseForeign(namespace: string, name: string, secret: Secret | undefined): void {
  const isOurs = Object.entries(OURS).every(([label, value]) => secret?.metadata.labels?.[label] === value)
  const { 'tls.crt': cert = '', 'tls.key': key = '' } = secret?.data ?? {}
  if (isOurs || (cert === '' && key === '')) return
  throw new SecaError(
    'InvalidConfiguration',
    `Secret ${namespace}/${name} holds a certificate that somebody else made: leave out --tls-managed to use it, or delete the Secret to have one made`,
  )
}

function read(client: Cluster, namespace: string, name: string, signal: AbortSignal): Promise<Secret | undefined> {
  return client.get<Secret>(KUBERNETES.Secret, namespace, name, signal).catch(ifNotFound)
}

const decoded = (secret: Secret | undefined): Contents =>
  Object.fromEntries(Object.entries(secret?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]))
