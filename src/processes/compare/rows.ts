import type { Column, FieldAbility, LeftOut, RegionReport, Report, Track, Trouble } from './report.ts'

/** One resource, as it fared in each region; undefined where it was left out. */
export interface ResourceRow {
  readonly kind: string
  readonly name: string
  readonly tracks: readonly (Track | undefined)[]
}

/** Every resource that was in any of the regions, by kind. */
export function resourceRows({ regions, kinds }: Pick<Report, 'regions' | 'kinds'>): readonly ResourceRow[] {
  const rows = new Map<string, ResourceRow>()
  for (const { kind, name } of regions.flatMap(({ tracks }) => tracks)) {
    const find = ({ tracks }: RegionReport) => tracks.find((track) => track.kind === kind && track.name === name)
    rows.set(`${kind} ${name}`, { kind, name, tracks: regions.map(find) })
  }
  return [...rows.values()].toSorted(
    (one, other) => kinds.indexOf(one.kind) - kinds.indexOf(other.kind) || one.name.localeCompare(other.name),
  )
}

/** One kind: the longest time that one of it took to get ready, in each region. */
export interface KindRow {
  readonly kind: string
  readonly count: number
  readonly readyMs: readonly (number | undefined)[]
}

export function kindRows(report: Pick<Report, 'regions' | 'kinds'>): readonly KindRow[] {
  return [...Map.groupBy(resourceRows(report), ({ kind }) => kind)].map(([kind, rows]) => ({
    kind,
    count: rows.length,
    readyMs: report.regions.map((_, index) => {
      const times = rows.flatMap(({ tracks }) => tracks[index]?.readyMs ?? [])
      return times.length === 0 ? undefined : Math.max(...times)
    }),
  }))
}

/** What was said of some resources of a region. */
export interface TroubleRow extends Trouble {
  readonly region: string
  readonly objects: readonly string[]
}

const ORDER: readonly Trouble['when'][] = ['end', 'making', 'deleting']

/** What did not go as it should: first what stayed so, and each thing once for all that it was said of. */
export function troubleRows({ regions }: Pick<Report, 'regions'>): readonly TroubleRow[] {
  const rows = regions.flatMap(({ name: region, tracks }) => {
    const said = tracks.flatMap(({ kind, name, troubles }) => troubles.map((one) => ({ ...one, object: `${kind} ${name}` })))
    const groups = Map.groupBy(said, ({ when, reason, message }) => `${when} ${reason} ${message}`)
    return [...groups.values()].flatMap((group) => {
      const [first] = group
      if (first === undefined) return []
      const { when, reason, message } = first
      return [{ region, when, reason, message, objects: group.map(({ object }) => object) }]
    })
  })
  return rows.toSorted((one, other) => ORDER.indexOf(one.when) - ORDER.indexOf(other.when))
}

/** What was left out, and where: everywhere is said once. */
export function leftOutRows({ regions }: Pick<Report, 'regions'>): readonly (LeftOut & { readonly region: string })[] {
  const all = regions.flatMap(({ name: region, leftOut }) => leftOut.map((one) => ({ ...one, region })))
  const groups = Map.groupBy(all, ({ object, why }) => `${object} ${why}`)
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    return first === undefined ? [] : group.length > 1 && group.length === regions.length ? [{ ...first, region: 'all' }] : group
  })
}

/** One field of a kind, as each column has it; undefined where the kind is not. */
export interface FieldRow {
  readonly path: string
  readonly abilities: readonly (FieldAbility | undefined)[]
  /** They do not all say the same. */
  readonly differs: boolean
}

export function fieldRows(kind: string, columns: readonly Column[]): readonly FieldRow[] {
  const paths = new Set(columns.flatMap(({ kinds }) => Object.keys(kinds[kind]?.fields ?? {})))
  return [...paths].map((path) => {
    const abilities = columns.map(({ kinds }) => kinds[kind]?.fields[path])
    return { path, abilities, differs: new Set(abilities).size > 1 }
  })
}

/** How much of all a column can do. */
export function coverageOf({ kinds }: Column): {
  readonly kinds: number
  readonly all: number
  readonly changeable: number
  readonly fields: number
} {
  const abilities = Object.values(kinds)
  const fields = abilities.flatMap((one) => Object.values(one.fields))
  return {
    kinds: abilities.filter(({ level }) => level !== 'missing').length,
    all: abilities.length,
    changeable: fields.filter((one) => one === 'change').length,
    fields: fields.length,
  }
}
