import { deadline } from '../deadline.ts'
import { asError } from '../errors.ts'
import type { Log } from '../observe/log.ts'
import type { KubeClient } from './client.ts'
import { type Clock, fullJitter, systemClock } from './clock.ts'
import type { GroupVersionResource } from './gvr.ts'

export interface HistoryOptions {
  readonly client: KubeClient
  /** Kinds of which one stands for all, since one etcd counts the versions of all custom resources; the next one where it is not installed. */
  readonly gvrs: readonly GroupVersionResource[]
  readonly log: Log
  readonly clock?: Clock
  readonly random?: () => number
}

/** Between two questions while nothing gives reason to ask. */
const USUAL_MS = 60_000
/** However many watches break at once: one question. */
const SOON_MS = 100
const ASK_MS = 10_000
const BACKOFF = { baseMs: 500, maxMs: 10_000 }

/**
 * Notices that an apiserver's history went back: etcd restored from a backup. It accepts watches that go on from a version which is
 * yet to come and says nothing on them, so that whoever merely watches is deaf and does not know (architecture §4). One small
 * read a minute for the whole process, and one as soon as the apiserver answers again after watches broke, before the new
 * history gets as long as the old one.
 */
export class History {
  readonly #options: HistoryOptions
  readonly #clock: Clock
  readonly #listeners = new Set<() => void>()
  #highest = 0
  #turn = 0
  #hurry = new AbortController()

  constructor(options: HistoryOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  /** The apiserver is known to have come this far. */
  saw(version: number): void {
    if (version > this.#highest) this.#highest = version
  }

  /** Something is strange: ask soon. */
  doubt(): void {
    this.#hurry.abort()
  }

  /** Calls back when the history went back: everything has to be listed anew. Returns what ends that. */
  onRewind(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Asks until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { random = Math.random } = this.#options
    let failures = 0
    while (!signal.aborted) {
      await this.#pause(failures === 0 ? USUAL_MS : fullJitter(failures, BACKOFF, random), signal)
      if (signal.aborted) return
      // A doubt from here on is one about this answer.
      this.#hurry = new AbortController()
      failures = (await this.#ask(signal)) ? 0 : failures + 1
    }
  }

  /** Until it is time to ask. After a failure a doubt changes nothing: it is asked again anyhow. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (ms < USUAL_MS) return this.#clock.sleep(ms, signal)
    await this.#clock.sleep(ms, AbortSignal.any([signal, this.#hurry.signal]))
    if (this.#hurry.signal.aborted) await this.#clock.sleep(SOON_MS, signal)
  }

  /** One question; false when there was no answer. */
  async #ask(signal: AbortSignal): Promise<boolean> {
    const { client, gvrs, log } = this.#options
    const gvr = gvrs[this.#turn % gvrs.length]
    if (gvr === undefined) return true
    const before = this.#highest
    const limit = deadline(signal, ASK_MS)
    try {
      const version = await client.versionOf(gvr, { signal: limit.signal })
      if (version < before) {
        log.error({ version, before }, 'the history of the kube-apiserver went back (etcd restored?): everything is listed anew')
        this.#highest = version
        for (const listener of this.#listeners) listener()
      } else this.saw(version)
      return true
    } catch (error) {
      this.#turn++
      log.debug({ reason: asError(error).message }, 'the version of the kube-apiserver could not be asked')
      return false
    } finally {
      limit.end()
    }
  }
}
