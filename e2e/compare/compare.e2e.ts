import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SpawnedSimulator } from '../../providers/simulator/spawn.ts'
import { COMPARED_LABEL, TENANT_LABEL } from '../../src/kinds/names.ts'
import type { RegionReport } from '../../src/processes/compare/report.ts'
import { Browser, findBrowser } from '../support/browser.ts'
import { applyManifests, eventually, kubectl, type Stack, startStack } from '../support/harness.ts'
import { Tenant } from '../support/tenant.ts'
import { addRegion } from './region.ts'
import { compareJson, runCompare } from './run.ts'

const REGIONS = '--regions=eu-1,eu-2'
const namespaces = async (selector: string) => (await kubectl(['get', 'namespaces', '-l', selector, '-o', 'name'])).trim()

describe('comparing regions', () => {
  let stack: Stack
  let other: SpawnedSimulator
  let folder: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'seca-compare-'))
    stack = await startStack({ characters: ['neat'], latencyMs: 200, flags: ['--drift-interval=3s'] })
    other = await addRegion(stack.client, { name: 'eu-2', characters: ['parts', 'lagging'], latencyMs: 400, zones: ['north', 'south'] })
  })
  afterAll(async () => {
    await stack?.stop()
    await other?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const emptied = async () => {
    expect(await namespaces(COMPARED_LABEL)).toBe('')
    expect((await stack.cloud.inventory()).items).toEqual([])
    expect((await other.admin.inventory()).items).toEqual([])
  }
  const tracksOf = ({ tracks }: RegionReport) => new Map(tracks.map((track) => [`${track.kind} ${track.name}`, track]))

  it('the same manifests get ready in each, side by side, and nothing is left of them', { timeout: 240_000 }, async () => {
    const report = await compareJson(REGIONS, 'examples/acme', `--metrics-url=${stack.healthUrl}/metrics`, `--report=${folder}/report`)
    expect([report.code, report.stderr]).toEqual([0, expect.stringContaining('wrote ')])
    const [neat, parts] = report.regions as [RegionReport, RegionReport]
    for (const { tracks, broken } of report.regions) {
      expect(broken).toBeUndefined()
      expect(tracks.map(({ kind, name, verdict }) => [kind, name, verdict])).toEqual(tracks.map(({ kind, name }) => [kind, name, 'ready']))
      expect(tracks).toHaveLength(17)
      for (const track of tracks) expect([track.readyMs, track.goneMs]).toEqual([expect.any(Number), expect.any(Number)])
    }
    // Two operations after each other take twice as long there.
    const web = [neat, parts].map((region) => tracksOf(region).get('Instance web')?.readyMs ?? 0)
    expect(web[0]).toBeGreaterThan(400)
    expect(web[1]).toBeGreaterThan(web[0]!)
    expect(neat.leftOut).toEqual([
      { object: 'Role shop-operator', why: 'no cloud has to do with it', isLack: false },
      { object: 'RoleAssignment shop-team', why: 'no cloud has to do with it', isLack: false },
    ])
    expect(parts.remarks).toContain('zone a is not there: north was taken')
    expect(report.columns.map(({ kinds }) => kinds['RouteTable']?.level)).toEqual(['own', 'nothing'])
    expect(report.calls).toEqual([expect.objectContaining({ provider: 'simulator', regions: ['eu-1', 'eu-2'] })])
    expect(report.calls[0]?.byVerb['create']).toBeGreaterThan(20)
    await emptied()
    const markdown = readFileSync(`${folder}/report.md`, 'utf8')
    expect(markdown).toContain('| Instance web |')
  })

  it('what was there before is not touched, and stands in the way with words', { timeout: 120_000 }, async () => {
    await applyManifests([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'seca-acme-compare-eu-2', labels: { [TENANT_LABEL]: 'somebody' } } },
    ])
    const { code, stderr, stdout } = await runCompare([REGIONS, 'examples/acme'])
    expect([code, stdout]).toEqual([78, ''])
    expect(stderr).toContain("namespace seca-acme-compare-eu-2 is there already and is no comparison's: it is left alone")
    expect((await runCompare(['--clean'])).stderr).toBe('no comparison left anything\n')
    expect(await namespaces(`${TENANT_LABEL}=somebody`)).toBe('namespace/seca-acme-compare-eu-2')
    await kubectl(['delete', 'namespace', 'seca-acme-compare-eu-2'])
    await emptied()
  })

  it('is interrupted: what was made goes, and the report says how far it came', { timeout: 120_000 }, async () => {
    const run = await runCompare([REGIONS, 'examples/acme', '--output=json'], (child) => {
      void eventually(async () => (await namespaces(COMPARED_LABEL)).includes('eu-2--prod')).then(() =>
        setTimeout(() => child.kill('SIGINT'), 500),
      )
    })
    expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('interrupted: what was made is taken away')])
    const { regions } = JSON.parse(run.stdout) as { regions: RegionReport[] }
    expect(regions.map(({ broken }) => broken)).toEqual(['interrupted', 'interrupted'])
    await emptied()
  })

  it('is killed, and cleaned up after', { timeout: 120_000 }, async () => {
    await runCompare([REGIONS, 'examples/acme'], (child) => {
      void eventually(async () => (await stack.cloud.inventory()).items.length > 3).finally(() => child.kill('SIGKILL'))
    })
    const again = await runCompare([REGIONS, 'examples/acme'])
    expect([again.code, again.stderr]).toEqual([78, expect.stringContaining('compare --clean --regions eu-1 takes it away')])
    expect((await runCompare(['--clean', '--regions=eu-1,eu-2'])).code).toBe(0)
    await emptied()
  })

  it('tells in the clouds’ words what does not get ready, and reads what is there', { timeout: 240_000 }, async () => {
    const tenant = await Tenant.make(stack)
    const volume = (name: string, sku: string) => tenant.of('BlockStorage', name, { sizeGB: 60, skuRef: { resource: `skus/${sku}` } })
    await tenant.apply(volume('kept', 'rd500'))
    await tenant.ready('BlockStorage', 'kept')
    const there = await compareJson('--regions=eu-1', `--tenants=${tenant.name}`)
    expect(there).toMatchObject({ code: 0, mode: 'read' })
    expect(there.regions[0]?.tracks.map(({ kind, verdict }) => [kind, verdict])).toEqual([
      ['Workspace', 'ready'],
      ['BlockStorage', 'ready'],
    ])
    expect(there.regions[0]?.tracks[1]?.readyMs).toBeGreaterThanOrEqual(200)

    writeFileSync(
      join(folder, 'wrong.json'),
      JSON.stringify({ kind: 'List', items: [volume('wrong', 'nothing'), volume('right', 'rd500')] }),
    )
    const report = await compareJson('--regions=eu-1', join(folder, 'wrong.json'))
    expect(report.code).toBe(1)
    expect(report.regions[0]?.tracks.map(({ name, verdict, troubles }) => [name, verdict, troubles])).toEqual([
      ['prod', 'ready', []],
      [
        'wrong',
        'failed',
        [{ when: 'end', reason: 'ReferenceNotFound', message: expect.stringContaining('StorageSku "nothing" does not exist') }],
      ],
      ['right', 'ready', []],
    ])
    await tenant.delete('BlockStorage', 'kept')
    await tenant.gone('BlockStorage', 'kept')
  })

  const executable = findBrowser()
  it.skipIf(executable === undefined)('the page stands alone, and fits a screen and a phone', async () => {
    const browser = await Browser.start(executable!)
    try {
      await browser.open(`file://${folder}/report.html`)
      for (const width of [1280, 390]) {
        await browser.resize(width, 900)
        expect(await browser.run<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
      }
      const rows = await browser.run<number>(`document.querySelectorAll('.timeline tbody tr').length`)
      expect(rows).toBe(34)
      expect(await browser.run(`[...document.querySelectorAll('.track')].every((one) => one.ariaLabel.includes('ready from'))`)).toBe(true)
      expect(await browser.run(`document.querySelectorAll('script, link, img').length`)).toBe(0)
      expect(browser.requests.filter((url) => !url.startsWith('file:'))).toEqual([])
      expect(browser.errors).toEqual([])
    } finally {
      browser.stop()
    }
  })
})
