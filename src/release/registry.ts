import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici'
import { asError, SecaError } from '../errors.ts'
import { type Blob, MEDIA_TYPE } from '../image/oci.ts'
import { challengeOf } from './challenge.ts'
import type { Credentials } from './credentials.ts'

/** A registry (github.com/opencontainers/distribution-spec), as far as something is put into it. Close it. */
export interface Registry {
  /** Digest of what a tag stands for; undefined: there is no such tag. */
  digestOf(name: string, tag: string): Promise<string | undefined>
  /** Puts a blob into a repository unless it is there; whether it was sent. */
  putBlob(name: string, blob: Blob): Promise<boolean>
  /** Puts a manifest, whose blobs are there, under a tag, or under its digest alone. */
  putManifest(name: string, manifest: Blob, tag?: string): Promise<void>
  close(): Promise<void>
}

interface Options {
  /** `registry.example.org`, `localhost:5000` */
  readonly host: string
  readonly credentials: Credentials | undefined
  readonly signal?: AbortSignal | undefined
}

interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT'
  readonly url: string
  readonly name: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
}

const TIMEOUT_MS = 120_000

/** `http:` only on this machine: credentials travel with every request. */
export function schemeOf(host: string): 'http' | 'https' {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host) ? 'http' : 'https'
}

export function openRegistry({ host, credentials, signal }: Options): Registry {
  const origin = `${schemeOf(host)}://${host}`
  const dispatcher = new EnvHttpProxyAgent({ headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS })
  /** `Authorization` by repository. */
  const authorizations = new Map<string, string>()
  const basic = credentials && `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`

  const send = async ({ method, url, name, headers = {}, body }: Call): Promise<Dispatcher.ResponseData> => {
    const isOurs = new URL(url).origin === origin
    const authorization = isOurs ? authorizations.get(name) : undefined
    try {
      return await request(url, {
        method,
        headers: { ...headers, ...(authorization && { authorization }) },
        body: body ?? null,
        dispatcher,
        signal: signal ?? null,
      })
    } catch (thrown) {
      signal?.throwIfAborted()
      throw new SecaError('NotReady', `the registry ${host} cannot be reached: ${asError(thrown).message}`)
    }
  }
  const call = async (what: Call): Promise<Dispatcher.ResponseData> => {
    const first = await send(what)
    if (first.statusCode !== 401) return first
    await first.body.dump()
    authorizations.set(what.name, await authorize(what.name, String(first.headers['www-authenticate'] ?? '')))
    const second = await send(what)
    if (second.statusCode !== 401) return second
    await second.body.dump()
    throw refused('user or password are wrong')
  }
  const refused = (why: string) =>
    new SecaError(
      'Unauthenticated',
      `the registry ${host} refuses: ${why}. Set SECA_REGISTRY_USER and SECA_REGISTRY_PASSWORD, or log in with docker login. Nothing was changed.`,
    )
  const authorize = async (name: string, header: string): Promise<string> => {
    const challenge = challengeOf(header)
    if (challenge?.scheme === 'basic') {
      if (basic === undefined) throw refused('it wants a password')
      return basic
    }
    if (challenge?.realm === undefined) throw refused('it does not say how to log in')
    const realm = new URL(challenge.realm)
    if (realm.protocol !== `${schemeOf(realm.host)}:`) throw refused(`its tokens would be asked for in clear text, at ${realm.host}`)
    realm.searchParams.set('scope', `repository:${name}:pull,push`)
    if (challenge.service !== undefined) realm.searchParams.set('service', challenge.service)
    const answer = await request(realm, { headers: basic ? { authorization: basic } : {}, dispatcher, signal: signal ?? null })
    if (answer.statusCode !== 200) {
      await answer.body.dump()
      throw refused(`${realm.host} gives no token (${answer.statusCode})`)
    }
    const { token, access_token: accessToken } = (await answer.body.json()) as { token?: string; access_token?: string }
    if (!token && !accessToken) throw refused(`${realm.host} gives no token`)
    return `Bearer ${token || accessToken}`
  }
  /** The answer where its status is among those; else an error with what the registry says. */
  const expecting = async (what: Call, ...statuses: number[]): Promise<Dispatcher.ResponseData> => {
    const answer = await call(what)
    if (statuses.includes(answer.statusCode)) {
      await answer.body.dump()
      return answer
    }
    const said = (await answer.body.text()).slice(0, 300)
    const code = answer.statusCode === 401 || answer.statusCode === 403 ? 'Unauthenticated' : 'NotReady'
    throw new SecaError(code, `the registry ${host} answers ${answer.statusCode} to ${what.method} ${new URL(what.url).pathname}: ${said}`)
  }
  const at = (name: string, path: string) => `${origin}/v2/${name}/${path}`

  return {
    async digestOf(name, tag) {
      const accept = [MEDIA_TYPE.index, MEDIA_TYPE.manifest].join(', ')
      const answer = await expecting({ method: 'HEAD', url: at(name, `manifests/${tag}`), name, headers: { accept } }, 200, 404)
      return answer.statusCode === 404 ? undefined : String(answer.headers['docker-content-digest'] ?? '')
    },
    async putBlob(name, { descriptor, content }) {
      const found = await expecting({ method: 'HEAD', url: at(name, `blobs/${descriptor.digest}`), name }, 200, 404)
      if (found.statusCode === 200) return false
      const started = await expecting({ method: 'POST', url: at(name, 'blobs/uploads/'), name }, 202)
      const target = new URL(String(started.headers['location'] ?? ''), origin)
      target.searchParams.set('digest', descriptor.digest)
      const headers = { 'content-type': 'application/octet-stream', 'content-length': String(content.byteLength) }
      await expecting({ method: 'PUT', url: target.href, name, headers, body: content }, 201)
      return true
    },
    async putManifest(name, { descriptor, content }, tag = descriptor.digest) {
      const headers = { 'content-type': descriptor.mediaType }
      await expecting({ method: 'PUT', url: at(name, `manifests/${tag}`), name, headers, body: content }, 201)
    },
    close: () => dispatcher.close(),
  }
}
