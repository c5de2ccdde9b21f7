import type { State } from '../../kinds/common.ts'

/** One kind as one provider has it. */
export interface Ability {
  /** `missing`: refused; `nothing`: this cloud needs none, the object is fine without. */
  readonly level: 'own' | 'part' | 'nothing' | 'missing'
  /** By spec path. */
  readonly fields: Readonly<Record<string, FieldAbility>>
  /** What a person should know. */
  readonly note?: string
}

/** `change`: at any time; `create`: when it is made, and never again; `unused`: this cloud has no use for it. */
export type FieldAbility = 'change' | 'create' | 'unused'

/** A provider, or a region's cloud as it is set up. */
export interface Column {
  readonly name: string
  /** Type of provider. */
  readonly type: string
  readonly kinds: Readonly<Record<string, Ability>>
}

/** Something that was seen of a resource: from then on it was so. Times are milliseconds since the region's first object was asked for. */
export interface Step {
  readonly atMs: number
  readonly state: State | 'asked' | 'gone'
  readonly reason?: string
  readonly message?: string
}

/**
 * How it went with one resource. `refused`: the provider says that it cannot do this; `waits`: something that it needs is not ready;
 * `failed`: nothing more will happen; `late`: not ready in the time that there was.
 */
export type Verdict = 'ready' | 'refused' | 'waits' | 'failed' | 'late'

/** One resource in one region. */
export interface Track {
  readonly kind: string
  readonly name: string
  readonly verdict: Verdict
  readonly steps: readonly Step[]
  /** From when it was asked for until it was ready. */
  readonly readyMs?: number
  /** From when its deletion was asked for until it was gone. */
  readonly goneMs?: number
  /** Words of the cloud, or of the cluster, about what did not go as it should. */
  readonly troubles: readonly Trouble[]
}

export interface Trouble {
  /** While it was made, still so at the end, or while it was deleted. */
  readonly when: 'making' | 'end' | 'deleting'
  readonly reason: string
  readonly message: string
}

export interface LeftOut {
  readonly object: string
  readonly why: string
  /** Another provider might have it: a difference, and not what no comparison is about. */
  readonly isLack: boolean
}

export interface RegionReport {
  readonly name: string
  /** Type of provider, and the CloudProvider. */
  readonly provider: string
  readonly cloudProvider: string
  readonly tracks: readonly Track[]
  readonly leftOut: readonly LeftOut[]
  /** What else is to be known: fields that count for nothing there, zones that were exchanged. */
  readonly remarks: readonly string[]
  /** Why the region was not gone through to the end. */
  readonly broken?: string
}

/** Calls of the adapters of one type of provider while the comparison ran. */
export interface Calls {
  readonly provider: string
  readonly regions: readonly string[]
  readonly total: number
  readonly byVerb: Readonly<Record<string, number>>
  /** Calls that were not answered well, by what became of them: each is made again. */
  readonly notOk: Readonly<Record<string, number>>
}

/** Everything that a comparison found, as data. */
export interface Report {
  readonly made: string
  readonly version: string
  /** `abilities`: nothing was tried; `tried`: manifests were applied; `read`: what was there already. */
  readonly mode: 'abilities' | 'tried' | 'read'
  /** Kinds in the order of tables. */
  readonly kinds: readonly string[]
  readonly columns: readonly Column[]
  readonly regions: readonly RegionReport[]
  readonly calls: readonly Calls[]
  /** Why calls are not counted, or what is in the count besides. */
  readonly aboutCalls: string
}

/** What stands at the top: one region in numbers. */
export interface Sum {
  readonly ready: number
  readonly all: number
  readonly byVerdict: Readonly<Record<Verdict, number>>
  /** Until the last one that got ready was. */
  readonly readyMs?: number
  readonly goneMs?: number
  /** For what the provider cannot do. */
  readonly leftOut: number
  readonly isWell: boolean
}

const VERDICTS: readonly Verdict[] = ['ready', 'refused', 'waits', 'failed', 'late']

/** A region in numbers. Well is one where everything got ready but what its provider says it cannot do. */
export function sumOf({ tracks, leftOut, broken }: RegionReport): Sum {
  const of = (verdict: Verdict) => tracks.filter((track) => track.verdict === verdict).length
  const byVerdict = Object.fromEntries(VERDICTS.map((verdict) => [verdict, of(verdict)])) as Record<Verdict, number>
  const ready = tracks.flatMap(({ readyMs, steps }) => (readyMs === undefined ? [] : [readyMs + (steps[0]?.atMs ?? 0)]))
  const gone = tracks.flatMap(({ goneMs }) => goneMs ?? [])
  return {
    ready: byVerdict.ready,
    all: tracks.length,
    byVerdict,
    ...(ready.length === 0 ? {} : { readyMs: Math.max(...ready) }),
    ...(gone.length === 0 ? {} : { goneMs: Math.max(...gone) }),
    leftOut: leftOut.filter(({ isLack }) => isLack).length,
    isWell: broken === undefined && byVerdict.failed + byVerdict.late === 0,
  }
}

/** 0 only if every region is well: all that it claims got ready; 1 otherwise, 2 where a region was not gone through to the end. */
export function exitCode({ regions }: Pick<Report, 'regions'>): number {
  if (regions.some(({ broken }) => broken !== undefined)) return 2
  return regions.every((region) => sumOf(region).isWell) ? 0 : 1
}
