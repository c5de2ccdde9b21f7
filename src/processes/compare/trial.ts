import { setTimeout as sleep } from 'node:timers/promises'
import type { Cache } from '../../cache/cache.ts'
import { asError } from '../../errors.ts'
import { COMPARED_LABEL, TENANT_LABEL } from '../../kinds/names.ts'
import type { Resource } from '../../kinds/resource.ts'
import { KUBERNETES } from '../../kube/builtin.ts'
import type { KubeClient } from '../../kube/client.ts'
import { ApiError, ifNotFound } from '../../kube/errors.ts'
import type { KubeObject } from '../../kube/gvr.ts'
import { COMPARED } from './abilities.ts'
import { type Mine, takeAway } from './clean.ts'
import { idOf } from './needs.ts'
import type { Plan } from './plan.ts'
import type { RegionReport, Track, Trouble } from './report.ts'
import { Recorder } from './track.ts'

/** What is looked at again this often; the times themselves come with the watch. */
const LOOK_MS = 100
/** Where nothing moves any more, and not all is ready, this much is waited for a change of mind. */
const QUIET_MS = 10_000
const FIELD_MANAGER = 'seca-compare'

export interface TrialOptions {
  readonly client: KubeClient
  readonly cache: Cache
  readonly region: Pick<RegionReport, 'name' | 'provider' | 'cloudProvider'>
  readonly plan: Plan
  readonly keep: boolean
  readonly timeoutMs: number
  /** Ends the waiting: what was made is taken away all the same. */
  readonly signal: AbortSignal
  /** Ends that, too. */
  readonly stop: AbortSignal
  /** For who cannot wait that long: {@link QUIET_MS}. */
  readonly quietMs?: number
  /** How it goes, in a few words. */
  readonly onProgress: (text: string) => void
}

/** Makes what is planned in a region, waits until it is ready, and takes it away again; whatever happens, it says how far it came. */
export async function tryRegion(options: TrialOptions): Promise<RegionReport> {
  const { plan, region, keep, signal } = options
  const trial = new Trial(options)
  let broken: string | undefined
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      broken ??= signal.aborted ? 'interrupted' : asError(error).message
    }
  }
  await attempt(() => trial.make())
  if (broken === undefined) await attempt(() => trial.untilOver())
  trial.conclude()
  if (!keep) await attempt(() => trial.takeAway())
  const tracks = trial.end()
  return { ...region, tracks, leftOut: plan.leftOut, remarks: plan.remarks, ...(broken === undefined ? {} : { broken }) }
}

class Trial {
  readonly #options: TrialOptions
  readonly #began = performance.now()
  readonly #recorders = new Map<string, Recorder>()
  readonly #made: Mine[] = []
  readonly #unsubscribe: readonly (() => void)[]
  #changedAt = 0

  constructor(options: TrialOptions) {
    this.#options = options
    this.#unsubscribe = COMPARED.map(({ kind }) =>
      options.cache.store(kind).onChange(({ type, object }) => {
        const recorder = this.#recorders.get(idOf(object))
        if (recorder === undefined) return
        this.#changedAt = this.#now()
        if (type === 'deleted') recorder.gone(this.#now())
        else recorder.see(object, this.#now())
      }),
    )
  }

  #now(): number {
    return Math.round(performance.now() - this.#began)
  }

  async make(): Promise<void> {
    const { client, plan, signal } = this.#options
    for (const namespace of plan.namespaces) {
      signal.throwIfAborted()
      // Not aborted halfway: what was made has to be known.
      const made = await client.create<KubeObject>(KUBERNETES.Namespace, undefined, namespace)
      this.#made.push({ name: made.metadata.name, uid: made.metadata.uid ?? '' })
    }
    for (const { kind, object, needs, isClaimed } of inOrder(plan)) {
      signal.throwIfAborted()
      const { name, namespace } = object.metadata
      const known = needs.flatMap((need) => this.#recorders.get(need) ?? [])
      const recorder = new Recorder({ kind: kind.kind, name, needs: known, isClaimed }, this.#now())
      this.#recorders.set(idOf(object), recorder)
      try {
        await client.create(kind.gvr, namespace, object, signal, { fieldManager: FIELD_MANAGER })
      } catch (error) {
        if (!(error instanceof ApiError) || error.status === 0 || error.status >= 500) throw error
        recorder.refuse(refusalOf(error))
      }
    }
  }

  /** All is ready, or nothing more happens, or the time is over. */
  async untilOver(): Promise<void> {
    const { timeoutMs, quietMs = QUIET_MS, signal, onProgress } = this.#options
    const all = [...this.#recorders.values()]
    const deadline = this.#now() + timeoutMs
    for (;;) {
      const ready = all.filter((one) => one.isReady).length
      const isQuiet = this.#now() - this.#changedAt > quietMs && !all.some((one) => one.isMoving)
      onProgress(`${ready} of ${all.length} ready`)
      if (ready === all.length || isQuiet || this.#now() > deadline) return
      await sleep(LOOK_MS, undefined, { signal })
    }
  }

  /** How it went is decided before anything is deleted. */
  conclude(): void {
    for (const recorder of this.#recorders.values()) recorder.conclude()
  }

  async takeAway(): Promise<void> {
    const { client, timeoutMs, stop, onProgress } = this.#options
    const left = await takeAway({
      client,
      namespaces: this.#made,
      timeoutMs,
      signal: stop,
      onDelete: (object) => this.#recorders.get(idOf(object))?.delete(this.#now()),
      onProgress: (count) => onProgress(`${count} to go`),
    })
    // The watch may be a moment behind the lists.
    for (let tries = 50; tries > 0 && left.length === 0 && [...this.#recorders.values()].some((one) => one.isThere); tries--)
      await sleep(LOOK_MS, undefined, { signal: stop })
    if (left.length > 0)
      throw new Error(`${left.length} objects were not gone in time: ${left.map(idOf).join(', ')}; later, compare --clean takes them away`)
  }

  end(): readonly Track[] {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    return [...this.#recorders.values()].map((one) => one.track())
  }
}

/** Targets before who needs them, so that recorders know each other; a circle is taken as it comes. */
function inOrder({ objects }: Plan): Plan['objects'] {
  const byId = new Map(objects.map((one) => [idOf(one.object), one]))
  const ordered = new Set<Plan['objects'][number]>()
  const seen = new Set<string>()
  const visit = (one: Plan['objects'][number]) => {
    const id = idOf(one.object)
    if (seen.has(id)) return
    seen.add(id)
    for (const need of one.needs) {
      const target = byId.get(need)
      if (target !== undefined) visit(target)
    }
    ordered.add(one)
  }
  for (const one of objects) visit(one)
  return [...ordered]
}

function refusalOf(error: ApiError): Pick<Trouble, 'reason' | 'message'> {
  return { reason: error.reason, message: error.explanation === '' ? error.message : error.explanation }
}

/** Why a comparison cannot be made in these namespaces: somebody else's, or left by one before; undefined when they are free. */
export async function objectionTo(
  { namespaces }: Plan,
  { client, cache, region }: Pick<TrialOptions, 'client' | 'cache' | 'region'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const { metadata } of namespaces) {
    const found = await client.get<Resource>(KUBERNETES.Namespace, undefined, metadata.name, signal).catch(ifNotFound)
    if (found?.metadata.labels?.[COMPARED_LABEL] !== undefined)
      return `namespace ${metadata.name} is of a comparison that is still running, or was kept or cut off: compare --clean --regions ${region.name} takes it away`
    if (found !== undefined)
      return `namespace ${metadata.name} is there already and is no comparison's: it is left alone; take it away, or name the tenant otherwise`
    const { [TENANT_LABEL]: tenant = '' } = metadata.labels
    const other = cache.namespaceOf({ tenant })
    if (other !== undefined) return `namespace ${other} stands for tenant ${tenant} already, and is no comparison's: it is left alone`
  }
  return undefined
}
