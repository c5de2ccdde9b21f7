import { KEPT } from '../kinds/names.ts'
import type { ObjectMeta } from '../kinds/resource.ts'

export type Strings = Readonly<Record<string, string>>

/** Labels or annotations as a SECA client sees them. */
export interface Tags {
  readonly labels: Strings
  readonly annotations: Strings
}

/** What is stored: real labels and annotations, and the value of the {@link KEPT} annotation for the rest. */
interface StoredTags extends Tags {
  readonly kept: string | undefined
}

/** Domains of Kubernetes, its tooling and this operator: keys below them are nobody's business on the SECA side. */
const RESERVED = [
  'kubernetes.io',
  'k8s.io',
  'secapi.cloud',
  'argoproj.io',
  'fluxcd.io',
  'helm.sh',
  'crossplane.io',
  'cattle.io',
  'openshift.io',
  'pulumi.com',
]

/** The key belongs to Kubernetes tooling or to us. */
export function isReserved(key: string): boolean {
  const slash = key.indexOf('/')
  if (slash < 0) return false
  const domain = key.slice(0, slash).toLowerCase()
  return RESERVED.some((reserved) => domain === reserved || domain.endsWith(`.${reserved}`))
}

const DOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/

/** Kubernetes takes it as a key of labels and annotations, and it is not reserved. */
function isStorableKey(key: string): boolean {
  const slash = key.indexOf('/')
  const [domain, name] = slash < 0 ? [undefined, key] : [key.slice(0, slash), key.slice(slash + 1)]
  return NAME.test(name) && (domain === undefined || (domain.length <= 253 && DOMAIN.test(domain))) && !isReserved(key)
}

const isStorableLabel = (key: string, value: string): boolean => isStorableKey(key) && (value === '' || NAME.test(value))

/** Splits what a client sent into what Kubernetes can hold and what is kept beside it, byte for byte (architecture §2). */
export function stored({ labels, annotations }: Tags): StoredTags {
  const fits = split(labels, isStorableLabel)
  const notes = split(annotations, (key) => isStorableKey(key))
  const kept = {
    ...(fits.rest === undefined ? {} : { labels: fits.rest }),
    ...(notes.rest === undefined ? {} : { annotations: notes.rest }),
  }
  return { labels: fits.plain, annotations: notes.plain, kept: Object.keys(kept).length === 0 ? undefined : JSON.stringify(kept) }
}

function split(tags: Strings, fits: (key: string, value: string) => boolean): { plain: Strings; rest: Strings | undefined } {
  const groups = Map.groupBy(Object.entries(tags), ([key, value]) => fits(key, value))
  const rest = groups.get(false)
  return { plain: Object.fromEntries(groups.get(true) ?? []), rest: rest && Object.fromEntries(rest) }
}

/** Labels and annotations as SECA shows them: ours and tooling's hidden, the kept ones merged in. */
export function tagsOf(metadata: Pick<ObjectMeta, 'labels' | 'annotations'>): Tags {
  const kept = keptOf(metadata.annotations?.[KEPT])
  return { labels: visible(metadata.labels, kept.labels), annotations: visible(metadata.annotations, kept.annotations) }
}

/** What an object really carries, without the reserved keys. */
export function ownTags(tags: Readonly<Record<string, string | undefined>> | undefined): Strings {
  return visible(tags, undefined)
}

const NONE: Strings = Object.freeze({})

function visible(tags: Readonly<Record<string, string | undefined>> | undefined, kept: Strings | undefined): Strings {
  if (tags === undefined && kept === undefined) return NONE
  const shown = Object.entries(tags ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined && !isReserved(entry[0]))
  // A label that somebody set later, where SECA's value could not be stored, wins.
  return Object.fromEntries([...Object.entries(kept ?? {}), ...shown])
}

/** Anybody may write the annotation, so it is not trusted to be what we wrote. */
function keptOf(text: string | undefined): { labels?: Strings; annotations?: Strings } {
  if (text === undefined) return {}
  try {
    const kept = JSON.parse(text) as { labels?: unknown; annotations?: unknown } | null
    return { labels: strings(kept?.labels), annotations: strings(kept?.annotations) }
  } catch {
    return {}
  }
}

function strings(value: unknown): Strings {
  if (typeof value !== 'object' || value === null) return NONE
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}
