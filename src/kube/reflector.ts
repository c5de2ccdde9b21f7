import { setImmediate } from 'node:timers/promises'
import { deadline } from '../deadline.ts'
import { asError } from '../errors.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { KubeClient } from './client.ts'
import { type Clock, fullJitter, systemClock } from './clock.ts'
import { Currency } from './currency.ts'
import { ApiError, apiErrorFrom, isForbidden, isGone, isNotFound } from './errors.ts'
import type { GroupVersionResource, KubeObject } from './gvr.ts'
import type { History } from './history.ts'
import { isNamespace } from './namespace.ts'
import type { Feed, Relist } from './store.ts'
import { decode, Interrupted, type WatchEvent } from './watch-event.ts'
import { watchdog } from './watchdog.ts'

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: KubeClient
  readonly gvr: GroupVersionResource
  readonly store: Feed<T>
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  readonly namespace?: string | undefined
  readonly log: Log
  readonly metrics?: Pick<Metrics, 'watchEvents'> | undefined
  readonly clock?: Clock
  readonly random?: () => number
  /** No line for this long (bookmarks come about once a minute): the connection is dead, whatever TCP says. */
  readonly silentAfterMs?: number
  /** Prove about this often as of when the store is current (see `ageMs`); at least 5 s. Absent: never. */
  readonly proveMs?: number | undefined
  /** What notices, for all reflectors of the process, that the history of the apiserver went back. */
  readonly history?: Pick<History, 'saw' | 'doubt' | 'onRewind'> | undefined
}

const BACKOFF = { baseMs: 250, maxMs: 10_000 }
/** Events handled before others get a turn of the event loop. */
const SLICE = 200
/** So many refusals in a row with an apiserver that answers: what we ask for makes no sense to it any more, list again. */
const HOPELESS = 5
/** An apiserver sends a bookmark 2 s before a watch's time is over: the question that it answers is asked this long before the end. */
const ASK_S = 4
const SHORTEST_S = 5
const ASK_MS = 10_000
/** Times the usual that a proof may be late before everything is listed anew: some caches send no bookmarks. */
const LATE = 2
const WENT_BACK = 'the history of the apiserver went back'
const END_OF_INITIAL = 'k8s.io/initial-events-end'

/** Keeps a store equal to what kube-apiserver holds, for as long as `run` runs, whatever breaks in between. */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>
  readonly #clock: Clock
  readonly #currency = new Currency()
  readonly #synced = Promise.withResolvers<void>()
  readonly #settled = Promise.withResolvers<void>()
  #isSynced = false
  #isMissing = false
  #aliveAt: number
  /** Where the next watch goes on; undefined: everything anew. */
  #version: string | undefined
  /** The highest list version ever seen, which a healthy apiserver never goes below. */
  #highest = 0
  #mode: 'stream' | 'pages' = 'stream'
  #openedAt: number | undefined
  #stream: AbortController | undefined
  /** The watch brought at least a line. */
  #didSpeak = false
  /** Times that the history is known to have gone back, and how many of them a complete list came after. */
  #rewinds = 0
  #answered = 0
  #failures = 0
  #refusals = 0

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#aliveAt = this.#clock.now()
    // Whoever waits hears of it; nobody has to.
    this.#synced.promise.catch(() => undefined)
    this.#settled.promise.catch(() => undefined)
    options.store.hearListenerErrors((error) => {
      this.#count('listener-failed')
      options.log.error({ resource: options.gvr.resource, err: asError(error) }, 'listener failed')
    })
    options.history?.onRewind(() => {
      this.#rewinds++
      this.#stream?.abort(new Interrupted('restored', WENT_BACK))
    })
  }

  /** The store has held a complete state at least once. */
  get isSynced(): boolean {
    return this.#isSynced
  }
  /** Rejects when the reflector is stopped before. */
  whenSynced(): Promise<void> {
    return this.#synced.promise
  }
  /** The apiserver does not know the resource (its CRD is not installed, or gone): there is nothing of it, and it is looked for again. */
  get isMissing(): boolean {
    return this.#isMissing
  }
  /** In sync, or found to be missing. Rejects when the reflector is stopped before. */
  whenSettled(): Promise<void> {
    return this.#settled.promise
  }
  /** Since the last sign of life of the apiserver. */
  silentMs(): number {
    return this.#clock.now() - this.#aliveAt
  }

  /** The store is known to hold all that was there this long ago. Only with `proveMs`, else since the last complete list. */
  ageMs(): number {
    return this.#clock.now() - this.#currency.asOf
  }

  /** Resolves on abort, and only then. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#isLate()) this.#version = undefined
        if (this.#rewinds > this.#answered) this.#startAnew('pages')
        if (this.#version === undefined && this.#mode === 'pages') await this.#list(signal)
        await this.#watch(signal)
        this.#failures = 0
        this.#refusals = 0
      } catch (error) {
        if (!signal.aborted) await this.#recover(error, signal)
      }
    }
    this.#synced.reject(signal.reason)
    this.#settled.reject(signal.reason)
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, gvr, namespace, labelSelector, fieldSelector } = this.#options
    const at = this.#clock.now()
    const rewinds = this.#rewinds
    let isRewound = false
    let relist: Relist<T> | undefined
    let version = ''
    for await (const page of client.list<T>(gvr, { namespace, labelSelector, fieldSelector, signal })) {
      isRewound ||= rewinds > this.#answered || this.#isFromThePast(page.resourceVersion)
      relist ??= isRewound ? this.#options.store.relistRewound() : this.#options.store.relist()
      version = page.resourceVersion
      this.#alive()
      for (const item of page.items) relist.add(item)
      await setImmediate()
    }
    if (relist === undefined) return
    this.#answered = rewinds
    if (isRewound) {
      this.#count('restored')
      this.#highest = 0
    }
    this.#complete(relist, version, at)
  }

  /** etcd restored from a backup counts from an earlier version: what the store holds is of a future that never was. */
  #isFromThePast(version: string): boolean {
    return Number(version) < this.#highest
  }

  #complete(relist: Relist<T>, version: string, at: number): void {
    relist.finish(version)
    this.#currency.listed(Number(version), at)
    this.#version = version
    this.#highest = Math.max(this.#highest, Number(version))
    this.#options.history?.saw(this.#highest)
    this.#count('listed')
    this.#isMissing = false
    if (this.#isSynced) return
    this.#isSynced = true
    this.#synced.resolve()
    this.#settled.resolve()
  }

  /** One watch, from its beginning to its orderly end. Without a version it brings the state first (KEP-3157). */
  async #watch(signal: AbortSignal): Promise<void> {
    const { client, gvr, namespace, labelSelector, fieldSelector, store, proveMs } = this.#options
    const timeoutSeconds = this.#seconds()
    const at = this.#clock.now()
    const stream = (this.#stream = new AbortController())
    this.#didSpeak = false
    const stop = () => stream.abort(signal.reason)
    signal.addEventListener('abort', stop)
    let relist = this.#version === undefined ? store.relist() : undefined
    const add = (obj: T) => (relist === undefined ? void store.set(obj) : relist.add(obj))
    let events = 0
    try {
      signal.throwIfAborted()
      const { silentAfterMs = proveMs === undefined ? 90_000 : Math.min(90, timeoutSeconds + SHORTEST_S) * 1000 } = this.#options
      const guard = watchdog(
        this.#clock,
        silentAfterMs,
        () => stream.abort(new Interrupted('silent', `no line for ${silentAfterMs / 1000} s`)),
        stream.signal,
      )
      const lines = await client.watch(gvr, {
        namespace,
        labelSelector,
        fieldSelector,
        resourceVersion: this.#version,
        timeoutSeconds,
        signal: stream.signal,
      })
      guard.beat()
      this.#alive()
      this.#openedAt = this.#clock.now()
      if (proveMs !== undefined && relist === undefined) void this.#prove(stream, timeoutSeconds, signal)
      for await (const batch of lines) {
        guard.beat()
        this.#alive()
        this.#didSpeak = true
        for (const line of batch) {
          const event = decode<T>(line)
          this.#count(event.type)
          if (event.type === 'ERROR') throw apiErrorFrom(`watch ${gvr.resource}`, { status: 500 }, event.object)
          if (relist === undefined) this.#reach(event)
          if (event.type === 'DELETED') store.remove(event.object)
          else if (event.type !== 'BOOKMARK') add(event.object)
          else if (relist !== undefined && event.object.metadata.annotations?.[END_OF_INITIAL] === 'true') {
            const version = event.object.metadata.resourceVersion ?? '0'
            if (this.#isFromThePast(version)) throw new Interrupted('short', WENT_BACK)
            this.#complete(relist, version, at)
            relist = undefined
            // The next watch is one that proves.
            if (proveMs !== undefined) return
          }
          if (relist === undefined) this.#currency.reached(Number(this.#version))
          if (relist === undefined) this.#failures = this.#refusals = 0
          if (++events % SLICE !== 0) continue
          await setImmediate()
          signal.throwIfAborted()
        }
      }
    } finally {
      signal.removeEventListener('abort', stop)
      stream.abort(new Error('the watch has ended'))
      this.#stream = undefined
    }
    if (relist !== undefined) throw new Interrupted('short', 'the watch ended before the initial state was complete')
    if (events === 0 && this.#livedMs() < 1_000) throw new Interrupted('short', 'the watch ended at once')
    this.#count('ended')
  }

  /** Where the next watch goes on. Versions of a watch only rise. */
  #reach({ type, object }: WatchEvent<T>): void {
    const version = object.metadata.resourceVersion ?? this.#version
    if (type !== 'DELETED' && Number(version) < Number(this.#version)) throw new Interrupted('restored', WENT_BACK)
    this.#version = version
    this.#options.history?.saw(Number(version))
  }

  #startAnew(mode = this.#mode): void {
    this.#version = undefined
    this.#mode = mode
  }

  /** How long a watch may be. One that proves ends soon; at once when nothing was proven last time, to know where we are. */
  #seconds(): number {
    const { proveMs, random = Math.random } = this.#options
    if (proveMs === undefined || this.#version === undefined) return 240 + Math.floor(random() * 121)
    const usual = Math.max(SHORTEST_S, Math.floor(proveMs / 1000))
    return this.ageMs() >= usual * 1000 ? SHORTEST_S : usual
  }

  /** Something is there, and the watches do not bring it. */
  #isLate(): boolean {
    const { proveMs } = this.#options
    return proveMs !== undefined && this.#isSynced && this.#currency.isBehind && this.ageMs() > LATE * proveMs
  }

  /** Asks how far the history is, in time for the bookmark that says whether the store is there too. */
  async #prove(stream: AbortController, seconds: number, signal: AbortSignal): Promise<void> {
    const { client, gvr, namespace, fieldSelector } = this.#options
    await this.#clock.sleep((seconds - ASK_S) * 1000, stream.signal)
    if (stream.signal.aborted) return
    const at = this.#clock.now()
    const before = Number(this.#version ?? 0)
    const limit = deadline(signal, ASK_MS)
    try {
      const version = await client.versionOf(gvr, { namespace, fieldSelector, signal: limit.signal })
      if (version >= before) this.#currency.told(version, at)
      else if (!stream.signal.aborted) stream.abort(new Interrupted('restored', WENT_BACK))
    } catch {
      // No answer, no proof: the age tells.
    } finally {
      limit.end()
    }
  }

  /** Decides what the next attempt is, and waits until its time. */
  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const { gvr, log, history, proveMs, random = Math.random } = this.#options
    history?.doubt()
    // A stream that held for a while was no failure to connect: one that broke is replaced at once.
    this.#failures = this.#livedMs() > 10_000 ? 1 : this.#failures + 1
    this.#openedAt = undefined
    this.#highest = Math.max(this.#highest, Number(this.#version ?? 0))
    const refused = error instanceof ApiError && error.status > 0 && error.status !== 429 && error.status !== 503
    if (refused || (error instanceof Interrupted && error.event === 'unparsable')) this.#refusals++
    if (error instanceof Interrupted && error.event === 'restored') {
      this.#count('relist')
      this.#startAnew('pages')
    } else if (isNotFound(error)) this.#notFound()
    else if (isForbidden(error) && this.#options.namespace !== undefined) await this.#forbidden(this.#options.namespace, signal)
    else if (isGone(error)) {
      this.#count('expired')
      this.#startAnew()
      // A new beginning, not a failure; twice in a row is one.
      if (this.#failures === 1) return
    } else if (this.#refusals >= HOPELESS && this.#version !== undefined) {
      this.#count('relist')
      this.#startAnew('pages')
      this.#refusals = 0
    } else if (error instanceof Interrupted && error.event === 'silent' && !this.#didSpeak && proveMs === undefined) {
      // It may have gone on from a version that is yet to come: then it would stay silent, however often it is opened.
      this.#count('silent')
      this.#startAnew()
    } else {
      this.#count(error instanceof Interrupted ? error.event : 'failed')
      // A stream that did not bring the whole state (no WatchList here, or broken on the way) gives way to pages, and the other way round.
      if (this.#version === undefined) this.#mode = this.#mode === 'stream' ? 'pages' : 'stream'
    }
    const retryAfterMs = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0
    const delayMs = Math.max(Math.min(retryAfterMs, 60_000), fullJitter(this.#failures, BACKOFF, random))
    // Loud at first, then ever rarer.
    if (!this.#isMissing && (this.#failures & (this.#failures - 1)) === 0)
      log.warn(
        { resource: gvr.resource, failures: this.#failures, reason: asError(error).message, retryMs: Math.round(delayMs) },
        'watch interrupted',
      )
    await this.#clock.sleep(delayMs, signal)
  }

  /** Answered to a question for all of it, this settles it; a watch that went on from a version is asked for all first. */
  #notFound(): void {
    const { gvr, log, store } = this.#options
    this.#alive()
    this.#count('missing')
    if (this.#version === undefined && !this.#isMissing) {
      log.warn(
        { resource: gvr.resource, group: gvr.group },
        'the resource is not installed: what is of it waits, all else goes on; installing it is noticed',
      )
      this.#isMissing = true
      store.relistRewound().finish('0')
      this.#settled.resolve()
    }
    this.#version = undefined
    this.#mode = 'pages'
  }

  /**
   * The rights in one namespace are gone: then nobody waits for what is there. With the namespace all is gone that was in it; else it stays
   * as it was last seen, but for what decisions hang on: what cannot be known to be current grants nothing.
   */
  async #forbidden(namespace: string, signal: AbortSignal): Promise<void> {
    const { client, gvr, log, store, proveMs } = this.#options
    const at = this.#clock.now()
    this.#alive()
    this.#count('forbidden')
    this.#startAnew('pages')
    let isThere = true
    try {
      isThere = await isNamespace(client, namespace, signal)
    } catch (error) {
      log.debug({ namespace, err: asError(error).message }, 'whether the namespace is there could not be asked')
    }
    if (!isThere || proveMs !== undefined) {
      store.relistRewound().finish('0')
      this.#currency.listed(0, at)
    }
    if (isThere && !this.#isMissing)
      log.error(
        { resource: gvr.resource, namespace },
        'no rights to watch the resource in this namespace: what is there waits, all else goes on',
      )
    this.#isMissing = isThere
    this.#settled.resolve()
    if (isThere || this.#isSynced) return
    this.#isSynced = true
    this.#synced.resolve()
  }

  #livedMs(): number {
    return this.#openedAt === undefined ? 0 : this.#clock.now() - this.#openedAt
  }
  #alive(): void {
    this.#aliveAt = this.#clock.now()
  }
  #count(event: string): void {
    this.#options.metrics?.watchEvents.inc({ resource: this.#options.gvr.resource, event })
  }
}
