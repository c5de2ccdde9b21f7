import { Dispatcher } from 'undici'
import { simulator } from '../../providers/simulator/index.ts'
import { type CharacterName, switchesOf } from '../../providers/simulator/cloud/characters.ts'
import type { Desk } from '../../providers/stand-in/admin-routes.ts'
import { openDesk } from '../../providers/simulator/cloud/counter.ts'
import { serveCustomer } from '../../providers/stand-in/counter.ts'
import { KINDS } from '../kinds/index.ts'
import type { Capability, Connection, Provider, ResourceAdapter } from '../provider/contract.ts'
import type { Gate } from './gate-testing.ts'
import type { FakeTime } from './time-testing.ts'

/** The simulated cloud in this process, on a world's time. */
export class SimulatedCloud {
  readonly desk: Desk

  constructor(time: FakeTime, latencyMs: number, characters: readonly CharacterName[] = []) {
    const sleep = (ms: number) => new Promise<void>((resolve) => time.later(ms, resolve))
    this.desk = openDesk({ latencyMs, now: () => time.now, sleep, switches: switchesOf(characters) })
  }

  /** The simulator's provider, whose requests go through a process's gate. */
  provider(gate: Gate): Provider {
    const dispatcher = new InProcess(this.desk, gate)
    const connect: (typeof simulator)['connect'] = (account) => simulator.connect({ ...account, dispatcher })
    return { ...simulator, connect } as unknown as Provider
  }

  /** Objects of all types, as they are now. */
  objects() {
    const { cloud } = this.desk
    cloud.settle()
    return cloud.store.types.flatMap((type) => [...cloud.store.all(type).values()])
  }
}

/** Connection to {@link SimulatedCloud} for undici. */
class InProcess extends Dispatcher {
  readonly #desk: Desk
  readonly #gate: Gate
  constructor(desk: Desk, gate: Gate) {
    super()
    this.#desk = desk
    this.#gate = gate
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const abort = new AbortController()
    const controller = {
      aborted: false,
      paused: false,
      reason: null as Error | null,
      abort: (reason: Error) => {
        if (controller.aborted) return
        Object.assign(controller, { aborted: true, reason })
        abort.abort(reason)
      },
      pause: () => undefined,
      resume: () => undefined,
    }
    const { pathname, searchParams: query } = new URL(options.path, 'http://cloud')
    const path = pathname.split('/').slice(2).map(decodeURIComponent)
    const body: unknown = typeof options.body === 'string' ? JSON.parse(options.body) : {}
    const what = `cloud ${options.method} ${pathname}`
    const work = () => serveCustomer(this.#desk, { method: options.method, path, query, body })
    const start = () => {
      handler.onRequestStart?.(controller, {})
      abort.signal.throwIfAborted()
    }
    this.#gate.exchange(what, abort.signal, work, start).then(
      (outcome) => {
        if (outcome.kind === 'hang') return
        if (outcome.kind === 'reset') return handler.onResponseError?.(controller, reset())
        const { status, body: answer, headers = {} } = outcome.reply
        const text = answer === undefined ? '' : JSON.stringify(answer)
        handler.onResponseStart?.(controller, status, { 'content-type': 'application/json', ...headers }, '')
        handler.onResponseData?.(controller, Buffer.from(outcome.kind === 'cut' ? text.slice(0, text.length / 2) : text))
        if (outcome.kind === 'cut') handler.onResponseError?.(controller, reset())
        else handler.onResponseEnd?.(controller, {})
      },
      (error: unknown) => handler.onResponseError?.(controller, error as Error),
    )
    return true
  }

  override close(): never {
    return Promise.resolve() as never
  }
}

/** As the network says it. */
export const reset = (): Error => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })

/** The simulator's name on a cloud of functions: adapters by kind, and how it is listed if it can be. */
export function providerOf(
  adapters: Readonly<Record<string, ResourceAdapter>>,
  capabilities: Provider['capabilities'] = Object.fromEntries(KINDS.map(({ kind }) => [kind, PLAIN])),
  sweep?: Connection['sweep'],
): Provider {
  const connection: Connection = {
    adapters,
    check: () => Promise.resolve({ account: 'fake' }),
    inventory: async function* () {},
    ...(sweep === undefined ? {} : { sweep }),
    close: () => Promise.resolve(),
  }
  return { ...simulator, capabilities, connect: () => connection } as unknown as Provider
}

/** A cloud that takes every change, at once. */
const PLAIN: Capability = { object: 'own', updates: ['spec'], create: 'idempotent', lookup: 'tag', settleMs: 0, lane: 'none' }

interface PlainObject {
  readonly id: string
  readonly tag: string
  readonly incarnation: string
  readonly spec: string
}

/** A cloud that does at once what it is told. `calls` holds `verb tag`. */
export function plainCloud() {
  const objects = new Map<string, PlainObject>()
  const calls: string[] = []
  let made = 0
  const adapter: ResourceAdapter = {
    observe({ tag, spec, externalId, mayAdopt }) {
      calls.push('observe')
      const found =
        objects.get(tag) ?? (mayAdopt ? [...objects.values()].find(({ id, tag: none }) => id === externalId && none === '') : undefined)
      if (found === undefined) return Promise.resolve(undefined)
      const drift = found.spec === JSON.stringify(spec) ? [] : ['spec']
      return Promise.resolve({ externalId: found.id, status: {}, drift })
    },
    create({ tag, incarnation, spec }) {
      calls.push('create')
      const id = `c-${++made}`
      objects.set(tag, { id, tag, incarnation, spec: JSON.stringify(spec) })
      return Promise.resolve({ externalId: id })
    },
    update({ tag, spec, incarnation }, { externalId }) {
      calls.push('update')
      for (const [key, { id }] of objects) if (id === externalId) objects.delete(key)
      objects.set(tag, { id: externalId ?? '', tag, incarnation, spec: JSON.stringify(spec) })
      return Promise.resolve()
    },
    delete({ tag }) {
      calls.push('delete')
      objects.delete(tag)
      return Promise.resolve()
    },
  }
  return { adapter, objects, calls }
}
