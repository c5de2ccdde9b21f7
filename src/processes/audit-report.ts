import type { Finding } from '../reconcile/audit.ts'
import type { AuditReport } from '../reconcile/auditor.ts'
import type { Deed } from './audit-act.ts'

/** A finding as programs read it: nothing of an adapter's own, and no credentials. */
export interface Row {
  readonly finding: string
  readonly kind: string
  readonly resource: string | undefined
  readonly externalId: string | undefined
  readonly cloudProvider: string | undefined
  readonly account: string
  readonly tag: string
  readonly message: string
  readonly action?: string
}

const rowOf =
  (deeds: readonly Deed[]) =>
  (one: Finding): Row => {
    const { finding, kind, tag, account, message, found, expected } = one
    const deed = deeds.find((each) => each.finding === one)
    return {
      finding,
      kind,
      resource: expected?.object,
      externalId: found?.externalId ?? expected?.externalId,
      cloudProvider: found?.cloudProvider,
      account,
      tag,
      message,
      ...(deed === undefined ? {} : { action: deed.message === undefined ? deed.action : `${deed.action}: ${deed.message}` }),
    }
  }

/** One JSON document. */
export function asJson({ proven, inFlux, unread }: AuditReport, deeds: readonly Deed[]): string {
  const counts = Object.fromEntries([...Map.groupBy(proven, ({ finding }) => finding)].map(([finding, all]) => [finding, all.length]))
  const row = rowOf(deeds)
  return `${JSON.stringify({ counts, findings: proven.map(row), inFlux: inFlux.map(row), unread }, undefined, 2)}\n`
}

/** Columns for people, and what is to be known besides. */
export function asTable({ proven, inFlux, unread }: AuditReport, deeds: readonly Deed[]): string {
  const rows = proven.map(rowOf(deeds))
  const head = ['FINDING', 'KIND', 'ID', 'ACCOUNT', 'TAG', 'WHAT']
  const cells = rows.map((row) => [
    row.finding,
    row.kind,
    row.externalId ?? '-',
    row.account,
    row.tag,
    [row.message, row.action].filter(Boolean).join('; '),
  ])
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((line) => (line[column] ?? '').length)))
  const lines = [head, ...cells].map((line) =>
    line
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return [
    ...(proven.length === 0 ? ['nothing is leaked, missing, double or abandoned, as far as was looked'] : lines),
    ...(inFlux.length === 0 ? [] : [`${inFlux.length} in flux: under way or changed during the audit; look again later`]),
    ...unread.map(({ cloudProvider, secret, message }) => `not looked at: CloudProvider "${cloudProvider}", Secret ${secret}: ${message}`),
    '',
  ].join('\n')
}
