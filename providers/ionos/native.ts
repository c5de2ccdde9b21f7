/** An object as the API shows it, with its id made whole, its properties at hand and what other calls tell beside it. */
export interface Native {
  /** With the ids of what it is in: `<data center>/<server>/<nic>`. */
  readonly id: string
  readonly state: string
  readonly properties: Readonly<Record<string, unknown>>
  readonly entities: Readonly<Record<string, readonly Native[]>>
  /** Absent: it has none. */
  readonly labels?: Readonly<Record<string, string>>
  /** Of a NIC: the one in a public LAN that belongs to it. */
  readonly companion?: Native
  readonly [property: string]: unknown
}

/** An element of an answer. */
export interface Element {
  readonly id: string
  readonly metadata?: { readonly state?: string }
  readonly properties?: Readonly<Record<string, unknown>>
  readonly entities?: Readonly<Record<string, { readonly items?: readonly Element[] }>>
}

/** Collections, and where they are: below the object that their elements live in. */
const ROOTS: Readonly<Record<string, string>> = {
  datacenters: '',
  ipblocks: '',
  snapshots: '',
  servers: 'datacenters',
  volumes: 'datacenters',
  lans: 'datacenters',
  securitygroups: 'datacenters',
  nics: 'servers',
  rules: 'securitygroups',
}

/** LANs are two kinds of ours: those of gateways are public. */
export const collectionOf = (type: string): string => (type === 'gateways' ? 'lans' : type)

/** Path of an object by its whole id. */
export function pathOf(type: string, id: string): string {
  const collection = collectionOf(type)
  const cut = id.lastIndexOf('/')
  const root = ROOTS[collection] ?? ''
  const above = root === '' || cut < 0 ? '' : pathOf(root, id.slice(0, cut))
  return `${above}/${collection}/${encodeURIComponent(id.slice(cut + 1))}`
}

/** Path of the objects of a type in `parent`. */
export function pathIn(type: string, parent: string | undefined): string {
  const root = ROOTS[collectionOf(type)] ?? ''
  return root === '' ? `/${collectionOf(type)}` : `${pathOf(root, parent ?? '')}/${collectionOf(type)}`
}

/** Whether objects of a type live in others. */
export const hasParent = (type: string): boolean => (ROOTS[collectionOf(type)] ?? '') !== ''

export const parentOf = (id: string): string | undefined => (id.includes('/') ? id.slice(0, id.lastIndexOf('/')) : undefined)
export const lastOf = (id: string): string => id.slice(id.lastIndexOf('/') + 1)

/** What lies in objects of a type, and is an object in its own right somewhere else. */
const ELSEWHERE: ReadonlySet<string> = new Set(['volumes', 'securitygroups'])

export function nativeOf(type: string, parent: string | undefined, element: Element): Native {
  const id = parent === undefined ? element.id : `${parent}/${element.id}`
  const dc = id.split('/')[0]
  const entities = Object.entries(element.entities ?? {}).map(([name, { items = [] }]) => [
    name,
    items.map((one) => nativeOf(name, ELSEWHERE.has(name) && type !== 'datacenters' ? dc : id, one)),
  ])
  const { properties = {} } = element
  return {
    ...properties,
    id,
    state: element.metadata?.state ?? '',
    properties,
    entities: Object.fromEntries(entities) as Native['entities'],
  }
}

export const textOf = ({ properties }: Native, key: string): string => (typeof properties[key] === 'string' ? properties[key] : '')
export const textsOf = ({ properties }: Native, key: string): readonly string[] =>
  Array.isArray(properties[key]) ? (properties[key] as readonly string[]) : []
