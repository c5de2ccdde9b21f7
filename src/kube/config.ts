import { accessSync, constants, readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import { isIPv6 } from 'node:net'
import { dirname, isAbsolute, join } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'
import { asError, SecaError } from '../errors.ts'
import type { Metrics } from '../observe/metrics.ts'
import { KubeClient } from './client.ts'
import { Credentials, type Session, type Source } from './credentials.ts'
import type { Pace } from './pace.ts'
import { readPlain } from './plain.ts'
import { Transport } from './transport.ts'

export interface ConnectOptions {
  /** Path of a kubeconfig; absent: the service account of the pod this runs in. No environment variable chooses a cluster. */
  readonly kubeconfig?: string | undefined
  /** Default: the kubeconfig's current context. */
  readonly context?: string | undefined
  readonly metrics?: Pick<Metrics, 'apiCalls'> | undefined
  readonly userAgent: string
  /** See {@link Pace}. */
  readonly pace?: Pace
  /** The only namespaces that there are rights in; absent or empty: all. */
  readonly namespaces?: readonly string[]
}

/** A client for the named cluster. Throws at once when there is no configuration, and on first use when it is unusable. */
export function connect(options: ConnectOptions): KubeClient {
  const source = options.kubeconfig === undefined ? inCluster() : fromKubeconfig(options.kubeconfig, options.context)
  const { userAgent, metrics, pace, namespaces = [] } = options
  const transport = new Transport({ credentials: new Credentials(source), userAgent, metrics, pace })
  return new KubeClient(transport, namespaces.length === 0 ? undefined : namespaces)
}

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Read by hand: a pod is spared the 80 MiB that the official client takes for it. */
export function inCluster(env: NodeJS.ProcessEnv = process.env, folder = ACCOUNT): Source {
  const host = env.KUBERNETES_SERVICE_HOST
  const port = env.KUBERNETES_SERVICE_PORT ?? '443'
  const files = [join(folder, 'ca.crt'), join(folder, 'token')] as const
  if (host === undefined || host === '')
    throw invalid(
      'no cluster: give a kubeconfig with --kubeconfig, or run in a pod with a service account (KUBERNETES_SERVICE_HOST is not set)',
    )
  for (const file of files) readable(file, 'mount the service account token (automountServiceAccountToken: true)')
  const load = (): Promise<Session> => {
    const [ca, token] = files.map((file) => readFileSync(file, 'utf8')) as [string, string]
    const server = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`
    return Promise.resolve({ server, tls: { ca }, headers: { authorization: `Bearer ${token.trim()}` } })
  }
  return { load, files: () => files, expires: false }
}

/** Certificates and tokens, read by hand; exec plugins, OIDC and whatever else the official client understands, by that. */
export function fromKubeconfig(path: string, context?: string): Source {
  readable(path, 'check --kubeconfig')
  let loaded: { text: string; config: KubeConfig } | undefined
  let files: readonly string[] = [path]
  let expires = false
  const load = async (): Promise<Session> => {
    const text = readFileSync(path, 'utf8')
    const plain = await readPlain(text, path, context)
    if (plain !== undefined) {
      files = [path, ...plain.files]
      expires = false
      return plain.session
    }
    // The same instance as long as the file says the same: it keeps the tokens of exec plugins.
    if (loaded?.text !== text) loaded = { text, config: await parse(text, path, context) }
    const { config } = loaded
    const cluster = config.getCurrentCluster()
    const user = config.getCurrentUser()
    if (!cluster || !user)
      throw invalid(
        `kubeconfig ${path}: context "${config.getCurrentContext() ?? ''}" does not name a cluster and a user of the file; choose one with --context`,
      )
    const named = [cluster.caFile, user.certFile, user.keyFile, tokenFileOf(user)]
    files = [path, ...named.filter((file) => file !== undefined)]
    expires = Boolean(user.exec) || Boolean(user.authProvider)
    if (cluster.proxyUrl?.startsWith('socks') === true)
      throw invalid(`kubeconfig ${path}: SOCKS proxies are not supported; use an HTTP proxy in proxy-url`)
    return {
      server: cluster.server,
      ...(await securityOf(config, path)),
      ...(cluster.proxyUrl !== undefined && { proxy: cluster.proxyUrl }),
    }
  }
  return {
    load,
    files: () => files,
    get expires() {
      return expires
    },
  }
}

async function parse(text: string, path: string, context: string | undefined): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  try {
    // The official client knows `tokenFile` only in this shape, and drops the field silently otherwise.
    config.loadFromString(text.replace(/^(\s+)tokenFile:\s*(.+)$/gm, '$1auth-provider: {name: tokenFile, config: {tokenFile: $2}}'))
  } catch (error) {
    // The parser's own message quotes lines of the file.
    throw invalid(`kubeconfig ${path} cannot be read (${asError(error).name}); check it with kubectl config view`)
  }
  config.makePathsAbsolute(dirname(path))
  for (const user of config.getUsers()) {
    const file = tokenFileOf(user)
    if (file !== undefined && !isAbsolute(file)) user.authProvider.config.tokenFile = join(dirname(path), file)
  }
  if (context !== undefined) config.setCurrentContext(context)
  return config
}

function tokenFileOf(user: { authProvider?: { config?: { tokenFile?: string } } }): string | undefined {
  return user.authProvider?.config?.tokenFile
}

async function securityOf(config: KubeConfig, path: string): Promise<Pick<Session, 'tls' | 'headers'>> {
  const options: RequestOptions & { auth?: string } = {}
  try {
    await config.applyToHTTPSOptions(options)
  } catch (error) {
    // Output of a credential plugin may hold anything: it is not repeated.
    const plugin = config.getCurrentUser()?.exec?.command as string | undefined
    const next = plugin === undefined ? `: ${asError(error).message}` : `; run its credential plugin ${plugin} by hand to see why`
    throw invalid(`kubeconfig ${path}: the user's credentials could not be loaded${next}`)
  }
  const { ca, cert, key, servername, rejectUnauthorized } = options
  const tls = { ca, cert, key, servername, rejectUnauthorized }
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value).trim()
  if (typeof options.auth === 'string') headers.authorization ??= `Basic ${Buffer.from(options.auth).toString('base64')}`
  return { tls: Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)), headers }
}

function readable(file: string, next: string): void {
  try {
    accessSync(file, constants.R_OK)
  } catch {
    throw invalid(`${file} is missing or not readable; ${next}`)
  }
}

function invalid(message: string): SecaError {
  return new SecaError('InvalidConfiguration', message)
}
