import { isDeepStrictEqual } from 'node:util'
import { asError } from '../../errors.ts'
import { MEMBER_LEASES } from '../../kinds/names.ts'
import { KUBERNETES } from '../../kube/builtin.ts'
import type { KubeClient } from '../../kube/client.ts'
import { type Clock, uptimeClock } from '../../kube/clock.ts'
import { ifNotFound } from '../../kube/errors.ts'
import type { Log } from '../../observe/log.ts'
import { Board } from './board.ts'
import { Peers } from './peers.ts'
import { FRESH, type Table } from './table.ts'

export interface DisbandOptions {
  readonly client: KubeClient
  readonly namespace: string
  readonly log: Log
  readonly clock?: Clock
  readonly leaseMs: number
  readonly leaseRetryMs: number
}

const ANSWER_MS = 5_000

/**
 * For a leader that works for all accounts by itself, before it begins: closes the table by which others may still work, and waits until none
 * of them does any more. Where accounts were never shared, or are not any more, that is one look. Resolves with false when `signal` came first.
 */
export async function disband(options: DisbandOptions, signal: AbortSignal): Promise<boolean> {
  const { client, namespace, log, leaseMs, leaseRetryMs, clock = uptimeClock } = options
  const board = new Board(client, namespace)
  const peers = new Peers({ client, namespace, leaseMs, clock })
  const ask = () => AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
  const since = clock.now()
  while (!signal.aborted) {
    try {
      const seen = await board.read(ask())
      // Who shares has a Lease of its own before there is a table, and nobody deletes that.
      if (seen.object === undefined && (await client.get(KUBERNETES.Lease, namespace, FIRST_MEMBER, ask()).catch(ifNotFound)) === undefined)
        return true
      const ended = await peers.ended(Object.entries((seen.table ?? FRESH).members), true, (question) => question(ask()))
      const next = closed(seen.table ?? FRESH, ended, clock.now() - since >= leaseMs)
      const isClosed = isDeepStrictEqual(next, seen.table)
      if (isClosed && next.isFresh !== true && Object.values(next.members).every(({ accounts }) => accounts.length === 0)) return true
      if (!isClosed && (await board.write(seen, next, ask())) !== undefined)
        log.info({ members: Object.keys(next.members) }, 'accounts are no longer shared')
      if (!isClosed) continue
    } catch (error) {
      if (!signal.aborted) log.warn({ err: asError(error).message }, 'whether other replicas work for accounts is not known yet')
    }
    await clock.sleep(leaseRetryMs / 2, signal)
  }
  return false
}

const FIRST_MEMBER = MEMBER_LEASES[0] ?? ''

/** What nobody works by. `isOld`: those who may have worked by a lost one do so no more. */
function closed({ isFresh, ...table }: Table, ended: ReadonlySet<string>, isOld: boolean): Table {
  const era = table.era + (table.leader === '' ? 0 : 1)
  const members = Object.fromEntries(Object.entries(table.members).filter(([id]) => !ended.has(id)))
  return { ...table, leader: '', era, members, regions: {}, ...(isFresh === true && !isOld ? { isFresh } : {}) }
}
