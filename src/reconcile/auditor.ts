import type { Kind } from '../kinds/kind.ts'
import type { Lookup } from '../resolve/lookup.ts'
import { compare, type Finding, prove, type Verdict } from './audit.ts'
import type { AuditAccounts, Inventories } from './audit-accounts.ts'
import { expectedOf } from './audit-cluster.ts'
import { placeOf } from './audit-objection.ts'

export interface AuditorOptions {
  readonly lookup: Lookup
  readonly kinds: readonly Kind[]
  readonly installation: string
  readonly accounts: Pick<AuditAccounts, 'read' | 'settleMs'>
  /** The longest time that a call can be on the road. */
  readonly roadMs: number
  /** Findings that are not asked for are left out. */
  readonly isAsked: (finding: Finding) => boolean
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  readonly onProgress: (text: string) => void
}

export interface AuditReport extends Verdict {
  readonly unread: Inventories['unread']
}

/** Compares cluster and clouds: twice where they differ, with the time between in which whatever was under way would have ended. */
export async function audit(options: AuditorOptions, signal: AbortSignal): Promise<AuditReport> {
  const { accounts, roadMs, sleep, onProgress } = options
  const first = await look(options, signal)
  if (first.findings.length === 0) return { proven: [], inFlux: [], unread: first.unread }
  const waitMs = roadMs + accounts.settleMs()
  onProgress(`${first.findings.length} differences; looking again in ${Math.ceil(waitMs / 1000)} s`)
  await sleep(waitMs, signal)
  const second = await look(options, signal)
  return { ...prove(first.findings, second.findings), unread: second.unread }
}

// The clouds before the cluster: what is made meanwhile is not taken for a leak.
async function look({ lookup, kinds, installation, accounts, isAsked }: AuditorOptions, signal: AbortSignal) {
  const { unread, ...read } = await accounts.read(signal)
  const expected = expectedOf(lookup, kinds, installation, read.opened)
  const findings = compare({ installation, expected, found: read.found, accounts: read.accounts })
  // What is in the cloud for a namespace that cannot be seen is nobody's as far as we can tell, and is not told.
  const isSeen = ({ kind, tag, expected: resource }: Finding) => {
    const definition = lookup.kindNamed(kind)
    return (
      lookup.isPartial !== true || resource !== undefined || (definition !== undefined && placeOf(lookup, definition, tag) !== undefined)
    )
  }
  return { findings: findings.filter((one) => isSeen(one) && isAsked(one)), unread }
}
