import type { State } from '../../kinds/common.ts'
import type { Resource } from '../../kinds/resource.ts'
import { isCurrent } from '../../reconcile/outcome.ts'
import type { Step, Track, Trouble, Verdict } from './report.ts'

/** Reasons that say how it goes, and not that anything is wrong. */
const PLAIN: ReadonlySet<string> = new Set([
  'Available',
  'Creating',
  'Updating',
  'Deleting',
  'Recreating',
  'ReferenceNotReady',
  'ReferenceNotFound',
  'NamespaceNotReady',
  'NamespaceNotAssigned',
  'DeletionBlocked',
])
const MISSING = 'ReferenceNotFound'
const NOT_READY = 'ReferenceNotReady'
const LONGEST = 1_000

type Said = Pick<Trouble, 'reason' | 'message'>

/** Something that it names is not there or not ready, and the rest is done: told only if it stays so. */
const PARTLY = 'PartlyApplied'

/** What the Ready condition says. */
function saidOf({ status }: Resource): Said | undefined {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  return ready && { reason: ready.reason, message: ready.message.slice(0, LONGEST) }
}

const isStalled = ({ status }: Resource): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Stalled' && is === 'True') === true

/** One resource, as it is seen from the moment that it is asked for. */
export class Recorder {
  readonly kind: string
  readonly name: string
  readonly #needs: readonly Recorder[]
  readonly #isClaimed: boolean
  readonly #steps: Step[]
  readonly #troubles = new Map<string, Trouble>()
  #last: Resource | undefined
  #isRefused = false
  #verdict: Verdict | undefined
  #readyMs: number | undefined
  #deletedAtMs: number | undefined
  #goneMs: number | undefined

  constructor(
    of: { readonly kind: string; readonly name: string; readonly needs: readonly Recorder[]; readonly isClaimed: boolean },
    atMs: number,
  ) {
    this.kind = of.kind
    this.name = of.name
    this.#needs = of.needs
    this.#isClaimed = of.isClaimed
    this.#steps = [{ atMs, state: 'asked' }]
  }

  /** The object, as it is from now on. */
  see(object: Resource, atMs: number): void {
    this.#last = object
    const said = saidOf(object)
    const when = this.#verdict === undefined ? 'making' : 'deleting'
    if (said !== undefined && said.reason !== PARTLY && !PLAIN.has(said.reason)) this.#trouble(when, said)
    this.#step(object.status?.state, said, atMs)
    if (isCurrent(object) && this.#deletedAtMs === undefined) this.#readyMs ??= atMs - this.#askedAtMs
  }

  /** The cluster would not take it. */
  refuse(said: Said): void {
    this.#isRefused = true
    this.#trouble('end', said)
  }

  /** Its deletion is asked for. */
  delete(atMs: number): void {
    this.#deletedAtMs = atMs
  }

  gone(atMs: number): void {
    if (this.#last === undefined) return
    this.#steps.push({ atMs, state: 'gone' })
    this.#last = undefined
    if (this.#deletedAtMs !== undefined) this.#goneMs = atMs - this.#deletedAtMs
  }

  /** It is in the cluster now. */
  get isThere(): boolean {
    return this.#last !== undefined
  }

  get isReady(): boolean {
    return this.#readyMs !== undefined
  }

  /** Something may still happen to it by itself: where all that it waits for is there, it only has to be told. */
  get isMoving(): boolean {
    if (this.isReady || this.#isRefused) return false
    if (this.#last === undefined) return true
    const reason = saidOf(this.#last)?.reason ?? ''
    if (reason === NOT_READY) return this.#needs.length > 0 && this.#needs.every((need) => need.isReady)
    return reason !== MISSING && !isStalled(this.#last)
  }

  /** How it went is what it is now: before anything is deleted. */
  conclude(): void {
    this.#verdict = this.verdict()
    const said = this.#last && saidOf(this.#last)
    if (said !== undefined && (said.reason === PARTLY || !this.isReady)) this.#trouble('end', said)
  }

  /** As it stands. */
  verdict(): Verdict {
    if (this.isReady) return 'ready'
    if (this.#isRefused) return 'failed'
    const said = this.#last && saidOf(this.#last)
    if (said?.reason === 'Unsupported') return 'refused'
    if (!this.#isClaimed || this.#needs.some((need) => need.verdict() !== 'ready')) return 'waits'
    const isOver = this.#last !== undefined && (isStalled(this.#last) || said?.reason === MISSING)
    return isOver ? 'failed' : 'late'
  }

  track(): Track {
    return {
      kind: this.kind,
      name: this.name,
      verdict: this.#verdict ?? this.verdict(),
      steps: this.#steps,
      ...(this.#readyMs === undefined ? {} : { readyMs: this.#readyMs }),
      ...(this.#goneMs === undefined ? {} : { goneMs: this.#goneMs }),
      troubles: [...this.#troubles.values()],
    }
  }

  get #askedAtMs(): number {
    return this.#steps[0]?.atMs ?? 0
  }

  #trouble(when: Trouble['when'], { reason, message }: Said): void {
    const key = `${reason} ${message}`
    // What was said on the way and is so at the end is told once.
    if (when !== 'deleting' || this.#troubles.get(key) === undefined) this.#troubles.set(key, { when, reason, message })
  }

  #step(state: State | undefined, said: Said | undefined, atMs: number): void {
    const last = this.#steps.at(-1)
    if (state === undefined || (last?.state === state && last.reason === said?.reason)) return
    const words = said === undefined ? {} : { reason: said.reason, ...(said.message === '' ? {} : { message: said.message }) }
    this.#steps.push({ atMs, state, ...words })
  }
}
