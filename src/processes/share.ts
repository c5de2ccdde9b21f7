import type { Cache } from '../cache/cache.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import { systemClock } from '../kube/clock.ts'
import type { WorkQueue } from '../kube/queue.ts'
import type { Connections } from '../reconcile/connections.ts'
import type { Controller } from '../reconcile/controller.ts'
import type { Coverage } from '../reconcile/coverage.ts'
import type { Engine } from '../reconcile/engine.ts'
import type { Gain, Rights } from '../reconcile/shards/rights.ts'
import { scopeOfObject } from '../reconcile/shards/scope.ts'
import type { Sweeper } from '../reconcile/sweeper.ts'
import type { Turns } from '../reconcile/turns.ts'
import type { Waker } from '../reconcile/wake.ts'
import { nodeOf } from '../resolve/blockers.ts'
import { idOf } from '../resolve/graph.ts'

type Controllers = ReadonlyMap<string, Controller>

/** The parts of an engine that follow what becomes this process's to work on. */
interface Parts {
  readonly rights: Rights
  readonly cache: Cache
  readonly controllers: Controllers
  readonly engine: Engine
  readonly queue: WorkQueue
  readonly waker: Waker
  readonly sweeper: Sweeper
  readonly coverage: Coverage
  readonly connections: Pick<Connections, 'begin'>
  readonly turns: Pick<Turns, 'of'>
  readonly driftIntervalMs: number
}

/**
 * Works until `signal` on what `rights` say, where replicas share the accounts; the stores must be in sync. What has become ours is looked at,
 * all of it, as by a new leader; of what is others' now everything is forgotten.
 */
export async function shareWork(parts: Parts, workers: number, signal: AbortSignal): Promise<void> {
  const { rights, engine, queue, waker, sweeper, turns, driftIntervalMs } = parts
  const sweeps = new Set<Promise<void>>()
  queue.open()
  // Only draws: nothing is ours yet.
  waker.begin(() => true)
  rights.onLoss = () => engine.retain(rights.isOurs)
  rights.onGain = (gain) => {
    begin(parts, gain)
    const round = sweeper.round(systemClock.now() + driftIntervalMs, signal, (region) => gain.has({ region }))
    sweeps.add(round)
    void round.finally(() => sweeps.delete(round))
  }
  await Promise.all([
    engine.run(workers, signal, (id, reconcile) => rights.turn(id, (own) => turns.of(id, () => reconcile(own)))),
    sweeper.run(signal),
  ])
  rights.onGain = rights.onLoss = () => undefined
  await Promise.all(sweeps)
  queue.close()
}

/** Queues what no sweep looks at. */
function begin({ cache, controllers, queue, coverage, connections }: Parts, { accounts, has }: Gain): void {
  const scopeOf = scopeOfObject(cache, controllers)
  for (const account of accounts) connections.begin(account)
  for (const controller of controllers.values())
    for (const object of cache.all(controller.kind.kind))
      if (!coverage.takes(controller.kind, object) && has(scopeOf(controller, object)))
        queue.add(idOf(nodeOf(controller.kind, object)), { priority: 'low' })
}

/** Whether this process works on an object, also when that is gone from the stores; on one whose workspace is gone, too, the leader does. */
export function isWorker(rights: Rights, cache: Cache, controllers: Controllers): (kind: Kind, object: Resource) => boolean {
  const scopeOf = scopeOfObject(cache, controllers)
  return (kind, object) => {
    const controller = controllers.get(kind.kind)
    const scope = controller && scopeOf(controller, object)
    return scope !== undefined && rights.has(scope)
  }
}
