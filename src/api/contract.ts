import type { Kind } from '../kinds/kind.ts'

/** Through which listener a request came; it decides where the identity is taken from, never a header (DESIGN §6). */
export type Door = 'direct' | 'aggregated'

/** Narrowing of a token (SECA.md §7.1): an absent dimension does not narrow. */
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
  /** Absent for lists. */
  readonly name?: string
  /** Kubernetes namespace of the object, when there is one yet. */
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
