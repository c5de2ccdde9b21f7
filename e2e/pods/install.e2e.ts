import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Agent } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONTROLLERS_LEASE } from '../../src/kinds/names.ts'
import { CHART } from '../support/helm.ts'
import { eventually } from '../support/harness.ts'
import { buildForTests } from '../support/image.ts'
import { conditionOf, type Found, type Site, startSite } from '../support/installation.ts'
import { OPERATOR_NAMESPACE as NAMESPACE } from '../support/names.ts'
import { lacking } from '../support/node.ts'
import { startLoad } from './load.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const EXAMPLE = join(import.meta.dirname, '../../examples/acme')

describe.skipIf(lacking !== undefined)('installed by Helm, in pods', () => {
  let site: Site
  let node: Site['node']
  let cloud: Site['cloud']
  let values: string
  beforeAll(async () => {
    site = await startSite()
    ;({ node, cloud } = site)
    const built = await buildForTests(join(node.dataDir, 'image'))
    await node.importImage(built.files.archive)
    values = site.file(site.values())
  })
  afterAll(() => site?.remove())

  const install = (...args: string[]) =>
    site.helm('upgrade', '--install', 'seca', CHART, '--values', values, '--wait', '--timeout', '3m', ...args)
  const read: Site['read'] = (...args) => site.read(...args)
  const all: Site['all'] = (...args) => site.all(...args)
  const exampleIsReady = () =>
    node.kubectl(['wait', 'seca', '--all', '--namespace', 'seca-acme--prod', '--for=condition=Ready', '--timeout=120s'])

  it('with its defaults, and what the values declare is there', async () => {
    await install()
    await eventually(async () => expect(conditionOf(await read<Found>('region', 'eu-1'), 'Ready')).toMatchObject({ status: 'True' }))
    expect((await all('instanceskus')).length).toBeGreaterThan(10)
    expect(await site.logs('controllers')).not.toMatch(/forbidden|Forbidden/)
  })

  it('the example gets ready', async () => {
    await node.kubectl(['apply', '--filename', EXAMPLE])
    await exampleIsReady()
    expect((await cloud.admin.inventory()).items.length).toBeGreaterThan(10)
  })

  it('the API answers by both doors', async () => {
    const { url, ca, token } = await site.door()
    const dispatcher = new Agent({ connect: { ca, servername: 'seca-api.seca-system.svc' } })
    const { fetch } = await import('undici')
    const answer = await fetch(`${url}/providers/seca.workspace/v1/tenants/demo/workspaces`, {
      headers: { authorization: `Bearer ${token}` },
      dispatcher,
    })
    expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ items: [] })])
    await dispatcher.close()
    const services = async () => (await all('apiservices')).filter(({ spec }) => String(spec['group']).includes('seca.'))
    await eventually(async () => {
      const found = await services()
      expect(found.length).toBeGreaterThan(8)
      for (const one of found) expect([one.metadata.name, conditionOf(one, 'Available')?.status]).toEqual([one.metadata.name, 'True'])
    })
    const path = '/apis/eu-1.seca.storage/v1/tenants/acme/workspaces/prod/block-storages'
    const list = JSON.parse(await node.kubectl(['get', '--raw', path])) as { items: unknown[] }
    expect(list.items).toHaveLength(4)
    expect(await site.logs('api')).not.toMatch(/forbidden|Forbidden/)
  })

  it('an installation at rest writes nothing', async () => {
    const state = async () =>
      (await Promise.all(['seca', 'apiservices', 'secrets', 'configmaps'].map((kind) => all(kind, '--all-namespaces'))))
        .flat()
        .map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.resourceVersion}`)
    await sleep(5_000)
    const before = await state()
    await sleep(25_000)
    expect(await state()).toEqual(before)
  })

  it('a rolling restart of the API loses no request', async () => {
    const load = startLoad(await site.door())
    await sleep(2_000)
    await node.kubectl(['rollout', 'restart', 'deployment/seca-api', '--namespace', NAMESPACE])
    await site.rollout('seca-api')
    await sleep(2_000)
    const { count, failures, stale } = await load.stop()
    console.log(`${count} requests during a rolling restart, ${failures.length} failed`)
    expect([...failures, ...stale]).toEqual([])
    expect(count).toBeGreaterThan(500)
  })

  it('who leads is replaced within 3 s when its pod goes in order, and within 20 s when it is killed', async () => {
    const holder = async () => (await read<Found>('lease', CONTROLLERS_LEASE, '--namespace', NAMESPACE)).spec['holderIdentity'] as string
    const podOf = (identity: string) => identity.slice(0, identity.lastIndexOf('-'))
    const took = async (end: (pod: string) => Promise<unknown>) => {
      const before = await holder()
      const ending = end(podOf(before))
      const start = performance.now()
      await eventually(async () => expect(await holder()).not.toBe(before), { everyMs: 50 })
      const ms = performance.now() - start
      await ending
      await site.rollout('seca-controllers')
      return ms
    }
    const planned = await took((pod) => node.kubectl(['delete', 'pod', pod, '--namespace', NAMESPACE]))
    const killed = await took(async (pod) => {
      const { metadata } = await read<{ metadata: { uid: string } }>('pod', pod, '--namespace', NAMESPACE)
      // Found by its control group: nobody in the pod is told.
      await node.run('sh', '-c', `for p in /proc/[0-9]*; do grep -qs ${metadata.uid} $p/cgroup && kill -9 \${p#/proc/}; done; true`)
    })
    console.log(`handover: ${Math.round(planned)} ms planned, ${Math.round(killed)} ms after SIGKILL`)
    expect(planned).toBeLessThan(3_000)
    expect(killed).toBeLessThan(20_000)
  })

  it('a change of values that concerns only files that are read again restarts nobody', async () => {
    const pods = async () => (await all('pods', '--namespace', NAMESPACE)).map(({ metadata }) => metadata.name).toSorted()
    // Those that were replaced before are gone.
    await eventually(async () => expect(await pods()).toHaveLength(4))
    const before = await pods()
    await install('--set', 'declared.tenants.more.administrators={somebody}')
    expect(await pods()).toEqual(before)
    await eventually(async () => expect((await all('namespaces')).map(({ metadata }) => metadata.name)).toContain('seca-more'), {
      timeoutMs: 120_000,
    })
  })

  it('an uninstall leaves resources, kinds and the cloud, and holds up no namespace; installed again, everything is found', async () => {
    const since = (await cloud.admin.stats()).lastMutation
    const before = await all('seca', '--namespace', 'seca-acme--prod')
    await site.helm('uninstall', 'seca', '--wait', '--timeout', '2m')
    expect((await all('apiservices')).filter(({ spec }) => String(spec['group']).includes('seca.'))).toEqual([])
    await node.kubectl(['create', 'namespace', 'passing'])
    await node.kubectl(['delete', 'namespace', 'passing', '--timeout=30s'])
    expect(await all('seca', '--namespace', 'seca-acme--prod')).toEqual(before)
    await install()
    await exampleIsReady()
    // Whatever it would do, it would do at its first look.
    await sleep(5_000)
    expect((await cloud.admin.mutations(since)).map(({ action, tag }) => `${action} ${tag}`)).toEqual([])
  })

  it('a trial brings a cloud of its own along', async () => {
    const first = await node.kubectl(['get', 'service', 'kubernetes', '--output', 'jsonpath={.spec.clusterIP}'])
    // No DNS runs on this node.
    const address = first.replace(/\d+$/, '77')
    await install('--set', `simulator.enabled=true,simulator.clusterIP=${address},region=trial-1`)
    for (const [kind, name] of [
      ['cloudprovider', 'simulator'],
      ['region', 'trial-1'],
    ] as const)
      await eventually(async () => expect(conditionOf(await read<Found>(kind, name), 'Ready')).toMatchObject({ status: 'True' }), {
        timeoutMs: 120_000,
      })
    expect((await all('storageskus')).filter(({ spec }) => spec['region'] === 'trial-1').length).toBeGreaterThan(10)
  })

  it('doctor finds nothing that has to be mended, and says so of each part', async () => {
    const args = [MAIN, 'doctor', '--kubeconfig', node.kubeconfig, '--output', 'json']
    const { stdout } = await promisify(execFile)(process.execPath, args).catch((error: { stdout: string }) => error)
    const { findings } = JSON.parse(stdout) as { findings: readonly { readonly check: string; readonly verdict: string }[] }
    expect(new Set(findings.map(({ check }) => check)).size).toBeGreaterThan(10)
    expect(findings.filter(({ verdict }) => verdict === 'fail')).toEqual([])
  })
})
