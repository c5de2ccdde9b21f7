import { asError } from '../../errors.ts'
import type { KubeClient } from '../../kube/client.ts'
import { type Clock, uptimeClock } from '../../kube/clock.ts'
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
 * of them does any more. Where accounts were never shared that is one look. Resolves with false when `signal` came first.
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
      if (seen.object === undefined) return true
      const isFresh = seen.table === undefined || seen.table.isFresh === true
      const table = seen.table ?? FRESH
      const isLost = isFresh && clock.now() - since < leaseMs
      if (table.leader === '' && !isLost && Object.values(table.members).every(({ accounts }) => accounts.length === 0)) return true
      const ended = await Promise.all(
        Object.entries(table.members).map(async ([id, member]) => ((await peers.isOver(member, true, ask())) ? [id] : [])),
      )
      const next = closed(table, new Set(ended.flat()))
      const isNews = table.leader !== '' || seen.table === undefined || ended.flat().length > 0
      if (isNews && (await board.write(seen, next, ask())) !== undefined)
        log.info({ members: Object.keys(next.members) }, 'accounts are no longer shared')
    } catch (error) {
      if (!signal.aborted) log.warn({ err: asError(error).message }, 'whether other replicas work for accounts is not known yet')
    }
    await clock.sleep(leaseRetryMs / 2, signal)
  }
  return false
}

function closed(table: Table, ended: ReadonlySet<string>): Table {
  const isOpen = table.leader !== ''
  const members = Object.fromEntries(Object.entries(table.members).filter(([id]) => !ended.has(id)))
  return { ...table, leader: '', era: table.era + (isOpen ? 1 : 0), members, regions: {} }
}
