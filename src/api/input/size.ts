import { KEPT } from '../../kinds/names.ts'
import type { Issue } from '../../schema/validate.ts'
import { inBody, Refusal } from '../problem.ts'
import { stored, type Tags } from '../../resolve/labels.ts'

/** Keys and list items of a spec that is a free map: each key is a managed field, and costs kube-apiserver 30 µs at every write. */
export const MAX_FREE_VALUES = 2_000
/** Kubernetes' limit of all annotations together (TotalAnnotationSizeLimitB). */
const MAX_ANNOTATIONS = 262_144

/** A free spec with more values than {@link MAX_FREE_VALUES}, at the field that goes over. */
export function freeSizeIssues(spec: unknown): Issue[] {
  let values = 0
  const count = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const inner: unknown[] = Object.values(value)
    values += inner.length
    if (values <= MAX_FREE_VALUES) inner.forEach(count)
  }
  for (const [field, value] of typeof spec === 'object' && spec !== null ? Object.entries(spec) : []) {
    values++
    count(value)
    if (values > MAX_FREE_VALUES)
      return [
        {
          pointer: `/spec/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`,
          message: `with it, the spec holds more than ${MAX_FREE_VALUES} keys and list items`,
        },
      ]
  }
  return []
}

const bytesOf = (tags: Readonly<Record<string, string>>): number =>
  Object.entries(tags).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)

/** Annotations, and labels that are kept as one, that are larger than Kubernetes takes; at those that take more of it. */
export function annotationIssues(tags: Tags): Issue[] {
  const { labels, annotations, kept = '' } = stored(tags)
  const total = bytesOf(annotations) + (kept === '' ? 0 : KEPT.length + Buffer.byteLength(kept))
  if (total <= MAX_ANNOTATIONS) return []
  const keptLabels = bytesOf(tags.labels) - bytesOf(labels)
  const isLabels = keptLabels > bytesOf(tags.annotations)
  return [
    {
      pointer: isLabels ? '/labels' : '/annotations',
      message: `takes ${total} bytes beside the object, where ${MAX_ANNOTATIONS} fit${isLabels ? ' (labels with keys or values that Kubernetes does not take are kept as text)' : ''}`,
    },
  ]
}

/** etcd's limit of a request (--max-request-bytes). */
const MAX_STORED = 1_572_864
/** Go writes <, > and & as six characters, and U+2028 and U+2029 (three bytes); so does kube-apiserver into etcd. */
const ESCAPED = 6

function storedBytes(value: unknown): number {
  const text = JSON.stringify(value)
  let bytes = Buffer.byteLength(text)
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x3c || code === 0x3e || code === 0x26) bytes += ESCAPED - 1
    else if (code === 0x2028 || code === 0x2029) bytes += ESCAPED - 3
  }
  return bytes
}

/** Refuses (413) what etcd cannot hold, at the part that is largest; kube-apiserver would work on it for a while to find out. */
export function checkStored(parts: Readonly<Record<'spec' | 'labels' | 'annotations' | 'extensions', unknown>>): void {
  const sizes = Object.entries(parts).map(([field, value]) => ({ field, bytes: storedBytes(value) }))
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0)
  if (total <= MAX_STORED) return
  const { field } = sizes.reduce((most, other) => (other.bytes > most.bytes ? other : most))
  throw new Refusal(
    'TooLarge',
    `the resource takes ${total} bytes in the cluster, where ${MAX_STORED} fit (<, > and & take ${ESCAPED} each); shorten ${field}`,
    {
      sources: [inBody(`/${field}`)],
    },
  )
}
