import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SpawnedSimulator } from '../../providers/simulator/spawn.ts'
import { createProgress } from '../../src/cli/progress.ts'
import { addRegion } from '../compare/region.ts'
import { compareJson } from '../compare/run.ts'
import { OpenStackApi } from './api.ts'
import { type OpenStack, startOpenStack } from './bed/bed.ts'
import { lackingForOpenStack } from './bed/venv.ts'
import { contentsOf, populate } from './others.ts'
import { startOpenStackStack } from './stack.ts'

/** Where the reports are kept, `docs` for those of docs/compare.md; default: nowhere. */
const KEPT = process.env['SECA_COMPARE_REPORTS']

/** Two minutes: with `npm test -- --full`, or where reports are kept. */
const isAsked = KEPT !== undefined || process.env['SECA_TEST_STRIDE'] === '1'

describe.skipIf(!isAsked || (await lackingForOpenStack()) !== undefined)('comparing OpenStack with simulated clouds', () => {
  let cloud: OpenStack
  let stack: Awaited<ReturnType<typeof startOpenStackStack>>
  const others: SpawnedSimulator[] = []
  let folder: string

  beforeAll(async () => {
    folder = KEPT ?? mkdtempSync(join(tmpdir(), 'seca-compare-'))
    cloud = await startOpenStack({ progress: createProgress(process.stdout) })
    await populate(new OpenStackApi(cloud.demo))
    stack = await startOpenStackStack({ region: cloud.region, user: cloud.demo })
    others.push(
      await addRegion(stack.client, { name: 'eu-2', characters: ['neat'], latencyMs: 1_000, zones: ['a', 'b'] }),
      await addRegion(stack.client, { name: 'eu-3', characters: ['parts', 'serial'], latencyMs: 1_500, zones: ['north'] }),
    )
  }, 600_000)
  afterAll(async () => {
    await stack?.stop()
    for (const one of others) await one.stop()
    await cloud?.stop()
    if (KEPT === undefined) rmSync(folder, { recursive: true, force: true })
  })

  it('a tenant gets ready in all of them, and what others have stays as it was', { timeout: 400_000 }, async () => {
    const api = new OpenStackApi(cloud.demo)
    const before = await contentsOf(api)
    const flags = ['--regions=eu-1,eu-2,eu-3', 'examples/acme', `--metrics-url=${stack.healthUrl}/metrics`]
    const report = await compareJson(...flags, `--report=${join(folder, 'compare-sample')}`)
    expect(report.regions.flatMap(({ name, tracks }) => tracks.flatMap((one) => (one.verdict === 'ready' ? [] : [[name, one]])))).toEqual(
      [],
    )
    expect(report.code).toBe(0)
    expect(report.regions.map(({ provider }) => provider)).toEqual(['openstack', 'simulator', 'simulator'])
    expect(report.calls.map(({ provider, regions }) => [provider, regions])).toEqual([
      ['openstack', ['eu-1']],
      ['simulator', ['eu-2', 'eu-3']],
    ])
    expect(await contentsOf(api)).toEqual(before)
    for (const one of others) expect((await one.admin.inventory()).items).toEqual([])
  })
})
