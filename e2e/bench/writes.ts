import type { World } from './world.ts'
import { samplesOf } from './prometheus.ts'

/** Writes to kube-apiserver by what they did: `PATCH blockstorages`, `APPLY blockstorages/status`. */
export type Writes = ReadonlyMap<string, number>

const MUTATING: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE', 'DELETECOLLECTION'])
/** Answered, not stored. */
const REVIEWS = /reviews$|\/token$/

/** All writes that kube-apiserver has answered so far, whoever made them; its own Leases and everybody's are left out. */
export async function writesSoFar(world: World): Promise<Writes> {
  const writes = new Map<string, number>()
  for (const { labels, value } of samplesOf(await world.apiserverMetrics(), 'apiserver_request_total')) {
    const { verb = '', resource = '', subresource = '' } = labels
    const name = `${resource}${subresource === '' ? '' : `/${subresource}`}`
    if (!MUTATING.has(verb) || resource === 'leases' || REVIEWS.test(name)) continue
    const what = `${verb} ${name}`
    writes.set(what, (writes.get(what) ?? 0) + value)
  }
  return writes
}

/** What came on top of `before`. */
export function since(before: Writes, after: Writes): Writes {
  return new Map([...after].map(([what, count]) => [what, count - (before.get(what) ?? 0)] as const).filter(([, count]) => count > 0))
}

export function sum(writes: Writes, matches: (what: string) => boolean = () => true): number {
  return [...writes].filter(([what]) => matches(what)).reduce((all, [, count]) => all + count, 0)
}
