import { type CharacterName, switchesOf } from './characters.ts'
import { openDesk, type Outcome, serveAdmin, serveCustomer } from './counter.ts'
import type { Reply } from './routes.ts'

type Body = Readonly<Record<string, unknown>> & { readonly id: string; readonly items: readonly Body[] }

/** A cloud of some characters in this process, on a clock that stands still until it is moved. For tests. */
export function rig(characters: readonly CharacterName[] = [], latencyMs = 0, stateDir?: string) {
  const clock = { now: 1_000_000 }
  const slept: number[] = []
  const sleep = async (ms: number) => {
    slept.push(ms)
    clock.now += ms
  }
  const now = () => clock.now
  const desk = openDesk({ latencyMs, switches: switchesOf(characters), now, sleep, ...(stateDir === undefined ? {} : { stateDir }) })
  const call = (method: string, path: string, body: unknown = {}) => {
    const [where = '', query = ''] = path.split('?')
    return { method, path: where.split('/'), query: new URLSearchParams(query), body }
  }
  const serve = (method: string, path: string, body?: unknown): Promise<Outcome> => serveCustomer(desk, call(method, path, body))
  /** Status and body of an answer. */
  const ask = async (method: string, path: string, body?: unknown): Promise<{ status: number; body: Body }> => {
    const outcome = await serve(method, path, body)
    if (outcome.kind !== 'reply') throw new Error(`${method} ${path}: ${outcome.kind}`)
    return outcome.reply as Reply & { body: Body }
  }
  return {
    desk,
    clock,
    slept,
    serve,
    ask,
    admin: (method: string, path: string, body?: unknown) => serveAdmin(desk, call(method, path, body)) as Reply & { body: Body },
    /** The object that an accepted creation answers. */
    make: async (path: string, body: object = {}) => {
      const answer = await ask('POST', path, body)
      if (answer.status !== 202) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
      return answer.body
    },
    get: async (path: string) => (await ask('GET', path)).body,
  }
}
