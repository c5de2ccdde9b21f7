import { KUBERNETES } from './builtin.ts'
import { randomBytes } from 'node:crypto'
import { asError } from '../errors.ts'
import type { Log } from '../observe/log.ts'
import type { KubeClient } from './client.ts'
import { microTime } from './clock.ts'
import { isNotFound } from './errors.ts'
import type { KubeObject } from './gvr.ts'

interface EventNote {
  readonly type: 'Normal' | 'Warning'
  /** Why, in UpperCamelCase: goes with the condition's reason. */
  readonly reason: string
  /** What was done, in UpperCamelCase. */
  readonly action: string
  readonly message: string
}

export interface EventOptions {
  readonly client: KubeClient
  /** `reportingController`, a qualified name: `secapi.cloud/controllers`. */
  readonly component: string
  /** `reportingInstance`: the pod. */
  readonly instance: string
  readonly log: Log
  /** Wall clock, epoch milliseconds. */
  readonly now?: () => number
}

interface Series {
  readonly key: string
  readonly subject: string
  readonly namespace: string
  readonly body: object
  readonly name: string
  exists: boolean
  count: number
  written: number
  lastAt: number
  writtenAt: number
  queued: boolean
}

/** A repetition within this time continues the series; later it is a new event. */
const SERIES_MS = 600_000
/** A series is written at most this often. */
const UPDATE_MS = 60_000
const MAX_SERIES = 4_096
const MAX_PENDING = 1_000
/** Different events about one object per `SERIES_MS`. */
const MAX_PER_OBJECT = 25

/** Records events without ever holding up or failing its caller: what is too much is dropped. */
export class EventRecorder {
  readonly #options: EventOptions
  readonly #now: () => number
  /** Last used is last. */
  readonly #series = new Map<string, Series>()
  readonly #perObject = new Map<string, number>()
  #pending: Series[] = []
  #draining: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #dropped = 0

  constructor(options: EventOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  record(regarding: Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>, note: EventNote): void {
    const now = this.#now()
    const { name, namespace, uid, resourceVersion } = regarding.metadata
    const subject = `${regarding.kind}/${namespace ?? ''}/${name}/${uid ?? ''}`
    const key = [subject, note.type, note.reason, note.action, note.message].join('\n')
    this.#expire(now)
    const known = this.#series.get(key)
    if (known !== undefined) {
      known.count++
      known.lastAt = now
      this.#series.delete(key)
      this.#series.set(key, known)
      this.#later()
      return
    }
    const mine = this.#perObject.get(subject) ?? 0
    if (mine >= MAX_PER_OBJECT || this.#series.size >= MAX_SERIES || this.#pending.length >= MAX_PENDING) return this.#drop()
    this.#perObject.set(subject, mine + 1)
    // The apiserver takes events on cluster-scoped objects there only.
    const where = namespace ?? 'default'
    const event = `${name.slice(0, 200).replace(/[^a-z0-9]+$/, '')}.${randomBytes(8).toString('hex')}`
    const body = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: event, namespace: where },
      eventTime: microTime(now),
      reportingController: this.#options.component,
      reportingInstance: this.#options.instance.slice(0, 128),
      regarding: { apiVersion: regarding.apiVersion, kind: regarding.kind, name, namespace, uid, resourceVersion },
      type: note.type,
      reason: note.reason.slice(0, 128),
      action: note.action.slice(0, 128),
      note: clip(note.message, 1_024),
    }
    const series = {
      key,
      subject,
      namespace: where,
      body,
      name: event,
      exists: false,
      count: 1,
      written: 0,
      lastAt: now,
      writtenAt: now,
      queued: false,
    }
    this.#series.set(key, series)
    this.#enqueue(series)
  }

  /** Writes all that is outstanding, counts of series included. */
  async flush(): Promise<void> {
    for (const series of this.#series.values()) if (series.count > series.written) this.#enqueue(series)
    await this.#draining
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #enqueue(series: Series): void {
    if (series.queued) return
    series.queued = true
    this.#pending.push(series)
    this.#draining ??= this.#drain().finally(() => (this.#draining = undefined))
  }

  /** One write at a time: events never compete with the work they tell of. */
  async #drain(): Promise<void> {
    for (let series = this.#pending.shift(); series !== undefined; series = this.#pending.shift()) {
      series.queued = false
      try {
        await this.#write(series)
      } catch (error) {
        this.#forget(series)
        this.#drop(asError(error).message)
      }
    }
  }

  async #write(series: Series): Promise<void> {
    const { client } = this.#options
    const signal = AbortSignal.timeout(10_000)
    const { count, lastAt, name } = series
    series.writtenAt = this.#now()
    series.written = count
    // The apiserver wants a series to count two at least.
    const state = count > 1 ? { series: { count, lastObservedTime: microTime(lastAt) } } : {}
    if (series.exists) {
      try {
        await client.patch(KUBERNETES.Event, series.namespace, name, { type: 'merge', body: state }, signal)
        return
      } catch (error) {
        // Its time was up, or somebody deleted it.
        if (!isNotFound(error)) throw error
      }
    }
    await client.create(KUBERNETES.Event, series.namespace, { ...series.body, ...state }, signal)
    series.exists = true
  }

  /** Series with unwritten counts are written when their minute is over. */
  #later(): void {
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      const now = this.#now()
      let left = false
      for (const series of this.#series.values()) {
        if (series.count === series.written) continue
        if (now - series.writtenAt >= UPDATE_MS) this.#enqueue(series)
        else left = true
      }
      if (left) this.#later()
    }, UPDATE_MS / 4)
    this.#timer.unref()
  }

  #expire(now: number): void {
    for (const series of this.#series.values()) {
      if (now - series.lastAt < SERIES_MS) break
      if (series.count > series.written) this.#enqueue(series)
      this.#forget(series)
    }
  }

  #forget(series: Series): void {
    if (!this.#series.delete(series.key)) return
    const mine = (this.#perObject.get(series.subject) ?? 1) - 1
    if (mine > 0) this.#perObject.set(series.subject, mine)
    else this.#perObject.delete(series.subject)
  }

  #drop(reason = 'too many events'): void {
    this.#dropped++
    if ((this.#dropped & (this.#dropped - 1)) === 0) this.#options.log.debug({ dropped: this.#dropped, reason }, 'event dropped')
  }
}

/** At most so many bytes, never cutting a character. */
function clip(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text
  return `${new TextDecoder().decode(Buffer.from(text).subarray(0, bytes - 3)).replace(/\uFFFD+$/, '')}…`
}
