import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { asError, SecaError } from '../../errors.ts'
import type { KubeClient } from '../../kube/client.ts'
import { systemClock } from '../../kube/clock.ts'
import type { Lookup } from '../../resolve/lookup.ts'
import type { Attempt, Caller, Decision } from '../contract.ts'

type KubernetesCaller = Extract<Caller, { door: 'aggregated' }>

/** How long an answer counts, yes and no alike: what `kubectl` sees of a changed binding, we see this much later. */
const CACHED_MS = 10_000
const TIMEOUT_MS = 10_000

interface Review {
  readonly status?: { readonly allowed?: boolean; readonly denied?: boolean; readonly reason?: string; readonly evaluationError?: string }
}

interface ResourceAttributes {
  readonly verb: string
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly namespace?: string
  readonly name?: string
}

interface Question {
  readonly user: string
  readonly resourceAttributes: ResourceAttributes
}

/** Asks Kubernetes whether its user may do the same to the custom resource (SubjectAccessReview), so REST never allows what kubectl refuses. */
export class AccessReviews {
  readonly #client: KubeClient
  readonly #lookup: Lookup
  readonly #answers = new LRUCache<string, Decision>({ max: 20_000, ttl: CACHED_MS, perf: systemClock })
  /** Questions on their way: who asks the same meanwhile waits for the same answer. */
  readonly #asked = new Map<string, Promise<Decision>>()

  constructor(client: KubeClient, lookup: Lookup) {
    this.#client = client
    this.#lookup = lookup
  }

  async decide(caller: KubernetesCaller, attempt: Attempt, signal?: AbortSignal): Promise<Decision> {
    const resourceAttributes = attributesOf(this.#lookup, attempt)
    const { username, uid, groups, extra } = caller
    const spec = { user: username, ...(uid === undefined ? {} : { uid }), groups, extra, resourceAttributes }
    const key = createHash('sha256').update(JSON.stringify(spec)).digest('base64')
    const known = this.#answers.get(key)
    if (known !== undefined) return known
    let asked = this.#asked.get(key)
    if (asked === undefined) this.#asked.set(key, (asked = this.#askOnce(key, spec)))
    return signal === undefined ? asked : beforeAbort(asked, signal, whatOf(resourceAttributes))
  }

  async #askOnce(key: string, spec: Question): Promise<Decision> {
    try {
      const start = systemClock.now()
      const decision = await this.#ask(spec)
      this.#answers.set(key, decision, { start })
      return decision
    } finally {
      this.#asked.delete(key)
    }
  }

  async #ask(spec: Question): Promise<Decision> {
    const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec }
    const what = whatOf(spec.resourceAttributes)
    let review: Review
    try {
      review = await this.#client.raw<Review>('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', body, {
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
    } catch (error) {
      throw undecided(what, error)
    }
    const { allowed, denied, reason, evaluationError } = review.status ?? {}
    if (allowed === true && denied !== true) return { isAllowed: true, why: reason ?? 'Kubernetes allows it' }
    // An authorizer that broke has not said no.
    if (allowed === undefined || (denied !== true && evaluationError !== undefined && evaluationError !== ''))
      throw undecided(what, evaluationError ?? 'the review has no answer')
    const detail = reason === undefined || reason === '' ? '' : `: ${reason}`
    return { isAllowed: false, why: `Kubernetes user "${spec.user}" may not ${what}${detail}` }
  }
}

/** The answer, for one of those who wait for it; the others go on waiting when this one gives up. */
async function beforeAbort(asked: Promise<Decision>, signal: AbortSignal, what: string): Promise<Decision> {
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(undecided(what, signal.reason))
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([asked, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** `create instances.compute.secapi.cloud in namespace w`, for messages. */
function whatOf({ verb, resource, group, name, namespace }: ResourceAttributes): string {
  return `${verb} ${resource}.${group}${name === undefined ? '' : ` "${name}"`}${namespace === undefined ? '' : ` in namespace ${namespace}`}`
}

function undecided(what: string, cause: unknown): SecaError {
  const message = `kube-apiserver did not say whether you may ${what}; try again, and see the log of the API when it stays so`
  return new SecaError('AccessUndecided', message, { cause: asError(cause) })
}

const VERBS = { get: 'get', list: 'list', delete: 'delete', post: 'update' } as const

/** The request for the custom resource that `kubectl` would make for the same purpose. */
export function attributesOf(lookup: Lookup, attempt: Attempt): ResourceAttributes {
  const { kind, verb, tenant, workspace, name, parent } = attempt
  const { group, version, resource, namespaced } = kind.gvr
  // Without a namespace the question is for all of them: nobody has rights of their own in one that does not exist.
  const scope =
    tenant === undefined ? undefined : kind.scope === 'workspace' && workspace !== undefined ? { tenant, workspace } : { tenant }
  const namespace = attempt.namespace ?? (scope && lookup.namespaceOf(scope))
  const isCreate = verb === 'put' && attempt.isUpdate !== true
  const objectName = attempt.objectName ?? objectNameOf(kind.scope === 'cluster' && tenant !== undefined ? attempt.region : parent, name)
  return {
    verb: verb === 'put' ? (isCreate ? 'create' : 'update') : VERBS[verb],
    group,
    version,
    resource,
    ...(namespaced && namespace !== undefined ? { namespace } : {}),
    // Kubernetes' own authorizers hear no name on create (it stands in the body), so RBAC with resourceNames never allows one.
    ...(isCreate || objectName === undefined ? {} : { name: objectName }),
  }
}

/** SKUs carry their region in front, nested kinds their parent (architecture §2). */
function objectNameOf(prefix: string | undefined, name: string | undefined): string | undefined {
  if (name === undefined) return undefined
  return prefix === undefined ? name : `${prefix}.${name}`
}
