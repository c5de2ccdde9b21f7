/** What a provider is able to do with a kind, as data: the engine obeys it, the test kit reads it, and the docs print it (architecture §5). */
export interface Capability {
  /** What usually stands behind an object: a cloud object of its own, a part of another one, or nothing. `part` in an answer decides. */
  readonly object: 'own' | 'part' | 'none'
  /** Spec paths that `update` can change; `[]` = create and delete only. */
  readonly updates: readonly string[]
  /** Spec paths whose change needs a new cloud object: told, and never done silently. */
  readonly replaces?: readonly string[]
  /** Spec paths that the cloud takes and does not show. */
  readonly hidden?: readonly string[]
  /** Spec paths that this cloud has no use for. */
  readonly ignores?: readonly string[]
  /**
   * Reference paths beyond the kind's own references that the adapter looks at, `primaryNicRef.subnetRef.routeTableRef`; `holders` = what refers
   * to the object, `holders.subnetRef` what those refer to in turn. Wakes follow the same paths.
   */
  readonly reads?: readonly string[]
  /** `idempotent`: the cloud takes the incarnation as client token, so that creating again answers the same object. */
  readonly create: 'idempotent' | 'plain'
  /** What finds the object again when its id is not known. */
  readonly lookup: 'tag' | 'key' | 'name'
  /** How long reads may lag behind writes, in milliseconds. */
  readonly settleMs: number
  /** Writes that the cloud does one after the other anyway are sent one at a time. */
  readonly lane: 'none' | 'workspace' | 'account'
  /** Anything a user should know, in a few words. */
  readonly note?: string
}

const HOLDERS = 'holders'

/** What `reads` of a kind name, whoever provides it: paths of targets, whether holders are looked at, and what of those. */
export function readsOf(capabilities: Iterable<Pick<Capability, 'reads'> | undefined>) {
  const paths = [...new Set([...capabilities].flatMap((one) => one?.reads ?? []))]
  const below = paths.filter((path) => path.startsWith(`${HOLDERS}.`)).map((path) => path.slice(HOLDERS.length + 1))
  return {
    targets: paths.filter((path) => path !== HOLDERS && !path.startsWith(`${HOLDERS}.`)),
    hasHolders: below.length > 0 || paths.includes(HOLDERS),
    ofHolders: below,
  }
}

/** How a path of drift may be dealt with: `update`, `replace`, or not at all. */
type Remedy = 'update' | 'replace' | 'none'

/** What the capability says about a spec path: `dataVolumes[2].deviceRef` is covered by `dataVolumes`. */
export function remedyOf(capability: Capability, path: string): Remedy {
  if (ALWAYS.includes(path) || capability.updates.some((one) => covers(one, path))) return 'update'
  return capability.replaces?.some((one) => covers(one, path)) === true ? 'replace' : 'none'
}

/** Pseudo path of drift: an object that is being adopted does not carry our tag yet. */
export const TAG_PATH = 'tag'
const ALWAYS: readonly string[] = [TAG_PATH]

/** Whether a path is another one, or lies below it. */
export function covers(path: string, other: string): boolean {
  return other === path || (other.startsWith(path) && /^[.[]/.test(other.slice(path.length)))
}
