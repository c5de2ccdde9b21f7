import type { Door } from '../contract.ts'
import { REGIONAL_APIS, SURFACES, type Surface } from './surface.ts'

type Place = 'collection' | 'item' | 'action'

/** Where a path leads. */
interface Route {
  readonly surface: Surface
  readonly place: Place
  /** POST action of an `action` place. */
  readonly action?: string
}

export interface Matched {
  readonly route: Route
  /** Region that the path names; undefined for the unprefixed paths. */
  readonly region: string | undefined
  /** Values of the path's parameters, in its order. */
  readonly values: readonly string[]
}

interface Branch {
  readonly words: Map<string, Branch>
  parameter: Branch | undefined
  route: Route | undefined
}

const branch = (): Branch => ({ words: new Map(), parameter: undefined, route: undefined })

/** One tree per API, made from the registry once. */
const trees = new Map<string, Branch>()

function plant(api: string, segments: readonly string[], route: Route): void {
  let at = trees.get(api)
  if (at === undefined) trees.set(api, (at = branch()))
  for (const segment of segments) {
    if (segment.startsWith('{')) at = at.parameter ??= branch()
    else {
      const next: Branch = at.words.get(segment) ?? branch()
      at.words.set(segment, next)
      at = next
    }
  }
  at.route = route
}

for (const surface of SURFACES) {
  plant(surface.api, surface.segments, { surface, place: 'collection' })
  plant(surface.api, [...surface.segments, '{name}'], { surface, place: 'item' })
  for (const action of surface.kind.actions ?? [])
    plant(surface.api, [...surface.segments, '{name}', action], { surface, place: 'action', action })
}

/** Finds what a path means (architecture §1); undefined: nothing is there. Each door has its own base paths. */
export function matchRoute(door: Door, pathname: string): Matched | undefined {
  const segments = pathname.split('/')
  const base = door === 'direct' ? directBase(segments) : aggregatedBase(segments)
  if (base === undefined) return undefined
  let at = trees.get(base.api)
  const values: string[] = []
  for (let index = base.from; index < segments.length && at !== undefined; index++) {
    const segment = decoded(segments[index] ?? '')
    if (segment === undefined || segment === '') return undefined
    const word: Branch | undefined = at.words.get(segment)
    if (word === undefined) values.push(segment)
    at = word ?? at.parameter
  }
  if (at?.route === undefined || (base.region !== undefined && !at.route.surface.isRegional)) return undefined
  return { route: at.route, region: base.region, values }
}

interface Base {
  readonly api: string
  readonly region: string | undefined
  /** Index of the version's segment. */
  readonly from: number
}

/** `/providers/<api>/…` and `/regions/<region>/providers/<api>/…` */
function directBase(segments: readonly string[]): Base | undefined {
  const [, first, second = '', third, fourth = ''] = segments
  if (first === 'providers') return { api: second, region: undefined, from: 3 }
  return first === 'regions' && third === 'providers' ? { api: fourth, region: second, from: 5 } : undefined
}

/** `/apis/<api>/…` and `/apis/<region>.<api>/…` */
function aggregatedBase(segments: readonly string[]): Base | undefined {
  const [, first, group = ''] = segments
  if (first !== 'apis') return undefined
  if (trees.has(group)) return { api: group, region: undefined, from: 3 }
  const dot = group.indexOf('.')
  const api = group.slice(dot + 1)
  return dot > 0 && REGIONAL_APIS.has(api) ? { api, region: group.slice(0, dot), from: 3 } : undefined
}

/** `undefined` for what cannot be decoded, and for an encoded slash: no name of anything here holds one. */
function decoded(segment: string): string | undefined {
  if (!segment.includes('%')) return segment
  try {
    const text = decodeURIComponent(segment)
    return text.includes('/') ? undefined : text
  } catch {
    return undefined
  }
}
