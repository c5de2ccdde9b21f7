import type { Desk } from './admin-routes.ts'
import type { Reply } from './call.ts'
import { type Outcome, serveAdmin, serveCustomer } from './counter.ts'

type Body = Readonly<Record<string, unknown>> & { readonly id: string; readonly items: readonly Body[] }

/** A cloud in this process, on a clock that stands still until it is moved. For tests. */
export function rigOf<D extends Desk>(open: (time: Pick<Desk, 'now' | 'sleep'>) => D) {
  const clock = { now: 1_000_000 }
  const slept: number[] = []
  const sleep = async (ms: number) => {
    slept.push(ms)
    clock.now += ms
  }
  const desk = open({ now: () => clock.now, sleep })
  const call = (method: string, path: string, body: unknown = {}) => {
    const [where = '', query = ''] = path.split('?')
    return { method, path: where.split('/'), query: new URLSearchParams(query), body }
  }
  const serve = (method: string, path: string, body?: unknown): Promise<Outcome> => serveCustomer(desk, call(method, path, body))
  /** Status and body of an answer. */
  const ask = async (method: string, path: string, body?: unknown): Promise<Reply & { body: Body }> => {
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
