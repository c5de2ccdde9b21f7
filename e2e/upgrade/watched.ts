import { pino } from 'pino'
import type { Kind } from '../../src/kinds/kind.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { Reflector } from '../../src/kube/reflector.ts'
import { Store } from '../../src/kube/store.ts'
import { conditionOf, type Seen } from '../support/tenant.ts'

/** What may not change of an object that nobody changes: what its conditions say and since when, what they are about, and what it is in the cloud. */
export interface Stand {
  readonly conditions: readonly string[]
  readonly observedGeneration: unknown
  readonly externalId: unknown
}

export interface Watched {
  /** How all objects stand now, by kind and name. */
  stands(): ReadonlyMap<string, Stand>
  /** Objects that were at any time not ready, of another generation than what was looked at, or gone: one line each time. */
  readonly troubles: readonly string[]
  /** Events so far, those of the first list among them. */
  readonly events: () => number
  stop(): Promise<void>
}

/** Watches every object of some kinds from now on, but for a namespace whose objects somebody changes meanwhile; all have to be ready. */
export async function watchAll(client: KubeClient, kinds: readonly Kind[], except: string): Promise<Watched> {
  const ended = new AbortController()
  const troubles: string[] = []
  let events = 0
  const stores = kinds.map(({ kind, gvr }) => {
    const store = new Store<Seen>()
    store.onChange(({ type, object }) => {
      if (object.metadata.namespace === except) return
      events++
      const trouble = type === 'deleted' ? 'deleted' : troubleOf(object)
      if (trouble !== undefined) troubles.push(`${nameOf(kind, object)}: ${trouble}`)
    })
    return { kind, store, reflector: new Reflector({ client, gvr, store, log: pino({ level: 'silent' }) }) }
  })
  const running = Promise.all(stores.map(({ reflector }) => reflector.run(ended.signal)))
  await Promise.all(stores.map(({ reflector }) => reflector.whenSettled()))
  return {
    stands: () => {
      const all = stores.flatMap(({ kind, store }) => [...store.values()].map((object) => ({ kind, object })))
      const watched = all.filter(({ object }) => object.metadata.namespace !== except)
      return new Map(watched.map(({ kind, object }) => [nameOf(kind, object), standOf(object)]))
    },
    troubles,
    events: () => events,
    async stop() {
      ended.abort()
      await running
    },
  }
}

const nameOf = (kind: string, { metadata: { namespace = '', name } }: Seen) => `${kind} ${namespace}/${name}`

function troubleOf(object: Seen): string | undefined {
  const ready = conditionOf(object, 'Ready')
  if (ready?.status !== 'True') return `not ready: ${JSON.stringify(ready)}`
  const [is, seen] = [object.metadata.generation, object.status?.['observedGeneration']]
  return is === seen ? undefined : `generation ${is}, looked at ${JSON.stringify(seen)}`
}

const standOf = ({ status }: Seen): Stand => ({
  conditions: (status?.conditions ?? []).map((one) => `${one.type}=${one.status} ${one.reason} since ${one.lastTransitionTime}`),
  observedGeneration: status?.['observedGeneration'],
  externalId: status?.['externalId'],
})
