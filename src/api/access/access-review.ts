import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { asError, SecaError } from '../../errors.ts'
import type { KubeClient } from '../../kube/client.ts'
import { systemClock } from '../../kube/clock.ts'
import type { Lookup } from '../../resolve/lookup.ts'
import type { Attempt, Caller, Decision } from '../contract.ts'
import { Slots } from './slots.ts'

type KubernetesCaller = Extract<Caller, { door: 'aggregated' }>

/** How long an answer counts, yes and no alike: what `kubectl` sees of a changed binding, we see this much later. */
const CACHED_MS = 10_000
const TIMEOUT_MS = 10_000
/** Questions about one user at a time: a write may need thousands of answers, and the connections to kube-apiserver are everybody's. */
const AT_A_TIME = 8

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

/** What Kubernetes said. The same question may come from several attempts, so it is put into words for each. */
interface Verdict {
  readonly isAllowed: boolean
  /** `''`: it gave none. */
  readonly reason: string
}

interface Question {
  readonly user: string
  readonly resourceAttributes: ResourceAttributes
}

/** Asks Kubernetes whether its user may do the same to the custom resource (SubjectAccessReview), so REST never allows what kubectl refuses. */
export class AccessReviews {
  readonly #client: KubeClient
  readonly #lookup: Lookup
  readonly #answers = new LRUCache<string, Verdict>({ max: 20_000, ttl: CACHED_MS, perf: systemClock })
  /** Questions on their way. */
  readonly #asked = new Map<string, Promise<Verdict>>()
  readonly #slots = new Slots(AT_A_TIME)

  constructor(client: KubeClient, lookup: Lookup) {
    this.#client = client
    this.#lookup = lookup
  }

  async decide(caller: KubernetesCaller, attempt: Attempt, signal?: AbortSignal): Promise<Decision> {
    const resourceAttributes = attributesOf(this.#lookup, attempt)
    const { username, uid, groups, extra } = caller
    const spec = { user: username, ...(uid === undefined ? {} : { uid }), groups, extra, resourceAttributes }
    const key = createHash('sha256').update(JSON.stringify(spec)).digest('base64')
    const what = whatOf(resourceAttributes, attempt)
    try {
      const { isAllowed, reason } = this.#answers.get(key) ?? (await this.#askOnce(key, spec, signal))
      if (isAllowed) return { isAllowed, why: reason === '' ? 'Kubernetes allows it' : reason }
      return { isAllowed, why: `Kubernetes user "${username}" may not ${what}${reason === '' ? '' : `: ${reason}`}` }
    } catch (error) {
      throw undecided(what, error)
    }
  }

  /** Who asks the same meanwhile waits for the same answer. */
  #askOnce(key: string, spec: Question, signal: AbortSignal | undefined): Promise<Verdict> {
    let asked = this.#asked.get(key)
    if (asked === undefined) this.#asked.set(key, (asked = this.#remember(key, spec)))
    return signal === undefined ? asked : beforeAbort(asked, signal)
  }

  async #remember(key: string, spec: Question): Promise<Verdict> {
    try {
      return await this.#slots.take(spec.user, async () => {
        const start = systemClock.now()
        const verdict = await this.#ask(spec)
        this.#answers.set(key, verdict, { start })
        return verdict
      })
    } finally {
      this.#asked.delete(key)
    }
  }

  async #ask(spec: Question): Promise<Verdict> {
    const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec }
    const review = await this.#client.raw<Review>('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', body, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const { allowed, denied, reason = '', evaluationError = '' } = review.status ?? {}
    if (allowed === true && denied !== true) return { isAllowed: true, reason }
    // An authorizer that broke has not said no.
    if (allowed === undefined || (denied !== true && evaluationError !== ''))
      throw new Error(evaluationError === '' ? 'the review has no answer' : evaluationError)
    return { isAllowed: false, reason }
  }
}

/** The answer, for one of those who wait for it; the others go on waiting when this one gives up. */
async function beforeAbort<T>(asked: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(asError(signal.reason))
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([asked, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/**
 * `get instances.compute.secapi.cloud "web" in workspace prod of tenant acme`, for messages. Nothing but what the caller wrote: the
 * namespace would tell that there is such a tenant or workspace, and whether it is a creation or an update that there is such a resource.
 */
function whatOf({ verb, resource, group, name }: ResourceAttributes, attempt: Attempt): string {
  const { kind, tenant, workspace } = attempt
  const places = [
    ...(kind.scope === 'workspace' && workspace !== undefined ? [`workspace ${workspace}`] : []),
    ...(kind.scope !== 'cluster' && tenant !== undefined ? [`tenant ${tenant}`] : []),
  ]
  const [does, called] = attempt.verb === 'put' ? ['create or update', objectNameIn(attempt)] : [verb, name]
  const place = places.length === 0 ? '' : ` in ${places.join(' of ')}`
  return `${does} ${resource}.${group}${called === undefined ? '' : ` "${called}"`}${place}`
}

function undecided(what: string, cause: unknown): SecaError {
  const message = `kube-apiserver did not say whether you may ${what}; try again, and see the log of the API when it stays so`
  return new SecaError('AccessUndecided', message, { cause: asError(cause) })
}

const VERBS = { get: 'get', list: 'list', delete: 'delete', post: 'update' } as const

/** The request for the custom resource that `kubectl` would make for the same purpose. */
export function attributesOf(lookup: Lookup, attempt: Attempt): ResourceAttributes {
  const { kind, verb, tenant, workspace } = attempt
  const { group, version, resource, namespaced } = kind.gvr
  // Without a namespace the question is for all of them: nobody has rights of their own in one that does not exist.
  const scope =
    tenant === undefined ? undefined : kind.scope === 'workspace' && workspace !== undefined ? { tenant, workspace } : { tenant }
  const namespace = attempt.namespace ?? (scope && lookup.namespaceOf(scope))
  const isCreate = verb === 'put' && attempt.isUpdate !== true
  const objectName = objectNameIn(attempt)
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

/** Name of the custom resource: SKUs carry their region in front, nested kinds their parent (architecture §2). */
function objectNameIn({ kind, tenant, region, parent, name, objectName }: Attempt): string | undefined {
  if (objectName !== undefined || name === undefined) return objectName
  const prefix = kind.scope === 'cluster' && tenant !== undefined ? region : parent
  return prefix === undefined ? name : `${prefix}.${name}`
}
