import type { ControllersConfig } from '../cli/config.ts'
import type { Cache } from '../cache/cache.ts'
import type { Informers } from '../cache/informers.ts'
import type { KubeClient } from '../kube/client.ts'
import { type Clock, uptimeClock } from '../kube/clock.ts'
import type { LeaseElector } from '../kube/lease.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Claim } from '../reconcile/claim.ts'
import { accountsOf, bindingsOf, scopeOf } from '../reconcile/shards/scope.ts'
import { Shards } from '../reconcile/shards/shards.ts'
import type { Turns } from '../reconcile/turns.ts'
import { type assemble, CONTROLLERS_BY_KIND } from './assemble.ts'
import { shareWork } from './share.ts'

interface Given {
  readonly config: Pick<ControllersConfig, 'operatorNamespace' | 'leaseMs' | 'leaseRenewMs' | 'leaseRetryMs'>
  readonly client: KubeClient
  readonly cache: Cache
  readonly identity: string
  readonly elector: Pick<LeaseElector, 'holds'>
  readonly claim: Pick<Claim, 'isOurs'>
  readonly log: Log
  readonly metrics: Metrics
  readonly clock?: Clock
}

/** This process's part in sharing the accounts, by what the stores say of them. */
export function shardsOf({ config, client, cache, identity, elector, claim, log, metrics, clock = uptimeClock }: Given): Shards {
  const accounts = () => accountsOf(cache, CONTROLLERS_BY_KIND)
  const shards = new Shards({
    client,
    namespace: config.operatorNamespace,
    identity,
    leader: elector,
    isServing: () => claim.isOurs,
    scopeOf: scopeOf(cache, CONTROLLERS_BY_KIND),
    accounts,
    bindings: () => bindingsOf(cache, accounts()),
    log,
    metrics,
    clock,
    leaseMs: config.leaseMs,
    renewMs: config.leaseRenewMs,
    retryMs: config.leaseRetryMs,
  })
  metrics.tellShards({ all: () => accounts().size, held: () => shards.rights.accounts.size })
  return shards
}

interface Sharing {
  readonly config: Pick<ControllersConfig, 'workers' | 'driftIntervalMs'>
  readonly shards: Shards
  readonly parts: ReturnType<typeof assemble>
  readonly cache: Cache
  readonly informers: Pick<Informers, 'whenSynced'>
  readonly claim: Pick<Claim, 'whenOurs'>
  readonly elector: Pick<LeaseElector, 'run'>
  readonly turns: Pick<Turns, 'of'>
  /** What the leader does besides, until the signal. */
  readonly duties: (working: AbortSignal) => void
}

/** Works for the accounts that are this process's, and does the leader's part while it leads, until `signal`. */
export async function workInShards(
  { config, shards, parts, cache, informers, claim, elector, turns, duties }: Sharing,
  signal: AbortSignal,
) {
  const { rights } = shards
  const { workers, driftIntervalMs } = config
  const stops = [cache.store('Region'), cache.store('CloudProvider')].map((store) => store.onChange(() => shards.refresh()))
  const stop = new AbortController()
  const ended = AbortSignal.any([signal, stop.signal])
  const whileServing = async (term: AbortSignal, work: (working: AbortSignal) => Promise<void>) => {
    while (!term.aborted) {
      const working = await claim.whenOurs(term)
      await informers.whenSynced(working)
      if (!working.aborted) await work(working)
    }
  }
  const lead = (term: AbortSignal) =>
    whileServing(term, async (working) => {
      duties(working)
      await shards.lead(working)
    })
  const share = (working: AbortSignal) => {
    parts.abandonments.watch(working)
    const all = { ...parts, rights, cache, controllers: CONTROLLERS_BY_KIND, turns, driftIntervalMs }
    // Only who is a member sees to the table: one that finds no place among those who share must not lead them.
    return shards.run(working, async (term) => {
      await Promise.all([shareWork(all, workers, term), elector.run({ signal: term, lead })])
    })
  }
  try {
    await whileServing(ended, share)
  } finally {
    stop.abort()
    for (const end of stops) end()
  }
}
