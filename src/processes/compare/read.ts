import type { HistoryEntry } from '../../kinds/common.ts'
import type { Resource } from '../../kinds/resource.ts'
import type { Lookup } from '../../resolve/lookup.ts'
import { regionOf } from '../../resolve/region.ts'
import { COMPARED } from './abilities.ts'
import type { Step, Track } from './report.ts'
import { Recorder } from './track.ts'

/** What is in a region, from what its status remembers: until it was first ready, each from its own beginning. */
export function readRegion(lookup: Lookup, region: string, tenants: readonly string[]): readonly Track[] {
  return COMPARED.flatMap((kind) =>
    [...lookup.all(kind.kind)]
      .filter((object) => {
        const tenant = lookup.scopeOf(object.metadata.namespace ?? '')?.tenant
        return tenant !== undefined && (tenants.length === 0 || tenants.includes(tenant)) && regionOf(lookup, kind, object) === region
      })
      .map(trackOf)
      .toSorted((one, other) => one.name.localeCompare(other.name)),
  )
}

/** One object by its history. */
export function trackOf(object: Resource): Track {
  const { kind, metadata, status } = object
  const began = Date.parse(metadata.creationTimestamp)
  const recorder = new Recorder({ kind, name: `${metadata.namespace ?? ''}/${metadata.name}`, needs: [], isClaimed: true }, 0)
  recorder.see(object, Date.now() - began)
  recorder.conclude()
  const history = (status?.history ?? []).toReversed()
  // Of a long life the beginning is forgotten.
  const isWhole = history[0]?.state === 'pending'
  const first = history.findIndex(({ state }) => state === 'active')
  const steps = isWhole ? history.slice(0, first === -1 ? undefined : first + 1).map((entry) => stepOf(entry, began)) : []
  const { readyMs: _seen, steps: _now, ...track } = recorder.track()
  const ready = first === -1 ? undefined : steps[first]?.atMs
  return { ...track, steps: [{ atMs: 0, state: 'asked' }, ...steps], ...(ready === undefined ? {} : { readyMs: ready }) }
}

function stepOf({ state, lastTransitionAt, reason, message }: HistoryEntry, began: number): Step {
  const words = { ...(reason === undefined ? {} : { reason }), ...(message === undefined ? {} : { message }) }
  return { atMs: Math.max(0, Date.parse(lastTransitionAt) - began), state, ...words }
}
