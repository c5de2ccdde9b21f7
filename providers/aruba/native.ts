import type { Facts } from '../../src/provider/translation.ts'
import { isTagKey } from '../../src/provider/tags.ts'
import { parentOf, sameUri, typeOf } from './uri.ts'

/** An object as the cloud shows it. */
export interface Native {
  readonly metadata: {
    readonly id?: string | null
    readonly uri?: string | null
    readonly name?: string | null
    readonly tags?: readonly string[] | null
    readonly location?: { readonly value?: string | null } | null
    readonly [field: string]: unknown
  }
  readonly status?: {
    readonly state?: string | null
    readonly failureReason?: string | null
    readonly error?: { readonly reason?: string | null; readonly message?: string | null } | null
    readonly disableStatusInfo?: { readonly isDisabled?: boolean; readonly reasons?: readonly string[] | null } | null
  } | null
  readonly properties?: Readonly<Record<string, unknown>> | null
  /** Of a security group: looked up beside it. */
  readonly rules?: readonly Native[]
}

/** A reference. */
export interface Ref {
  readonly uri?: string | null
}

export const uriOf = ({ metadata: { uri, id } }: Native): string => uri ?? `/projects/${id ?? ''}`
export const stateOf = ({ status }: Native): string => status?.state ?? ''
export const property = (object: Native, field: string): unknown => object.properties?.[field]
export const textOf = (object: Native, field: string): string => String(property(object, field) ?? '')
/** URI of what a property names; empty = nothing. */
export const refOf = (object: Native, field: string): string => (property(object, field) as Ref | null | undefined)?.uri ?? ''

/** URIs of objects of a collection that the cloud says are connected with one. */
export function linkedTo(object: Native, type: string): readonly string[] {
  const links = (property(object, 'linkedResources') ?? object.metadata['linkedResources'] ?? []) as readonly Ref[]
  return links.flatMap(({ uri }) => (uri && typeOf(uri) === type ? [uri] : []))
}

/** States in which nothing is under way. */
const SETTLED: ReadonlySet<string> = new Set(['', 'Active', 'Running', 'Stopped', 'NotUsed', 'Reserved', 'InUse', 'Used'])
const FAILED: ReadonlySet<string> = new Set(['Failed', 'Error', 'Errored', 'Faulted', 'Disabled'])
const DELETING = 'Deleting'

/** Gone, although the cloud still answers 200. */
export const isGone = (object: Native): boolean => stateOf(object) === 'Deleted'
export const isSettled = (object: Native): boolean => SETTLED.has(stateOf(object))

const KEY = 'seca-'
const OWNER = 'seci-'
const NONCE = 'secn-'
const tagsOf = ({ metadata }: Native) => metadata.tags ?? []
const after = (object: Native, prefix: string) => tagsOf(object).find((tag) => tag.startsWith(prefix))

/** What keeps 96 bits of the cloud's 30 characters: engines make nonces of that length. */
const incarnationTag = (incarnation: string): readonly string[] => {
  const bytes = Buffer.from(incarnation, 'base64url')
  return bytes.length === 12 && bytes.toString('base64url') === incarnation ? [NONCE + bytes.toString('hex')] : []
}

interface Marks {
  readonly tagKey: string
  readonly installationKey: string
  readonly incarnation: string
}

/** Tags of an object of ours; those of others stay. */
export function tagsFor({ tagKey, installationKey, incarnation }: Marks, object?: Native): readonly string[] {
  const others = object === undefined ? [] : tagsOf(object).filter((tag) => ![KEY, OWNER, NONCE].some((prefix) => tag.startsWith(prefix)))
  return [tagKey, installationKey, ...incarnationTag(incarnation), ...others]
}

export function factsOf(object: Native): Facts {
  const uri = uriOf(object)
  const state = stateOf(object)
  const key = after(object, KEY)
  const nonce = after(object, NONCE)
  return {
    id: uri,
    tag: key !== undefined && isTagKey(key) ? key : '',
    installationKey: after(object, OWNER),
    incarnation: nonce && Buffer.from(nonce.slice(NONCE.length), 'hex').toString('base64url'),
    parent: parentOf(uri),
    busy: isSettled(object) || FAILED.has(state) || state === DELETING ? undefined : state,
    failed: FAILED.has(state) ? failureOf(object) : undefined,
    isGoing: state === DELETING,
    usedBy: userOf(object, uri),
  }
}

function failureOf({ status }: Native): string {
  const { state, failureReason, error, disableStatusInfo } = status ?? {}
  const reasons = disableStatusInfo?.reasons?.join(', ')
  return [error?.message, error?.reason, failureReason, reasons].find(Boolean) ?? `the cloud calls it ${String(state)}`
}

/** Servers use volumes and elastic IPs. */
function userOf(object: Native, uri: string): string | undefined {
  const server = linkedTo(object, 'cloudServers').find((one) => !sameUri(one, uri))
  return server === undefined || typeOf(uri) === 'cloudServers' ? undefined : `server ${server.split('/').at(-1) ?? ''}`
}
