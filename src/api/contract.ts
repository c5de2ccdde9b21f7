import type { Cache } from '../cache/cache.ts'
import { SecaError } from '../errors.ts'
import type { Kind } from '../kinds/kind.ts'
import type { KubeClient } from '../kube/client.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'

/** Through which listener a request came; it decides where the identity is taken from, never a header (architecture §6). */
export type Door = 'direct' | 'aggregated'

/** Narrowing of a token (contract §7.1): an absent dimension does not narrow. */
export interface TokenScope {
  readonly tenants?: readonly string[]
  readonly regions?: readonly string[]
  readonly workspaces?: readonly string[]
}

/** Who calls. A JWT's subject and a Kubernetes user of the same name are different people. */
export type Caller =
  | { readonly door: 'direct'; readonly subject: string; readonly scope: TokenScope }
  | {
      readonly door: 'aggregated'
      readonly username: string
      readonly uid?: string
      readonly groups: readonly string[]
      readonly extra: Readonly<Record<string, readonly string[]>>
    }

export type DirectCaller = Extract<Caller, { door: 'direct' }>

/** What the caller wants to do, for the decision. */
export interface Attempt {
  readonly verb: 'get' | 'list' | 'put' | 'delete' | 'post'
  /** POST action, `start`. */
  readonly action?: string
  readonly kind: Kind
  readonly region: string
  readonly tenant?: string
  readonly workspace?: string
  /** Name of the network of a nested kind. */
  readonly parent?: string
  /** SECA name; absent for lists. */
  readonly name?: string
  /** Kubernetes namespace of the object; absent for cluster-scoped kinds, and while there is none in this region. */
  readonly namespace?: string
  /** Name of the custom resource, when it is about one. */
  readonly objectName?: string
  /** For `put`: the object is there already. */
  readonly isUpdate?: boolean
}

export type Decision = { readonly isAllowed: true; readonly why: string } | { readonly isAllowed: false; readonly why: string }

/** Decides; throws only when it is in trouble (503), never to say no. */
export interface Authorizer {
  authorize(caller: Caller, attempt: Attempt, signal: AbortSignal): Promise<Decision>
}

/** Says who calls; throws `Unauthenticated` (401) or, when it cannot tell, a 503 error. */
export type Authenticate = () => Promise<Caller>

/** No identity, or none that holds: 401. */
export class Unauthenticated extends SecaError {
  /** Value of the WWW-Authenticate header. */
  readonly challenge: string
  constructor(message: string, challenge = 'Bearer realm="seca"') {
    super('Unauthenticated', message)
    this.name = 'Unauthenticated'
    this.challenge = challenge
  }
}

/** A version that a write of ours made. */
export interface Written {
  /** Kind's name, `BlockStorage`. */
  readonly kind: string
  /** `namespace/name` or `name`. */
  readonly key: string
  readonly resourceVersion: string
  readonly uid?: string
  /** The write removed the object for good: nobody may find one of this `uid` any more. */
  readonly isDelete?: boolean
}

/** The other replicas of the API. */
export interface Peers {
  /** Resolves when every live one has the version, or after 250 ms; never rejects. With a single replica it costs nothing. */
  confirm(written: Written): Promise<void>
}

/** Headers of an {@link Answer}; names in lower case. */
export type Fields = Readonly<Record<string, string>>

/**
 * What the API answers: a `Response` without its streams, which would cost more than the rest of a GET together.
 * Tests read it as they would read a `Response`.
 */
export class Answer {
  readonly status: number
  readonly fields: Fields
  readonly body: string | Uint8Array | null
  /** Characters that were made for it, whether they are sent, compressed or (HEAD) left out. */
  readonly made: number

  constructor(
    body: string | Uint8Array | null,
    { status = 200, headers = {}, made = body?.length ?? 0 }: { status?: number; headers?: Fields; made?: number } = {},
  ) {
    this.body = body
    this.status = status
    this.fields = headers
    this.made = made
  }

  get headers(): Headers {
    return new Headers(this.fields)
  }
  /** Length of the body in bytes. */
  get length(): number {
    return this.body === null ? 0 : typeof this.body === 'string' ? Buffer.byteLength(this.body) : this.body.byteLength
  }
  text(): Promise<string> {
    return Promise.resolve(Buffer.from(this.body ?? '').toString())
  }
  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }
  arrayBuffer(): Promise<ArrayBuffer> {
    return Promise.resolve(Uint8Array.from(Buffer.from(this.body ?? '')).buffer)
  }
}

/** What `createApp` gets. */
export interface AppOptions {
  readonly cache: Cache
  readonly client: KubeClient
  readonly authorizer: Authorizer
  readonly peers: Peers
  /** The cache holds all that there is. Before that: 503 for everything but discovery, documentation and health. */
  readonly isSynced: () => boolean
  /** Base URL of each door as clients see it, without trailing slash; absent: the origin of `request.url`, where the door has put what the client used. */
  readonly externalUrls: { readonly [door in Door]?: string }
  /** Managers whose fields a write through the API does not change (architecture §6). */
  readonly isProtectedManager?: (manager: string) => boolean
  readonly validationStatus: 412 | 422
  readonly log: Log
  readonly metrics: Metrics
}

/**
 * The application behind both doors. It always answers, problem documents included. The door has refused already: paths with
 * encoded slashes, empty or dot segments; repeated single-value headers; bodies with a declared length over 1 MiB. All
 * X-Remote-*, X-Forwarded-* and Authorization headers are gone from `request`.
 */
export type Application = (request: Request, door: Door, authenticate: Authenticate) => Promise<Answer | Response>
