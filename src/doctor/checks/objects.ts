import { KINDS } from '../../kinds/index.ts'
import type { Kind } from '../../kinds/kind.ts'
import { PAUSED } from '../../kinds/names.ts'
import type { Resource } from '../../kinds/resource.ts'
import { all, type Check, type Exam, isSeen, ok, type Finding, unseen, warn } from '../check.ts'
import { conditionOf, span, words } from '../conditions.ts'

type Line = Omit<Finding, 'check'>
/** Of one kind; the rest is counted. */
const SHOWN = 5

/** Why somebody has to look at an object; undefined when nobody has to. */
export function troubleOf(object: Resource, { now, olderThanMs }: Pick<Exam, 'now' | 'olderThanMs'>): Line | undefined {
  const { metadata, kind, status } = object
  const name = `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`
  const since = (time: string | undefined) => now() - Date.parse(time ?? '')
  const [ready, stalled] = [conditionOf(object, 'Ready'), conditionOf(object, 'Stalled')]
  if (metadata.annotations?.[PAUSED] === 'true') return undefined
  if (metadata.deletionTimestamp !== undefined) {
    if (since(metadata.deletionTimestamp) < olderThanMs) return undefined
    const why = words(ready)
    return warn(
      `${name} is being deleted for ${span(since(metadata.deletionTimestamp))}: ${why}`,
      'the condition names what holds it; delete that first. Never take the finalizer off: what is in the cloud would be left there',
    )
  }
  if (stalled?.status === 'True')
    return warn(`${name} goes no further by itself: ${words(stalled)}`, 'change what the condition names; it goes on by itself then')
  if ((status?.observedGeneration ?? -1) < 0) {
    if (since(metadata.creationTimestamp) < olderThanMs) return undefined
    return warn(
      `${name} was never looked at, for ${span(since(metadata.creationTimestamp))}`,
      'do the controllers run? See the line of leadership',
    )
  }
  if (ready === undefined || ready.status === 'True' || since(ready.lastTransitionTime) < olderThanMs) return undefined
  return warn(`${name} is not ready for ${span(since(ready.lastTransitionTime))}: ${words(ready)}`, 'read its conditions: kubectl describe')
}

async function linesOf(exam: Exam, kind: Kind): Promise<{ lines: readonly Line[]; count: number }> {
  const found = await all<Resource>(exam, kind.gvr)
  if (!isSeen(found)) return { lines: [unseen(`${kind.gvr.resource}.${kind.gvr.group}`, found)], count: 0 }
  const lines = found.value.map((object) => troubleOf(object, exam)).filter((line) => line !== undefined)
  const rest = lines.length - SHOWN
  const more = rest > 0 ? [warn(`${rest} more of kind ${kind.kind} are stuck`, `kubectl get ${kind.gvr.resource} -A -o wide`)] : []
  return { lines: [...lines.slice(0, SHOWN), ...more], count: found.value.length }
}

/** Objects that wait for a person. CloudProviders and Regions have checks of their own. */
export const objects: Check = {
  name: 'objects',
  about: 'no resource is stalled, or not ready or being deleted for long',
  run: async (exam) => {
    const kinds = KINDS.filter((kind) => kind.status !== undefined && kind.scope !== 'cluster')
    const results = []
    for (const kind of kinds) results.push(await linesOf(exam, kind))
    const lines = results.flatMap((result) => result.lines)
    const count = results.reduce((sum, result) => sum + result.count, 0)
    return lines.length > 0 ? lines : [ok(`none of ${count} resources is stuck`)]
  },
}
