import { parseTag } from '../../src/provider/tags.ts'
import type { Facts, Mark, Notes, Order } from '../../src/provider/translation.ts'
import { type LabelKeys, OURS } from './label-keys.ts'
import type { Native } from './native.ts'

/** What Nova and Cinder keep with an object: texts of 255 characters by key. Ours begin with `seca.`, all others are labels. */
type Metadata = Readonly<Record<string, string>>

const TAG = 'seca.tag'
const INCARNATION = 'seca.incarnation'
const NOTE = 'seca.note.'

export const metadataOf = (object: Native): Metadata => (object['metadata'] ?? {}) as Metadata

/** Ownership, labels and notes as the metadata tell them. */
export function factsIn(object: Native, keys: LabelKeys): Pick<Facts, 'tag' | 'incarnation' | 'labels' | 'notes'> {
  const all = Object.entries(metadataOf(object))
  const metadata = metadataOf(object)
  const tag = metadata[TAG] ?? ''
  const notes = all.flatMap(([key, value]) => (key.startsWith(NOTE) ? [[key.slice(NOTE.length), value] as const] : []))
  return {
    tag: parseTag(tag) === undefined ? '' : tag,
    incarnation: metadata[INCARNATION],
    labels: Object.fromEntries(all.flatMap(([key, value]) => (key.startsWith(OURS) ? [] : [[keys.from(key), value]]))),
    notes: Object.fromEntries(notes),
  }
}

/** What an order adds. */
export function metadataFor({ mark, labels = {}, notes }: Pick<Order, 'mark' | 'labels' | 'notes'>, keys: LabelKeys): Metadata {
  const kept = Object.fromEntries(Object.entries(labels).map(([key, value]) => [keys.of(key), value]))
  return { ...kept, ...marksFor(mark), ...notesFor(notes) }
}

/** The same on top of what is there, without labels that the order does not have. */
export function metadataAfter(object: Native, order: Pick<Order, 'mark' | 'labels' | 'notes'>, keys: LabelKeys): Metadata {
  const kept = Object.entries(metadataOf(object)).filter(([key]) => order.labels === undefined || key.startsWith(OURS))
  return { ...Object.fromEntries(kept), ...metadataFor(order, keys) }
}

const marksFor = (mark: Mark | undefined): Metadata => (mark === undefined ? {} : { [TAG]: mark.tag, [INCARNATION]: mark.incarnation })

const notesFor = (notes: Partial<Notes> = {}): Metadata =>
  Object.fromEntries(Object.entries(notes).flatMap(([key, value]) => (value === undefined ? [] : [[NOTE + key, value]])))

/** Filter of Cinder's lists: the objects with this tag. */
export const byTag = (tag: string): string => JSON.stringify({ [TAG]: tag })
