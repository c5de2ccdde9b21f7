import { CATALOGUE, type ErrorCode, SecaError } from '../errors.ts'
import { ApiError } from '../kube/errors.ts'
import { Unauthenticated } from './contract.ts'

/** What an error is about (contract §6.7): JSON Pointer into the body, and the parameter's name; both are required. */
interface Source {
  readonly pointer: string
  readonly parameter: string
}

interface RefusalOptions {
  readonly sources?: readonly Source[]
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/** A request that is refused, with all that the answer needs. */
export class Refusal extends SecaError {
  readonly sources: readonly Source[]
  readonly headers: Readonly<Record<string, string>>
  constructor(code: ErrorCode, message: string, { sources = [], headers = {}, cause }: RefusalOptions = {}) {
    super(code, message, cause === undefined ? undefined : { cause })
    this.name = 'Refusal'
    this.sources = sources
    this.headers = headers
  }
}

/** A source in the request's body. */
export const inBody = (pointer: string): Source => ({ pointer: pointer === '' ? '/' : pointer, parameter: 'body' })
/** A source in the path, the query or a header. */
export const inParameter = (parameter: string, pointer = '/'): Source => ({ pointer, parameter })

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

const TYPES = 'http://secapi.cloud/errors/'
const MAX = { sources: 32, pointer: 256, parameter: 64, detail: 32_768, instance: 256 } as const
const RETRY_AFTER = { 'retry-after': '1' }

/** A problem document and its headers. */
interface Problem {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Turns anything thrown into a problem document. `instance` is the request's path. */
export function problem(thrown: unknown, instance: string, validationStatus: 412 | 422): Problem {
  const { code, detail, sources, headers } = described(thrown)
  const row = CATALOGUE[code]
  // The conformance suite wants one status for invalid input and conflicts (contract §11.1).
  const isMapped = validationStatus === 412 && (row.status === 422 || row.status === 409)
  const status = isMapped ? 412 : row.status
  const document = {
    type: TYPES + (isMapped ? CATALOGUE.PreconditionFailed.type : row.type),
    title: TITLES[status] ?? 'Error',
    status,
    detail: clipped(detail, MAX.detail),
    instance: clipped(instance, MAX.instance),
    sources: sources.slice(0, MAX.sources).map(({ pointer, parameter }) => ({
      pointer: clipped(pointer, MAX.pointer),
      parameter: clipped(parameter, MAX.parameter),
    })),
    meta: { code },
  }
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...(status === 503 ? RETRY_AFTER : {}), ...headers },
    body: JSON.stringify(document),
  }
}

/** At least one character, and no more than the contract allows. */
const clipped = (text: string, length: number): string => (text === '' ? '-' : text.length > length ? text.slice(0, length) : text)

interface Described {
  readonly code: ErrorCode
  readonly detail: string
  readonly sources: readonly Source[]
  readonly headers: Readonly<Record<string, string>>
}

function described(thrown: unknown): Described {
  if (thrown instanceof Refusal) return { code: thrown.code, detail: thrown.message, sources: thrown.sources, headers: thrown.headers }
  if (thrown instanceof Unauthenticated) return plainly(thrown.code, thrown.message, { 'www-authenticate': thrown.challenge })
  if (thrown instanceof ApiError) return fromKubernetes(thrown)
  // Trouble on this side names files, URLs and settings, which are for whoever reads the log.
  if (thrown instanceof SecaError && thrown.row.status !== 500) return plainly(thrown.code, thrown.message)
  return plainly(thrown instanceof SecaError ? thrown.code : 'Internal', 'unexpected error; the log of the API server says more')
}

const plainly = (code: ErrorCode, detail: string, headers: Readonly<Record<string, string>> = {}): Described => ({
  code,
  detail,
  sources: [],
  headers,
})

/** Admission and quotas speak for the administrator; everything else that is refused to our own account is trouble. */
const IS_POLICY = /denied the request|exceeded quota|denied request/

const TOO_LARGE =
  'the resource is larger than the cluster can store (1.5 MiB, in which <, > and & count six times): ' +
  'shorten spec, extensions, labels or annotations'

/** What our own account is told about a write, in words for the client: kube-apiserver's may name addresses and paths that are not its. */
const FOR_CLIENTS: { readonly [code in ErrorCode]?: string } = {
  NotFound: 'the resource, or the place that it belongs in, is not there any more; read it again',
  Conflict: 'others changed the resource at the same time; try again',
  KubernetesUnavailable: 'the cluster does not answer, or has too much to do; try again',
}

/** What kube-apiserver refused to write for a client. Only its judgement of what the client sent is quoted, never how it was reached. */
function fromKubernetes(error: ApiError): Described {
  const headers = error.retryAfterMs === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))) }
  // `<nil>` stands for the whole object in remarks that say nothing new.
  const causes = error.causes.filter(({ field }) => field !== '<nil>')
  if (error.status === 422) {
    // Each of its looks at an update tells the same anew.
    const lines = new Set(causes.map(({ field, message }) => `${field ?? 'object'}: ${withoutAddresses(message)}`))
    const pointers = new Set(causes.flatMap(({ field }) => (field === undefined ? [] : [pointerOf(ownField(field))])))
    const detail = lines.size > 0 ? [...lines].join('; ') : quoted(error)
    return { code: 'ValidationFailed', detail, sources: [...pointers].map(inBody), headers }
  }
  if (error.status === 413) return plainly('TooLarge', TOO_LARGE, headers)
  if (causes.some(({ reason }) => reason === 'NamespaceTerminating'))
    return plainly('BeingDeleted', 'the namespace that the resource belongs in is being deleted', headers)
  if (error.status === 403 && IS_POLICY.test(error.explanation)) return plainly('Forbidden', quoted(error), headers)
  if (error.status === 400) return plainly('ValidationFailed', quoted(error), headers)
  return plainly(error.code, FOR_CLIENTS[error.code] ?? 'the cluster refused the write; the log of the API server says why', headers)
}

/** Webhooks may be called by URL, and their failures tell it. What clients sent is quoted too, so this takes linear time. */
const ADDRESS = /\b[a-z][a-z0-9+.-]{0,31}:\/\/[^\s"']+|\b(?:dial|read|write) (?:tcp|udp|unix)\b.*|\b\d{1,3}(?:\.\d{1,3}){3}:\d+/gi

const withoutAddresses = (text: string): string => text.replaceAll(ADDRESS, '…')

const quoted = ({ explanation }: ApiError): string =>
  explanation === '' ? 'the cluster takes it for invalid and does not say why' : withoutAddresses(explanation)

/** Kubernetes keeps in `metadata` what is beside it in SECA. */
const ownField = (field: string): string => field.replace(/^metadata\.(labels|annotations)(?=$|[.[])/, '$1')

/** `spec.routes[0].targetRef` or `bootVolume.deviceRef` → a JSON Pointer. */
export function pointerOf(field: string): string {
  return `/${field
    .replace(/^\./, '')
    .replaceAll(/\[(\d+)\]/g, '.$1')
    .split('.')
    .map((step) => step.replaceAll('~', '~0').replaceAll('/', '~1'))
    .join('/')}`
}
