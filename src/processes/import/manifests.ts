import { kindNamed } from '../../kinds/index.ts'
import type { Kind } from '../../kinds/kind.ts'
import { DRIFT_POLICY, EXTERNAL_ID, TENANT_LABEL, WORKSPACE_LABEL } from '../../kinds/names.ts'
import type { Json, Unmanaged } from '../../provider/contract.ts'

export interface Target {
  readonly tenant: string
  readonly workspace: string
  /** Namespaces of tenant and workspace. */
  readonly home: string
  readonly space: string
  readonly region: string
  /** Names of zones here, by what the cloud calls them. */
  readonly zones: Readonly<Record<string, string>>
  /** NetworkSku of networks: clouds tell none. */
  readonly networkSku: string
  /** Only looked at, until somebody takes the annotation away. */
  readonly isObserved: boolean
}

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec?: Readonly<Record<string, Json>>
}

/** Manifests in order of dependency, and what could not be said, or not be taken over. */
export interface Import {
  readonly manifests: readonly Manifest[]
  readonly remarks: readonly string[]
}

/** Makes manifests of what was found. What names something that cannot be taken over is left out with it, unless that is one of a list. */
export function manifestsOf(found: readonly Unmanaged[], target: Target): Import {
  const remarks = found.flatMap((one) =>
    (one.remarks ?? []).map((words) => `${title(one)}${one.isLeftOut ? ' is left out' : ''}: ${words}`),
  )
  const names = new Names(target)
  const manifests: Manifest[] = []
  for (const one of found) {
    const kind = kindNamed(one.kind)
    if (kind === undefined || one.isLeftOut) continue
    const made = manifestOf(one, kind, names, target, (words) => remarks.push(`${title(one)}: ${words}`))
    if (made !== undefined) manifests.push(made)
  }
  return { manifests: [...surroundings(target), ...manifests], remarks }
}

const title = ({ kind, name, externalId = '' }: Unmanaged) => `${kind} "${name}" (${externalId})`

/** The workspace, with its namespace, so that all of it can be applied in one go. */
function surroundings({ tenant, workspace, home, space, region }: Target): readonly Manifest[] {
  const labels = { [TENANT_LABEL]: tenant, [WORKSPACE_LABEL]: workspace }
  const { apiVersion = '' } = kindNamed('Workspace') ?? {}
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: space, labels } },
    { apiVersion, kind: 'Workspace', metadata: { name: workspace, namespace: home }, spec: { region } },
  ]
}

function manifestOf(one: Unmanaged, kind: Kind, names: Names, target: Target, remark: (words: string) => void): Manifest | undefined {
  const parent = one.parentId === undefined ? undefined : names.of(kind.parent?.kind ?? '', one.parentId)
  if (kind.parent !== undefined && parent === undefined) return void remark('is left out with what it is in')
  const spec = resolved(one.spec, names, remark)
  if (spec === undefined) return undefined
  const name = names.give(one, kind, parent)
  const annotations = {
    ...(one.externalId === undefined ? {} : { [EXTERNAL_ID]: one.externalId }),
    ...(target.isObserved && one.externalId !== undefined ? { [DRIFT_POLICY]: 'Observe' } : {}),
  }
  return {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: { name, namespace: target.space, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) },
    spec: {
      ...(kind.parent === undefined || parent === undefined ? {} : { [kind.parent.field]: parent }),
      ...spec,
      ...zoneOf(kind, spec, target),
    },
  }
}

/** A zone by its name here. */
function zoneOf({ guards }: Kind, spec: Unmanaged['spec'], { zones }: Target): Readonly<Record<string, string>> {
  const field = guards?.find(({ rule }) => rule === 'zone')?.field
  const zone = field === undefined ? undefined : spec[field]
  return field === undefined || typeof zone !== 'string' || zone === '' ? {} : { [field]: zones[zone] ?? zone }
}

/** Longest name of a kind that others are nested in. */
const LENGTH = 50

/** Names that Kubernetes takes, no two alike, and references by them. */
class Names {
  readonly #given = new Map<string, string>()
  readonly #references = new Map<string, string>()
  readonly #taken = new Set<string>()

  constructor({ networkSku }: Target) {
    this.#references.set('NetworkSku/any', `skus/${networkSku}`)
  }

  of(kind: string, id: string): string | undefined {
    return this.#given.get(`${kind}/${id}`)
  }

  reference(kind: string, id: string): string | undefined {
    return this.#references.get(`${kind}/${id}`)
  }

  give(one: Unmanaged, kind: Kind, parent: string | undefined): string {
    const plain = label(one.name) || label(kind.secaKind)
    let name = plain
    const full = () => (parent === undefined ? name : `${parent}.${name}`)
    for (let number = 2; this.#taken.has(`${kind.kind}/${full()}`); number++) name = `${plain}-${number}`
    this.#taken.add(`${kind.kind}/${full()}`)
    const id = `${kind.kind}/${one.externalId ?? one.name}`
    this.#given.set(id, name)
    const within = parent === undefined ? '' : `${kindNamed(kind.parent?.kind ?? '')?.collection ?? ''}/${parent}/`
    this.#references.set(id, `${within}${kind.collection}/${name}`)
    return full()
  }
}

/** A DNS label of any text; empty where nothing of it is left. */
export function label(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, LENGTH)
    .replace(/-+$/, '')
}

const REFERENCE = /^@([A-Za-z]+)\/(.+)$/

/** A spec with its references as they are written; undefined where one that is needed leads to what is left out. */
function resolved(spec: Unmanaged['spec'], names: Names, remark: (words: string) => void): Unmanaged['spec'] | undefined {
  try {
    return resolve(spec, names, remark) as Unmanaged['spec']
  } catch (thrown) {
    if (!(thrown instanceof Missing)) throw thrown
    return void remark(`is left out with ${thrown.message}`)
  }
}

class Missing extends Error {}

function resolve(value: Json | undefined, names: Names, remark: (words: string) => void): Json {
  if (Array.isArray(value))
    return (value as readonly Json[]).flatMap((item) => {
      try {
        return [resolve(item, names, remark)]
      } catch (thrown) {
        if (!(thrown instanceof Missing)) throw thrown
        remark(`names ${thrown.message}, which is left out`)
        return []
      }
    })
  if (typeof value === 'string') return named(value, names)
  if (typeof value !== 'object' || value === null) return value ?? null
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, resolve(field, names, remark)]))
}

function named(text: string, names: Names): string {
  const [, kind, id] = REFERENCE.exec(text) ?? []
  if (kind === undefined || id === undefined) return text
  const reference = names.reference(kind, id)
  if (reference === undefined) throw new Missing(`${kind} ${id}`)
  return reference
}
