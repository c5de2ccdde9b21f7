import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { add, testCache } from '../cache/testing.ts'
import { createMetrics } from '../observe/metrics.ts'
import type { InventoryItem, Provider } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import { auditRegularly } from './audit-regularly.ts'

const leak: InventoryItem = { kind: 'BlockStorage', externalId: 'vol-1', tag: 'i/eu-1/seca.storage/v1/tenants/gone/block-storages/v' }

interface Case {
  /** What the cloud shows, look by look; undefined: it cannot be read. */
  readonly shows: readonly (readonly InventoryItem[] | undefined)[]
  readonly intervalMs?: number
  readonly isWhole?: boolean
  /** There is an account besides that nobody can read. */
  readonly isOtherBroken?: boolean
}

/** Runs audits until the cloud has shown everything, and answers what was told before each wait. */
async function run({ shows, intervalMs = 1_000, isWhole = true, isOtherBroken = false }: Case) {
  const cache = testCache()
  add(cache, 'CloudProvider', undefined, 'sim', { type: 'stub', credentialsSecretRef: { name: 'main' } })
  if (isOtherBroken) add(cache, 'CloudProvider', undefined, 'other', { type: 'broken', credentialsSecretRef: { name: 'other' } })
  const metrics = createMetrics()
  const stop = new AbortController()
  let looks = 0
  const connection = {
    adapters: {},
    check: () => Promise.resolve({ account: 'a' }),
    async *inventory() {
      await Promise.resolve()
      const shown = shows[looks++]
      if (shown === undefined) throw new ProviderError('rejected', 'no list')
      yield* shown
    },
    close: () => Promise.resolve(),
  }
  const settings = z.object({})
  const provider: Provider = { type: 'stub', capabilities: {}, settings, credentials: settings, connect: () => connection }
  const check = () => Promise.reject(new ProviderError('rejected', 'no answer'))
  const broken: Provider = { ...provider, type: 'broken', connect: () => ({ ...connection, check }) }
  const waits: number[] = []
  const told: (readonly [string, number])[][] = []
  const warnings: string[] = []
  await auditRegularly(
    {
      config: { auditIntervalMs: intervalMs, callTimeoutMs: 60, operatorNamespace: 'ops' },
      client: { get: () => Promise.resolve({ metadata: { resourceVersion: '1' } }) } as never,
      cache,
      installation: 'i',
      metrics,
      log: { warn: (_: object, text: string) => void warnings.push(text) } as never,
      isWhole: () => isWhole,
      providers: [provider, broken],
      clock: {
        now: () => 0,
        async sleep(ms) {
          waits.push(ms)
          told.push(
            (await metrics.auditObjects.get()).values.map(({ labels, value }) => [`${labels.finding} ${labels.kind}`, value] as const),
          )
          if (looks >= shows.length || waits.length > 9) stop.abort()
        },
      },
    },
    stop.signal,
  )
  return { waits, told, warnings, looks, left: (await metrics.auditObjects.get()).values }
}

describe('the regular audit of a leader', () => {
  it('tells what it proved until the next one, and nothing once the process leads no more', async () => {
    const { waits, told, left } = await run({ shows: [[leak], [leak], []] })
    expect(waits).toEqual([100, 60, 1_000, 1_000])
    expect(told).toEqual([[], [], [['leaked BlockStorage', 1]], []])
    expect(left).toEqual([])
  })

  it('keeps what the last whole one told while an account cannot be read', async () => {
    const { told, warnings } = await run({ shows: [[leak], [leak], undefined] })
    expect(told.at(-1)).toEqual([['leaked BlockStorage', 1]])
    expect(warnings).toEqual(['the audit could not look at every account'])
  })

  it('hides nothing of the others while an account cannot be read', async () => {
    const { told } = await run({ shows: [[leak], [leak], []], isOtherBroken: true })
    expect(told.slice(2)).toEqual([[['leaked BlockStorage', 1]], [['leaked BlockStorage', 1]]])
  })

  it('looks at nothing while kinds are not installed, or where none is wanted', async () => {
    expect(await run({ shows: [[leak]], isWhole: false })).toMatchObject({ looks: 0 })
    expect(await run({ shows: [[leak]], intervalMs: 0 })).toMatchObject({ looks: 0, waits: [] })
  })
})
