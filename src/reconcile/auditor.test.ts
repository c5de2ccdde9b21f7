import { describe, expect, it } from 'vitest'
import { testCache } from '../cache/testing.ts'
import { KINDS } from '../kinds/index.ts'
import type { Finding, Found } from './audit.ts'
import type { Inventories } from './audit-accounts.ts'
import { audit } from './auditor.ts'

const leak = {
  kind: 'BlockStorage',
  externalId: 'vol-1',
  tag: 'i/eu-1/seca.storage/v1/tenants/gone/block-storages/v',
  account: 'a',
} as Found

/** Audits clouds that show one inventory after the other. */
async function audited(shown: readonly (readonly Found[])[], isAsked: (finding: Finding) => boolean = () => true, isPartial = false) {
  const waits: number[] = []
  let looks = 0
  const read = (): Promise<Inventories> =>
    Promise.resolve({ found: shown[looks++] ?? [], accounts: new Set(['a']), opened: new Map(), unread: [] })
  const report = await audit(
    {
      lookup: testCache({ isPartial }),
      kinds: KINDS,
      installation: 'i',
      accounts: { read, settleMs: () => 30_000 },
      roadMs: 60_000,
      isAsked,
      sleep: (ms) => Promise.resolve(void waits.push(ms)),
      onProgress: () => undefined,
    },
    new AbortController().signal,
  )
  return { waits, looks, proven: report.proven.length, inFlux: report.inFlux.length }
}

describe('an audit', () => {
  it('is done after one look where nothing differs', async () => {
    expect(await audited([[]])).toEqual({ waits: [], looks: 1, proven: 0, inFlux: 0 })
  })

  it('looks again when a call on the road would have ended and reads have caught up', async () => {
    expect(await audited([[leak], [leak]])).toEqual({ waits: [90_000], looks: 2, proven: 1, inFlux: 0 })
    expect(await audited([[leak], []])).toEqual({ waits: [90_000], looks: 2, proven: 0, inFlux: 1 })
  })

  it('tells nothing of namespaces that cannot be seen', async () => {
    expect(await audited([[leak], [leak]], () => true, true)).toEqual({ waits: [], looks: 1, proven: 0, inFlux: 0 })
  })

  it('looks again only for what was asked for', async () => {
    expect(await audited([[leak]], () => false)).toEqual({ waits: [], looks: 1, proven: 0, inFlux: 0 })
  })
})
