import type { Cache } from '../cache/cache.ts'
import { asError } from '../errors.ts'
import type { Clock } from '../kube/clock.ts'
import { ifNotFound } from '../kube/errors.ts'
import type { GroupVersionResource, KubeObject } from '../kube/gvr.ts'
import type { Log } from '../observe/log.ts'
import { holds, partOf } from './compare.ts'
import { DECLARABLE } from './declared-check.ts'
import { type Declared, hashOf, idOf, parseDeclared } from './declared-file.ts'
import { type Cluster, NotLeadingError } from './fenced.ts'
import type { Notices } from './notices.ts'

/** On every object that was declared; its value is the namespace of the operator whose configuration does. */
export const DECLARED_LABEL = 'operator.secapi.cloud/declared'
const HASH = 'operator.secapi.cloud/declared-hash'
export const DECLARED_MANAGER = 'seca-declared'
/** A refused object is tried again after this, then after twice as long, and so on. */
const RETRY_MS = 10_000
const MAX_RETRY_MS = 300_000

type State = 'applied' | 'refused' | 'left'

export interface DeclaredOptions {
  readonly client: Cluster
  /** Of the operator: another installation's objects are not ours to take out. */
  readonly namespace: string
  /** Text of the file; throws where it cannot be read. */
  readonly read: () => string
  readonly cache: Pick<Cache, 'all' | 'kinds' | 'inNamespace' | 'namespaces'>
  /** Whether the cache holds all kinds: what it does not hold is not gone. */
  readonly isWhole: () => boolean
  /** Deletes what was declared and is not any more; else it is left alone and told. */
  readonly prune: boolean
  readonly log: Log
  readonly notices: Notices
  readonly clock: Clock
  readonly count: (state: State, count: number) => void
  readonly tellBroken: (isBroken: boolean) => void
}

/** Keeps the objects that the installation's configuration declares as it says. What cannot be read changes nothing. */
export class DeclaredObjects {
  readonly #options: DeclaredOptions
  #text: string | undefined
  #wanted: readonly Declared[] = []
  /** Of refused objects: what was refused, how often, and until when it is not tried again. */
  readonly #refused = new Map<string, { readonly hash: string; readonly times: number; readonly until: number }>()
  /** What the apiserver made of an object that it took otherwise than it was sent: as long as that stays, nothing is to be won. */
  readonly #settled = new Map<string, string>()

  constructor(options: DeclaredOptions) {
    this.#options = options
  }

  /** One look: writes what differs, and nothing where nothing does. */
  async keep(signal: AbortSignal): Promise<void> {
    const { count } = this.#options
    if (!this.#load()) return
    let refused = 0
    for (const one of this.#wanted) if (!(await this.#keepOne(one, signal))) refused++
    count('applied', this.#wanted.length - refused)
    count('refused', refused)
    count('left', await this.#takeOut(signal))
  }

  #load(): boolean {
    const { read, notices, log, tellBroken } = this.#options
    try {
      const text = read()
      if (text !== this.#text) {
        this.#wanted = parseDeclared(text)
        this.#text = text
        log.info({ objects: this.#wanted.length }, 'read the declared objects')
      }
    } catch (error) {
      const message = `the declared objects cannot be read, and all stays as it is: ${asError(error).message}`
      notices.say('file', { type: 'Warning', reason: 'DeclaredFileInvalid', message })
      tellBroken(true)
      // The text of before counts as another one when it comes back.
      this.#text = undefined
      return false
    }
    notices.settle('file')
    tellBroken(false)
    return true
  }

  /** Whether the object is as declared afterwards. */
  async #keepOne({ gvr, object }: Declared, signal: AbortSignal): Promise<boolean> {
    const { client, namespace, clock } = this.#options
    const id = idOf(object)
    const hash = hashOf(object)
    const { metadata } = object
    const labels = { ...metadata.labels, [DECLARED_LABEL]: namespace }
    const body = { ...object, metadata: { ...metadata, labels, annotations: { ...metadata.annotations, [HASH]: hash } } }
    const live = this.#live(gvr, metadata)
    if (live !== undefined && (holds(body, live) || this.#settled.get(id) === partOf(body, live))) {
      this.#refused.delete(id)
      this.#options.notices.settle(`${id} refused`)
      return true
    }
    const before = this.#refused.get(id)
    if (before?.hash === hash && clock.now() < before.until) return false
    try {
      const stored = await client.apply(gvr, body, { fieldManager: DECLARED_MANAGER, force: true }, signal)
      if (holds(body, stored)) this.#settled.delete(id)
      else this.#settled.set(id, partOf(body, stored))
    } catch (error) {
      if (signal.aborted || error instanceof NotLeadingError) throw error
      const times = before?.hash === hash ? before.times + 1 : 0
      this.#refused.set(id, { hash, times, until: clock.now() + Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.min(times, 10)) })
      const message = `${id} is declared, but refused: ${asError(error).message}`
      this.#options.notices.say(`${id} refused`, { type: 'Warning', reason: 'DeclaredRefused', message })
      return false
    }
    this.#refused.delete(id)
    this.#tellApplied(id, live, hash)
    return true
  }

  #tellApplied(id: string, live: KubeObject | undefined, hash: string): void {
    const { log, notices } = this.#options
    notices.settle(`${id} refused`)
    notices.settle(`${id} left`)
    log.info({ object: id }, live === undefined ? 'declared and made' : 'declared and applied')
    const last = live?.metadata.annotations?.[HASH]
    if (live === undefined || (last !== undefined && last !== hash)) return void notices.settle(`${id} taken`)
    // Whoever declares owns; the other hears of it once, even if both go on.
    const what = last === undefined ? 'was there already and is taken over' : 'was changed by somebody and is put back'
    const message = `${id} ${what}: the installation's configuration declares it, so change it there`
    notices.say(`${id} taken`, { type: 'Normal', reason: last === undefined ? 'DeclaredTakenOver' : 'DeclaredRestored', message })
  }

  /** How many objects were declared once, are not any more, and are still there. */
  async #takeOut(signal: AbortSignal): Promise<number> {
    const { client, log } = this.#options
    const kept = new Set(this.#wanted.map(({ object }) => idOf(object)))
    let left = 0
    for (const { gvr, object } of this.#ours()) {
      const id = idOf({ kind: gvr.kind, metadata: object.metadata })
      if (kept.has(id)) continue
      const { name, namespace, uid = '', deletionTimestamp } = object.metadata
      const reason = this.#reasonToLeave(gvr, name)
      if (reason !== undefined || deletionTimestamp !== undefined) {
        left++
        if (deletionTimestamp === undefined) this.#tellLeft(id, reason ?? '')
        continue
      }
      try {
        await client.delete(gvr, namespace, name, { uid }, signal).catch(ifNotFound)
        log.info({ object: id }, 'not declared any more, and deleted')
      } catch (error) {
        if (signal.aborted || error instanceof NotLeadingError) throw error
        left++
        this.#tellLeft(id, `its deletion was refused: ${asError(error).message}`)
      }
    }
    return left
  }

  #tellLeft(id: string, reason: string): void {
    const message = `${id} is not declared any more, and left alone: ${reason}`
    this.#options.notices.say(`${id} left`, { type: 'Warning', reason: 'DeclaredLeft', message })
  }

  #reasonToLeave(gvr: GroupVersionResource, name: string): string | undefined {
    const { prune, isWhole, cache, namespace } = this.#options
    if (!prune) return 'delete it with kubectl, or have all such objects deleted with --declared-prune'
    // More likely a mistake than a wish.
    if (this.#wanted.length === 0) return 'nothing is declared at all'
    if (!isWhole()) return 'not all kinds are installed, so nobody knows what needs it'
    if (gvr.kind !== 'Namespace') return undefined
    if (name === namespace) return 'the operator lives there'
    const inside = [...cache.kinds()].filter((kind) => kind.gvr.namespaced && cache.inNamespace(kind.kind, name).length > 0)
    return inside.length === 0 ? undefined : `it holds objects (${inside.map(({ kind }) => kind).join(', ')}): delete those first`
  }

  /** What has our label; what needs others comes before them. */
  *#ours() {
    for (const { gvr } of DECLARABLE.toReversed())
      for (const object of this.#all(gvr)) if (object.metadata.labels?.[DECLARED_LABEL] === this.#options.namespace) yield { gvr, object }
  }

  #all({ kind }: GroupVersionResource): Iterable<KubeObject> {
    const { cache } = this.#options
    return (kind === 'Namespace' ? [...cache.namespaces.values()] : [...cache.all(kind)]) as Iterable<KubeObject>
  }

  #live(gvr: GroupVersionResource, { name, namespace }: KubeObject['metadata']): KubeObject | undefined {
    for (const object of this.#all(gvr)) if (object.metadata.name === name && object.metadata.namespace === namespace) return object
    return undefined
  }
}
