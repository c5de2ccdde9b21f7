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
const WAITS: ReadonlySet<string> = new Set([MISSING, 'ReferenceNotReady'])
const LONGEST = 1_000

/** What the Ready condition says. */
function saidOf({ status }: Resource): Trouble | undefined {
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
  #refusal: Trouble | undefined
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
    if (said !== undefined && !PLAIN.has(said.reason)) this.#trouble(said)
    this.#step(object.status?.state, said, atMs)
    if (isCurrent(object) && this.#deletedAtMs === undefined) this.#readyMs ??= atMs - this.#askedAtMs
  }

  /** The cluster would not take it. */
  refuse(trouble: Trouble): void {
    this.#refusal = trouble
    this.#trouble(trouble)
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

  /** Something may still happen to it by itself. */
  get isMoving(): boolean {
    if (this.isReady || this.#refusal !== undefined) return false
    return this.#last === undefined || (!isStalled(this.#last) && !WAITS.has(saidOf(this.#last)?.reason ?? ''))
  }

  /** As it stands. A comparison asks before anything is deleted. */
  verdict(): Verdict {
    if (this.isReady) return 'ready'
    if (this.#refusal !== undefined) return 'failed'
    const said = this.#last && saidOf(this.#last)
    if (said?.reason === 'Unsupported') return 'refused'
    if (!this.#isClaimed || this.#needs.some((need) => need.verdict() !== 'ready')) return 'waits'
    const isOver = this.#last !== undefined && (isStalled(this.#last) || said?.reason === MISSING)
    return isOver ? 'failed' : 'late'
  }

  track(verdict: Verdict): Track {
    const said = this.#last === undefined || this.isReady ? undefined : saidOf(this.#last)
    // What it waits for at the end is what is wrong.
    if (said !== undefined && verdict !== 'ready') this.#trouble(said)
    return {
      kind: this.kind,
      name: this.name,
      verdict,
      steps: this.#steps,
      ...(this.#readyMs === undefined ? {} : { readyMs: this.#readyMs }),
      ...(this.#goneMs === undefined ? {} : { goneMs: this.#goneMs }),
      troubles: [...this.#troubles.values()],
    }
  }

  get #askedAtMs(): number {
    return this.#steps[0]?.atMs ?? 0
  }

  #trouble(trouble: Trouble): void {
    this.#troubles.set(`${trouble.reason} ${trouble.message}`, trouble)
  }

  #step(state: State | undefined, said: Trouble | undefined, atMs: number): void {
    const last = this.#steps.at(-1)
    if (state === undefined || (last?.state === state && last.reason === said?.reason)) return
    const words = said === undefined ? {} : { reason: said.reason, ...(said.message === '' ? {} : { message: said.message }) }
    this.#steps.push({ atMs, state, ...words })
  }
}
