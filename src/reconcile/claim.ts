import { asError } from '../errors.ts'
import { CLAIM, CONTROLLERS_LEASE } from '../kinds/names.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import type { KubeClient } from '../kube/client.ts'
import { type Clock, uptimeClock } from '../kube/clock.ts'
import { ifNotFound, isConflict } from '../kube/errors.ts'
import type { KubeObject } from '../kube/gvr.ts'
import type { Log } from '../observe/log.ts'

export interface ClaimOptions {
  readonly client: KubeClient
  /** The operator's namespace: who claims. */
  readonly namespace: string
  readonly log: Log
  /** Another installation was found to serve the cluster: told once each time, with what to do about it. */
  readonly onRefused: (message: string) => void
  readonly clock?: Clock
}

/** The namespace that every cluster has: its annotation says which operator serves the cluster. */
const HOME = 'default'
/** Between two looks. Looking writes nothing. */
const LOOK_MS = 10_000
/** After a look that failed. */
const RETRY_MS = 2_000
/** An installation whose Lease was not renewed for this long is gone: nobody wants to change operators because of an upgrade. */
const GONE_MS = 300_000
const ANSWER_MS = 10_000

/** One installation serves a cluster: a second one, in another namespace, would fight with it over every status. */
export class Claim {
  readonly #options: ClaimOptions
  readonly #clock: Clock
  /** Aborted when the claim is another's; absent while it is not ours. */
  #held: AbortController | undefined
  #problem: string | undefined = 'not known yet which installation serves this cluster'
  #isRefused = false
  /** What was last seen of the other's Lease, and since when. */
  #seen = { holder: '', version: '', at: 0 }

  constructor(options: ClaimOptions) {
    this.#options = options
    this.#clock = options.clock ?? uptimeClock
  }

  /** Whether this installation serves the cluster, as far as was seen at the last look. */
  get isOurs(): boolean {
    return this.#held !== undefined
  }

  /** Another installation was seen to serve the cluster. */
  get isRefused(): boolean {
    return this.#isRefused
  }

  /** Why this installation does nothing, and what to do about it; undefined when it serves the cluster. */
  problem(): string | undefined {
    return this.#problem
  }

  /** Looks now and then, until `signal`. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isSeen = await this.#tryLook(signal)
      await this.#clock.sleep(isSeen ? LOOK_MS : RETRY_MS, signal)
    }
  }

  /** Waits until this installation serves the cluster, by a fresh look; answers what aborts when that is over (or `signal` aborts). */
  async whenOurs(signal: AbortSignal): Promise<AbortSignal> {
    while (!signal.aborted) {
      const isSeen = await this.#tryLook(signal)
      if (isSeen && this.#held !== undefined) return AbortSignal.any([signal, this.#held.signal])
      await this.#clock.sleep(isSeen ? LOOK_MS : RETRY_MS, signal)
    }
    return signal
  }

  async #tryLook(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#look(AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]))
      return true
    } catch (error) {
      if (signal.aborted) return false
      // Another replica was quicker, or somebody changed the namespace.
      if (isConflict(error)) return this.#tryLook(signal)
      this.#options.log.warn({ err: asError(error).message }, 'no answer to which installation serves this cluster')
      return false
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { client, namespace } = this.#options
    const { metadata } = await client.get(KUBERNETES.Namespace, undefined, HOME, signal)
    const holder = metadata.annotations?.[CLAIM] ?? ''
    if (holder !== namespace && holder !== '' && (await this.#isAlive(holder, signal))) return this.#refuse(holder)
    if (holder !== namespace) {
      const { resourceVersion } = metadata
      const body = { metadata: { resourceVersion, annotations: { [CLAIM]: namespace } } }
      await client.patch(KUBERNETES.Namespace, undefined, HOME, { type: 'merge', body }, signal)
      this.#options.log.info(
        { namespace, ...(holder === '' ? {} : { instead: holder }) },
        'this installation serves the cluster from now on',
      )
    }
    this.#problem = undefined
    this.#isRefused = false
    this.#held ??= new AbortController()
  }

  #refuse(holder: string): void {
    const { namespace, log, onRefused } = this.#options
    const message =
      `the operator in namespace ${holder} serves this cluster, the one in ${namespace} does nothing: uninstall one of them. When the one in ` +
      `${holder} is gone for good, this one takes over ${GONE_MS / 60_000} minutes after the last renewal of Lease ${holder}/${CONTROLLERS_LEASE}, ` +
      `or at once after: kubectl annotate namespace ${HOME} ${CLAIM}-`
    const isNews = this.#problem !== message
    this.#isRefused = true
    this.#problem = message
    this.#held?.abort(new Error(message))
    this.#held = undefined
    if (!isNews) return
    log.error({ namespace, holder }, message)
    onRefused(message)
  }

  /** Judged by how long we saw its Lease unchanged, never by the times in it. */
  async #isAlive(holder: string, signal: AbortSignal): Promise<boolean> {
    const version = await this.#versionOf(holder, signal)
    if (version === undefined) return false
    const now = this.#clock.now()
    if (this.#seen.holder !== holder || this.#seen.version !== version) this.#seen = { holder, version, at: now }
    return now - this.#seen.at < GONE_MS
  }

  /** Version of the other's Lease; undefined when its namespace is gone. */
  async #versionOf(holder: string, signal: AbortSignal): Promise<string | undefined> {
    const { client } = this.#options
    const lease = await client.get<KubeObject>(KUBERNETES.Lease, holder, CONTROLLERS_LEASE, signal).catch(ifNotFound)
    if (lease !== undefined) return lease.metadata.resourceVersion ?? ''
    const home = await client.get(KUBERNETES.Namespace, undefined, holder, signal).catch(ifNotFound)
    return home && 'none'
  }
}
