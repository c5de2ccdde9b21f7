import { parseTag } from '../../src/provider/tags.ts'
import type { Mutation } from '../../providers/simulator/admin.ts'
import type { Call } from './faults.ts'
import { SORTS } from './words.ts'

type Change = Pick<Mutation, 'action' | 'type' | 'id'> & { readonly tag?: string }

const POWER: Readonly<Record<string, Mutation['action']>> = { 'os-start': 'start', 'os-stop': 'stop', reboot: 'restart' }
/** Actions that make or take something else than the object they are sent to. */
const IMAGE = 'os-volume_upload_image'

const tagIn = (text: string): string | undefined => {
  const found = /"(?:description|seca\.tag|seca_tag)":\s*"([^" ]+)/.exec(text)?.[1] ?? /"\/seca_tag","value":"([^"]+)"/.exec(text)?.[1]
  return found === undefined || parseTag(found) === undefined ? undefined : found
}

/** What a request that succeeded did; undefined of reads and of what tests do not ask about (rules, interfaces). */
function changeOf({ service, method, path, body = '', answer = '' }: Call): Change | undefined {
  const parts = path.replace(/\?.*/, '').split('/').slice(2)
  // Catalogues may have the project between version and collection.
  const sort = SORTS.find((one) => one.host === service && `/${parts[0] ?? ''}` === one.path)
  if (sort === undefined) return undefined
  const [, id, below] = parts
  const tag = tagIn(body)
  const mark = tag === undefined ? {} : { tag }
  if (id === undefined) return method === 'POST' ? { action: 'create', type: sort.type, id: firstId(answer), ...mark } : undefined
  if (below === undefined) return { action: method === 'DELETE' ? 'delete' : 'change', type: sort.type, id, ...mark }
  if (below !== 'action') return undefined
  const [action = ''] = Object.keys(JSON.parse(body) as object)
  if (action === IMAGE) return { action: 'create', type: 'templates', id: /"image_id":\s*"([^"]+)"/.exec(answer)?.[1] ?? '' }
  return { action: POWER[action] ?? 'change', type: sort.type, id }
}

const firstId = (answer: string): string => {
  const [body] = Object.values(JSON.parse(answer) as Record<string, { id: string } | { id: string }[]>)
  return (Array.isArray(body) ? body[0]?.id : body?.id) ?? ''
}

/** Changes in the cloud, oldest first, from the requests that made them. */
export function changesIn(calls: readonly Call[]): readonly Mutation[] {
  const changes = calls.flatMap((call, seq) => {
    const change = call.method === 'GET' || call.status >= 300 ? undefined : changeOf(call)
    return change === undefined ? [] : [{ ...change, seq: seq + 1 }]
  })
  const tags = new Map<string, string>()
  for (const { id, tag } of changes) if (tag !== undefined) tags.set(id, tag)
  return changes.map((change) => ({ at: 0, by: 'api', ...change, tag: tags.get(change.id) ?? '' }))
}
