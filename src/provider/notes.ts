import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Json } from './contract.ts'
import type { Notes } from './translation.ts'

/** Layout of the handle of a generic adapter. */
export interface Kept {
  /** The object that it lives in: at deletion, nothing else may tell. */
  readonly parent?: string | undefined
  /** Where the cloud has no room for notes. */
  readonly notes?: Notes
}

/** Anybody with rights on status can write the handle, so nothing in it is trusted to be there. */
export function keptOf(handle: Json | undefined): Kept {
  if (typeof handle !== 'object' || handle === null || Array.isArray(handle)) return {}
  const { parent, notes } = handle as { readonly parent?: Json; readonly notes?: Json }
  const texts = Object.entries(notes ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return { ...(typeof parent === 'string' ? { parent } : {}), ...(texts.length === 0 ? {} : { notes: Object.fromEntries(texts) }) }
}

/** What to keep; undefined = what is kept already. */
export function handleFor(before: Kept, { parent, notes }: Kept): Json | undefined {
  const after: Kept = { ...(parent === undefined ? {} : { parent }), ...(notes && Object.keys(notes).length > 0 ? { notes } : {}) }
  return isDeepStrictEqual(before, after) ? undefined : (after as Json)
}

/** Notes with what an order adds; an undefined value is left as it was. */
export function noted(notes: Notes, added: Readonly<Record<string, string | undefined>> = {}): Notes {
  const known = Object.entries(added).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return { ...notes, ...Object.fromEntries(known) }
}

/** Path of drift of the labels. */
export const LABELS_PATH = 'labels'
/** Notes of the generic adapter itself. */
export const INCARNATION_NOTE = 'incarnation'
const LABELS_NOTE = 'labels'

type Labels = Readonly<Record<string, string>>

/** Whether the labels that we put there are those that are wanted. Those of others are none of our business. */
export function hasLabels(has: Labels, wanted: Labels, notes: Notes): boolean {
  const isThere = Object.entries(wanted).every(([key, value]) => has[key] === value)
  return isThere && !leftovers(has, wanted, notes).some(Boolean)
}

/** Labels to write: ours as they are wanted, others' as they are; and the note of which are ours. */
export function labelOrder(has: Labels, wanted: Labels, notes: Notes): { labels: Labels; notes: Notes } {
  const gone = new Set(leftovers(has, wanted, notes))
  const others = Object.entries(has).filter(([key]) => !gone.has(key))
  return { labels: { ...Object.fromEntries(others), ...wanted }, notes: labelNote(wanted) }
}

/** Which labels are ours: eight characters for each key, however long it is, since there is room for 2 KiB. */
export function labelNote(wanted: Labels): Notes {
  return { [LABELS_NOTE]: Object.keys(wanted).map(short).toSorted().join(' ') }
}

/** Labels of ours that are not wanted any more. */
function leftovers(has: Labels, wanted: Labels, notes: Notes): readonly string[] {
  const ours = new Set((notes[LABELS_NOTE] ?? '').split(' '))
  return Object.keys(has).filter((key) => wanted[key] === undefined && ours.has(short(key)))
}

/** Digest of what the cloud does not show. */
export function digest(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest('base64url')
    .slice(0, 22)
}

function short(key: string): string {
  return digest(key).slice(0, 8)
}
