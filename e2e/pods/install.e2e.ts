import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Agent } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONTROLLERS_LEASE } from '../../src/kinds/names.ts'
import type { OutsideCloud } from '../support/cloud.ts'
import { eventually } from '../support/harness.ts'
import { lacking, type TestNode } from '../support/node.ts'
import { conditionOf, type Found } from '../support/installation.ts'
import { OPERATOR_NAMESPACE as NAMESPACE } from '../support/names.ts'
import { EXAMPLE, type Installation, prepareInstallation } from './installation.ts'
import { startLoad } from './load.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')

describe.skipIf(lacking !== undefined)('installed by Helm, in pods', () => {
  let installation: Installation
  let node: TestNode
  let cloud: OutsideCloud
  beforeAll(async () => {
    installation = await prepareInstallation()
    ;({ node, cloud } = installation)
  })
  afterAll(() => installation?.remove())

  const withHelm: Installation['helm'] = (...args) => installation.helm(...args)
  const install: Installation['install'] = (...args) => installation.install(...args)
  const read: Installation['read'] = (...args) => installation.read(...args)
  const all: Installation['all'] = (...args) => installation.all(...args)
  const exampleIsReady = () => installation.exampleIsReady()

  it('with its defaults, and what the values declare is there', async () => {
    await install()
    await eventually(async () => expect(conditionOf(await read<Found>('region', 'eu-1'), 'Ready')).toMatchObject({ status: 'True' }))
    expect((await all('instanceskus')).length).toBeGreaterThan(10)
    expect(await installation.logs('controllers')).not.toMatch(/forbidden|Forbidden/)
  })

  it('the example gets ready', async () => {
    await node.kubectl(['apply', '--filename', EXAMPLE])
    await exampleIsReady()
    expect((await cloud.admin.inventory()).items.length).toBeGreaterThan(10)
  })

  it('the API answers by both doors', async () => {
    const { base, headers, connect } = await installation.door()
    const dispatcher = new Agent({ connect })
    const { fetch } = await import('undici')
    const answer = await fetch(`${base}/tenants/demo/workspaces`, { headers, dispatcher })
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
    expect(await installation.logs('api')).not.toMatch(/forbidden|Forbidden/)
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
    const load = startLoad(await installation.door())
    await sleep(2_000)
    await node.kubectl(['rollout', 'restart', 'deployment/seca-api', '--namespace', NAMESPACE])
    await installation.rollout('seca-api')
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
      await installation.rollout('seca-controllers')
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
    const pods = () => installation.pods()
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
    await withHelm('uninstall', 'seca', '--wait', '--timeout', '2m')
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
