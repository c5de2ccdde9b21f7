import * as z from 'zod'
import type { Call, Reply } from './call.ts'
import { Fault, type Faults, type Limiter, Throttle } from './faults.ts'
import type { Front } from './front.ts'
import type { Ground } from './ground.ts'
import { Refusal } from './model.ts'
import type { Moods } from './moods.ts'
import { behind } from './sight.ts'

/** The cloud, and what stands between it and its customers. */
export interface Desk<C extends Ground = Ground> {
  readonly cloud: C
  readonly front: Front
  readonly faults: Faults
  readonly limiter: Limiter
  readonly moods: Moods
  /** Requests of customers by method and type, `GET volumes`. */
  readonly requests: Map<string, number>
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<unknown>
  setTokens(tokens: readonly string[]): void
  /** Sees every call of a customer that the cloud itself answered: a test that compares them with a document. */
  readonly onReply: (call: Call, reply: Reply) => void
}

const Latency = z.strictObject({ ms: z.int().min(0), types: z.record(z.string(), z.int().min(0)).default({}) })
const Quota = z.record(z.string(), z.int().min(0).nullable())
const Tokens = z.strictObject({ tokens: z.array(z.string().min(1)) })
const Strict = z.strictObject({ strict: z.boolean() })
const Page = z.object({
  since: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(10_000).default(10_000),
})
const Create = z.looseObject({ type: z.string() })

/** The administrator's API, below `/admin`: audits and trouble. */
export function adminRoute(desk: Desk, call: Call): Reply {
  const { cloud, front, faults, limiter } = desk
  const [what = '', id] = call.path
  const done: Reply = { status: 200, body: {} }
  switch (`${call.method} ${what}${id === undefined ? '' : '/:id'}`) {
    case 'GET inventory':
      return { status: 200, body: inventory(cloud, call.query.get('prefix') ?? '') }
    case 'GET mutations': {
      const { since, limit } = Page.parse(Object.fromEntries(call.query))
      return { status: 200, body: cloud.mutations.page(since, limit) }
    }
    case 'GET stats':
      return { status: 200, body: stats(desk) }
    case 'GET sight':
      return { status: 200, body: { items: behind(cloud, (object) => front.show(object)) } }
    case 'GET character':
      return { status: 200, body: cloud.switches }
    case 'PUT character':
      cloud.switches = front.ordered(call.body)
      desk.moods.clear()
      return { status: 200, body: cloud.switches }
    case 'GET faults':
      return { status: 200, body: { items: faults.all } }
    case 'POST faults':
      return { status: 201, body: faults.add(Fault.parse(call.body)) }
    case 'DELETE faults':
      faults.clear()
      return done
    case 'PUT latency': {
      const { ms, types } = Latency.parse(call.body)
      Object.assign(cloud.conduct, { latencyMs: ms, latencyByType: types })
      return done
    }
    case 'POST finish':
      cloud.finish()
      return done
    case 'PUT quota':
      for (const [type, limit] of Object.entries(Quota.parse(call.body))) {
        if (limit === null) delete cloud.conduct.quotas[type]
        else cloud.conduct.quotas[type] = limit
      }
      return done
    case 'PUT throttle':
      limiter.set(call.body === null ? undefined : Throttle.parse(call.body))
      return done
    case 'PUT tokens':
      desk.setTokens(Tokens.parse(call.body).tokens)
      return done
    case 'PUT strict':
      cloud.conduct.strict = Strict.parse(call.body).strict
      return done
    case 'POST objects': {
      const { type, ...body } = Create.parse(call.body)
      return { status: 201, body: front.show(front.create(type, body)) }
    }
    case 'GET objects/:id':
      return { status: 200, body: front.show(cloud.find(id ?? '')) }
    case 'PATCH objects/:id':
      return { status: 200, body: front.show(front.change(id ?? '', call.body)) }
    case 'DELETE objects/:id':
      cloud.vanish(id ?? '')
      return done
    default:
      throw new Refusal(404, 'not_found', 'no such path')
  }
}

function inventory(cloud: Ground, prefix: string) {
  const items = cloud.store.types
    .flatMap((type) => Array.from(cloud.store.all(type).values()))
    .filter((object) => object.tag.startsWith(prefix))
    .map(({ id, type, tag, key, owner, name, state }) => ({ id, type, tag, key, owner, name, state }))
  const seen = new Set<string>()
  const marks = items.flatMap(({ type, tag, key }) => [tag, key].flatMap((mark) => (mark ? [{ type, mark }] : [])))
  const twice = marks.filter(({ type, mark }) => seen.size === seen.add(`${type} ${mark}`).size)
  return { items, duplicateTags: twice.map(({ mark }) => mark) }
}

function stats(desk: Desk) {
  const objects = Object.fromEntries(desk.cloud.store.types.map((type) => [type, desk.cloud.store.all(type).size]))
  return { objects, requests: Object.fromEntries(desk.requests), lastMutation: desk.cloud.mutations.lastSeq }
}
