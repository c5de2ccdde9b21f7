import { BlockList, isIPv6 } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createApp } from '../api/app.ts'
import { aggregatedAuthenticator, type Authenticator, directAuthenticator } from '../api/identity/authn.ts'
import { createAuthorizer } from '../api/access/authz.ts'
import type { Door } from '../api/contract.ts'
import { Discovery } from '../api/door/discovery.ts'
import { createHandler, type DoorOptions, type Plain } from '../api/door/handler.ts'
import { createFetch } from '../api/identity/issuer-fetch.ts'
import { FrontProxy } from '../api/identity/front-proxy.ts'
import { discover, Keys, keysAtUrl, keysInFile, keysOfIssuer } from '../api/identity/keys.ts'
import { isForeignManager, keepOwners } from '../api/write/owners.ts'
import { NO_PEERS } from '../api/door/peers.ts'
import { Revocation } from '../api/identity/revocation.ts'
import { AccessReviews } from '../api/access/access-review.ts'
import { whileCurrent } from '../api/access/current.ts'
import { Shares } from '../api/door/shares.ts'
import { type Listener, type ListenerOptions, startListener } from '../api/door/listener.ts'
import { Tokens } from '../api/identity/token.ts'
import { TokenReviews } from '../api/identity/token-review.ts'
import { Cache } from '../cache/cache.ts'
import { Informers } from '../cache/informers.ts'
import type { ApiConfig } from '../cli/config.ts'
import { SecaError } from '../errors.ts'
import { KINDS } from '../kinds/index.ts'
import { connect } from '../kube/config.ts'
import { readTls, type TlsFiles, whenThere } from '../mounted.ts'
import { startHealth } from '../observe/health.ts'
import type { Log } from '../observe/log.ts'
import { createPeers } from './api-peers.ts'
import { aborted, surroundings } from './process.ts'

/** What says who may do what, and where a tenant ends (architecture §6). */
const DECIDING = ['Role', 'RoleAssignment', 'Namespace']
/** Time that answers under way get when the process ends. */
const GRACE_MS = 10_000

/** `seca-operator api`, until a signal: both doors, each with its own listener and its own way to learn who calls (architecture §6). */
export async function api(config: ApiConfig, context: { readonly signal: AbortSignal }): Promise<void> {
  const { signal, log, metrics } = surroundings('api', config.logLevel, context)
  const { kubeconfig, context: kubeContext, namespaces } = config
  const client = connect({ kubeconfig, context: kubeContext, namespaces, metrics, userAgent: 'seca-operator/api' })
  const cache = createCache(config)
  const current = { kinds: DECIDING, maxAgeMs: config.dataMaxAgeMs }
  const informers = new Informers({ client, cache, log, metrics, current })
  const stop = new AbortController()
  const isReady = () => (stopping ? 'stopping' : (waiting ?? informers.trouble() ?? peers?.trouble()))
  let stopping = false
  let waiting: string | undefined = 'not started yet'
  let peers: Awaited<ReturnType<typeof createPeers>>
  const listeners: Listener[] = []
  const health = await startHealth({
    host: config.healthHost,
    port: config.healthPort,
    metrics,
    // Not the informers: while kube-apiserver is away, a new process would know even less.
    live: {},
    ready: { informers: isReady },
  })
  const running: Promise<void>[] = [informers.run(stop.signal)]
  try {
    const isSynced = () => informers.isSynced()
    // From a Secret that may be made after this pod: live meanwhile, not ready, and in sync by then.
    const patience = {
      signal,
      onWait: (why: string) => {
        waiting = why
        log.warn({ reason: why }, 'waiting for files of a Secret')
      },
    }
    const tls = { certFile: config.tlsCertFile, keyFile: config.tlsKeyFile }
    const aggregatedTls = { certFile: config.aggregatedTlsCertFile ?? tls.certFile, keyFile: config.aggregatedTlsKeyFile ?? tls.keyFile }
    const certificate = await whenThere(() => (readTls(aggregatedTls), readTls(tls)), patience)
    if (certificate === undefined) return
    peers = await createPeers({ config, certificate: certificate.cert, client, cache, log, patience })
    if (signal.aborted) return
    if (peers) running.push(peers.run(stop.signal))
    waiting = undefined
    const proxy = config.aggregatedPort === undefined ? undefined : new FrontProxy({ client, log, onTrust: () => aggregated?.refresh() })
    let aggregated: Listener | undefined
    const app = createApp({
      cache,
      client,
      authorizer: whileCurrent(createAuthorizer({ cache, isSynced, ...(proxy ? { reviews: new AccessReviews(client, cache) } : {}) }), () =>
        informers.isCurrent(),
      ),
      peers: peers ?? NO_PEERS,
      isSynced,
      externalUrls: withoutSlash({ direct: config.externalUrl, aggregated: config.aggregatedExternalUrl }),
      isProtectedManager: (manager) => isForeignManager(manager) && !config.unprotectedManagers.includes(manager),
      validationStatus: config.validationStatus === '412' ? 412 : 422,
      log,
      metrics,
    })
    const limits = {
      requestsPerSecond: config.callerRequestsPerSecond,
      burst: config.callerBurst,
      concurrency: config.callerConcurrency,
    }
    const shares = new Shares({ limits, metrics })
    const door = (name: Door, authenticator: Authenticator, more: Pick<DoorOptions, 'plain' | 'identityHeaders' | 'later'>) =>
      createHandler({
        door: name,
        app,
        authenticator,
        trustedProxies: blockList(config.trustedProxies),
        validationStatus: config.validationStatus === '412' ? 412 : 422,
        shares,
        isDraining: () => stopping,
        log,
        ...more,
      })
    const listen = (
      name: Door,
      port: number,
      files: TlsFiles,
      handler: ReturnType<typeof door>,
      more: Pick<ListenerOptions, 'clientCa' | 'beforeShown'> = {},
    ) => startListener({ name, host: config.host, port, tls: files, handler, log, ...more })
    const probe = ({ path }: { path: string }) => healthAnswer(path, isReady)

    if (proxy && config.aggregatedPort !== undefined) {
      // Discovery answers from the first moment; identities only once it is known whom to trust.
      const discovery = new Discovery(() => [...cache.all('Region')].map(({ metadata }) => metadata.name))
      const plain: DoorOptions['plain'] = ({ path, head }) =>
        probe({ path }) ??
        discovery.answer(path, {
          accept: head.headers.get('accept')?.join() ?? '',
          ifNoneMatch: head.headers.get('if-none-match')?.[0],
          isProxy: proxy.problemOf(head.socket) === undefined,
        })
      const identityHeaders = () => [
        ...(proxy.trust?.usernameHeaders ?? []),
        ...(proxy.trust?.uidHeaders ?? []),
        ...(proxy.trust?.groupHeaders ?? []),
        ...(proxy.trust?.extraPrefixes ?? []),
      ]
      const handler = door('aggregated', aggregatedAuthenticator(proxy, new TokenReviews(client)), { plain, identityHeaders })
      aggregated = await listen('aggregated', config.aggregatedPort, aggregatedTls, handler, {
        clientCa: () => proxy.trust?.ca,
      })
      listeners.push(aggregated)
      running.push(proxy.run(stop.signal))
      log.info({ port: aggregated.port }, 'aggregated door open')
    }
    const others = peers
    const later: DoorOptions['later'] = others && ((query, head) => others.answer(query, head))
    const direct = await listen(
      'direct',
      config.port,
      tls,
      door('direct', directAuthenticator(createTokens(config, log)), { plain: probe, ...(later ? { later } : {}) }),
      others ? { beforeShown: ({ cert }) => others.show(cert) } : {},
    )
    listeners.push(direct)
    log.info({ port: direct.port, issuer: config.tokenIssuer, health: health.url }, 'direct door open')

    await aborted(signal)
    stopping = true
    for (const listener of listeners) listener.drain()
    await sleep(config.drainMs)
  } finally {
    stopping = true
    await Promise.all(listeners.map((listener) => listener.stop(GRACE_MS)))
    stop.abort()
    await Promise.allSettled(running)
    await health.stop()
    await client.close()
  }
}

function createTokens(config: ApiConfig, log: Log): Tokens {
  const { tokenCaFile: caFile, tokenIssuerBearerFile: bearerFile } = config
  // Connections of their own: a slow userinfo endpoint must not keep us from the keys. And there the caller's token goes, not ours.
  const [fetchJson, fetchUser] = [createFetch({ caFile, bearerFile }), createFetch({ caFile })]
  const { tokenIssuer: issuer, tokenKeyFile: file, tokenJwksUrl: url } = config
  const source = file !== undefined ? keysInFile(file) : url !== undefined ? keysAtUrl(url, fetchJson) : keysOfIssuer(issuer, fetchJson)
  const endpoint = async () => {
    const found = config.tokenUserinfoUrl ?? (await discover(issuer, fetchJson)).userinfo_endpoint
    if (found !== undefined) return found
    throw new SecaError('InvalidConfiguration', `${issuer} names no userinfo endpoint; give --token-userinfo-url`)
  }
  const revocation = new Revocation({ endpoint, fetchJson: fetchUser, log, lastGoodMs: config.tokenRevocationLastGoodMs })
  // A file costs nothing to look at, and whoever replaces it wants it to count.
  const refresh = file === undefined ? {} : { refreshMs: 10_000, cooldownMs: 1_000 }
  const keys = new Keys({ source, log, lastGoodMs: config.tokenKeysLastGoodMs, ...refresh })
  // Read before the first client needs them; what is wrong stands in the log at once.
  keys.current().catch(() => undefined)
  return new Tokens({
    keys,
    issuer,
    audience: config.tokenAudience,
    clockToleranceS: config.tokenClockToleranceMs / 1000,
    ...(config.tokenRevocation === 'userinfo' ? { revocation } : {}),
  })
}

function createCache(config: ApiConfig): Cache {
  return new Cache(KINDS, config.defaultRegion, { digest: keepOwners })
}

/** `/livez`, `/readyz` and `/healthz` on both doors, for whoever probes the port itself. */
function healthAnswer(path: string, isReady: () => string | undefined): Plain | undefined {
  if (path !== '/livez' && path !== '/readyz' && path !== '/healthz') return undefined
  const problem = path === '/readyz' ? isReady() : undefined
  return { status: problem === undefined ? 200 : 503, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: problem ?? 'ok' }
}

function blockList(entries: readonly string[]): BlockList {
  const blocks = new BlockList()
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    try {
      if (prefix === undefined) blocks.addAddress(address, family)
      else blocks.addSubnet(address, Number(prefix), family)
    } catch {
      throw new SecaError('InvalidConfiguration', `--trusted-proxies: "${entry}" is neither an address nor a CIDR`)
    }
  }
  return blocks
}

function withoutSlash(urls: { readonly [door in Door]: string | undefined }): { readonly [door in Door]?: string } {
  return Object.fromEntries(Object.entries(urls).flatMap(([door, url]) => (url === undefined ? [] : [[door, url.replace(/\/+$/, '')]])))
}
