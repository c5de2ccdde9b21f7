import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PAUSED, REQUESTED } from '../../src/kinds/names.ts'
import { expectNoLeak, expectOneCreateEach, inventoryOf, mutationsOf, namespaceGone, objectsOf as objectsIn } from '../support/audit.ts'
import { FLUX, type Flux, readyOf, startFlux } from '../support/flux.ts'
import { type Repository, startRepository } from '../support/git.ts'
import { applyManifests, eventually, kubectl, type Stack, startStack } from '../support/harness.ts'
import { everything, to } from '../support/manifest.ts'
import { objectsOf } from '../support/page.ts'
import { type Plane, startPlane } from '../support/plane.ts'
import { Tenant } from '../support/tenant.ts'
import { bring500, manyOf } from './many.ts'
import { quiet, settled } from './quiet.ts'
import { ACME, fileOf, lacking, namespacesOf, PAGE, PAGE_REPOSITORY, under, without } from './tenant.ts'

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec: Readonly<Record<string, unknown>>
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe.skipIf(lacking !== undefined)('Flux', () => {
  let plane: Plane
  let stack: Stack
  let git: Repository
  let flux: Flux
  let acme: Tenant
  let source: Manifest
  let kustomization: Manifest
  const run = (...args: readonly string[]) => kubectl(args, { kubeconfig: plane.kubeconfig })

  /** What the page is in no hurry about. */
  const HASTE = {
    'timeout: 5m': 'timeout: 40s',
    'interval: 10m': 'interval: 8s',
    'interval: 1m': 'interval: 5s',
    'retryInterval: 1m': 'retryInterval: 5s',
  }
  const ofPage = (words: string) => objectsOf<Manifest>(PAGE, words, { ...HASTE, [PAGE_REPOSITORY]: git.url })

  beforeAll(async () => {
    plane = await startPlane()
    const { kubeconfig } = plane
    // Its tests look at the cloud itself.
    stack = await startStack({ kubeconfig, characters: ['neat'], flags: ['--drift-interval=2s'] })
    git = await startRepository()
    flux = await startFlux({ kubeconfig })
    acme = new Tenant(stack, 'acme', 'prod')
    ;[source, kustomization] = ofPage('kind: GitRepository\nmetadata') as [Manifest, Manifest]
  })
  afterAll(async () => {
    await flux?.stop()
    await git?.stop()
    await stack?.stop()
    await plane?.stop()
  })

  const begin = (...manifests: readonly Manifest[]) => applyManifests(manifests, { kubeconfig: plane.kubeconfig })
  /** The page's Kustomization, of another folder of the repository. */
  const kustomizationOf = (name: string, spec: object = {}): Manifest => ({
    ...kustomization,
    metadata: { ...kustomization.metadata, name },
    spec: { ...kustomization.spec, path: `./${name}`, ...spec },
  })
  /** Commits, and has Flux fetch that; resolves with the revision. */
  const push = async (message: string, files: Parameters<Repository['commit']>[1]) => {
    const revision = await git.commit(message, files)
    await flux.reconcile('gitrepository', 'acme')
    return revision
  }
  /** The same, until all of it is healthy. */
  const deliver = async (name: string, message: string, files: Parameters<Repository['commit']>[1]) => {
    const revision = await push(message, files)
    return flux.until('kustomization', name, { ready: 'True', revision })
  }
  const end = async (...names: string[]) => void (await run('delete', 'kustomization', ...names, '-n', FLUX, '--timeout=300s'))

  it('applies a tenant from Git in one go, and waits until it is healthy', async () => {
    const revision = await git.commit('a tenant', under('acme', ACME))
    await begin(source, kustomization)
    await flux.until('kustomization', 'acme', { ready: 'True', revision }, 120_000)
    // It waited: nothing becomes ready after it said so.
    const states = (await objectsIn(stack, acme)).map(({ status }) => status?.state)
    expect(new Set(states)).toEqual(new Set(['active']))
    await expectNoLeak(stack, acme)
    await expectOneCreateEach(stack, acme)
  })

  it('finds nothing to do, however often it looks, and writes nothing', async () => {
    await settled(stack, acme)
    const changed = await quiet(stack, acme, async () => {
      for (let i = 0; i < 4; i++) {
        await flux.reconcile('kustomization', 'acme')
        await pause(6_000)
      }
    })
    expect(changed).toEqual([])
    await flux.until('kustomization', 'acme', { ready: 'True' })
    expect(await run('diff', '-f', 'examples/acme')).toBe('')
  })

  it('puts back what somebody changes in the cluster, at its interval', async () => {
    // A client of its own, no kubectl: what Git does not name is not Flux's.
    const path = ['patch', 'securitygroup', 'web', '-n', acme.space, '--type=merge', '--field-manager=ann', '-p']
    await run(...path, JSON.stringify({ spec: { rules: [] }, metadata: { labels: { more: 'here' } } }))
    await acme.until('SecurityGroup', 'web', ({ spec }) => expect(spec['rules']).toHaveLength(2))
    expect((await acme.get('SecurityGroup', 'web')).metadata.labels).toEqual(expect.objectContaining({ more: 'here' }))
    const { id } = await acme.behind('Instance', 'worker')
    await acme.delete('Instance', 'worker')
    // Where Flux met it on its way out, it waits for it as long as its timeout.
    await acme.until('Instance', 'worker', ({ status }) => status?.externalId !== id && status?.state === 'active', 90_000)
    await flux.until('kustomization', 'acme', { ready: 'True' })
    await expectNoLeak(stack, acme)
  })

  it('takes back what kubectl changes, and leaves what others do where Git says nothing', async () => {
    const power = (name: string, wanted: string) => acme.until('Instance', name, ({ status }) => status?.['powerState'] === wanted)
    const start = (...more: string[]) =>
      run('patch', 'instance', 'worker', '-n', acme.space, '--type=merge', '-p', '{"spec":{"powerState":"on"}}', ...more)
    await start('--field-manager=ann')
    await power('worker', 'on')
    await flux.reconcile('kustomization', 'acme')
    await pause(10_000)
    await power('worker', 'on')
    await run('patch', 'instance', 'worker', '-n', acme.space, '--type=merge', '--field-manager=ann', '-p', '{"spec":{"powerState":null}}')
    await power('worker', 'off')
    await start()
    await acme.until('Instance', 'worker', ({ spec }) => spec['powerState'] === undefined)
    const { status } = await power('worker', 'off')
    expect(status?.state).toBe('active')
    await flux.until('kustomization', 'acme', { ready: 'True' })
  })

  it('leaves it to the operator to put right what somebody changes in the cloud', async () => {
    await settled(stack, acme)
    const spec = async () => (await acme.get('Instance', 'web')).metadata.generation
    const before = await spec()
    const { id } = await acme.behind('Instance', 'web')
    await stack.cloud.change(id, { ssh_keys: [] })
    await eventually(async () => expect((await stack.cloud.object(id))['ssh_keys']).toHaveLength(1))
    const gone = await acme.behind('InternetGateway', 'internet')
    await stack.cloud.remove(gone.id)
    await acme.until('InternetGateway', 'internet', ({ status }) => status?.externalId !== gone.id && status?.state === 'active')
    await settled(stack, acme)
    expect(await spec()).toBe(before)
    await flux.until('kustomization', 'acme', { ready: 'True' })
  })

  it('is suspended without the operator minding', async () => {
    const suspend = (suspended: boolean) =>
      run('patch', 'kustomization', 'acme', '-n', FLUX, '--type=merge', '-p', JSON.stringify({ spec: { suspend: suspended } }))
    await suspend(true)
    await run('patch', 'securitygroup', 'web', '-n', acme.space, '--type=merge', '--field-manager=ann', '-p', '{"spec":{"rules":[]}}')
    const { id } = await acme.behind('SecurityGroup', 'web')
    await eventually(async () => expect((await stack.cloud.object(id))['rules']).toEqual([]))
    await stack.cloud.change(id, { rules: [{ direction: 'in' }] })
    await eventually(async () => expect((await stack.cloud.object(id))['rules']).toEqual([]))
    await pause(10_000)
    expect((await acme.get('SecurityGroup', 'web')).spec['rules']).toEqual([])
    await suspend(false)
    await eventually(async () => expect((await stack.cloud.object(id))['rules']).toHaveLength(2))
    await flux.until('kustomization', 'acme', { ready: 'True' })
  })

  it('pauses what Git pauses', async () => {
    const files = (paused: boolean) => {
      const text = ACME['40-security.yaml']!
      return { 'acme/40-security.yaml': paused ? text.replaceAll('metadata:\n', `metadata:\n  annotations: {${PAUSED}: "true"}\n`) : text }
    }
    const { id } = await acme.behind('SecurityGroup', 'web')
    await deliver('acme', 'leave the firewall alone', files(true))
    await acme.until('SecurityGroup', 'web', ({ status }) => status?.conditions?.some(({ reason }) => reason === 'ReconcilePaused'))
    await stack.cloud.change(id, { rules: [] })
    await pause(5_000)
    expect((await stack.cloud.object(id))['rules']).toEqual([])
    await deliver('acme', 'and look after it again', files(false))
    await eventually(async () => expect((await stack.cloud.object(id))['rules']).toHaveLength(2))
  })

  it('says at once what failed, and that it is over', async () => {
    await stack.cloud.fault({ method: 'POST', type: 'floating-ips', effect: 'answer', status: 422, times: 1_000, message: 'no such pool' })
    const address = acme.of('PublicIp', 'second', { version: 'IPv4' })
    const start = performance.now()
    await push('a second address', { 'acme/70-more.yaml': fileOf([address]) })
    const failed = await flux.until('kustomization', 'acme', { ready: 'False', reason: 'HealthCheckFailed' }, 30_000)
    process.stdout.write(`Flux: failed ${Math.round(performance.now() - start)} ms after the commit\n`)
    expect(readyOf(failed)?.message).toContain("PublicIp/seca-acme--prod/second status: 'Failed'")
    expect(readyOf(failed)?.message).toContain('failed early due to stalled resources')
    await stack.cloud.clearFaults()
    await deliver('acme', 'another try', {
      'acme/70-more.yaml': fileOf([{ ...address, metadata: { ...address.metadata, annotations: { [REQUESTED]: '1' } } }]),
    })
  })

  it('is as strict as its expressions', async () => {
    const [{ healthCheckExprs }] = ofPage('healthCheckExprs') as unknown as [{ healthCheckExprs: readonly object[] }]
    const strict = (name: string) => kustomizationOf(name, { healthCheckExprs, timeout: '5s' })
    const tenant = new Tenant(stack, 'strict')
    const volume = (annotations: Record<string, string>) => ({
      'strict/all.yaml': fileOf([
        ...namespacesOf(tenant),
        tenant.of('Workspace', tenant.workspace, { region: 'eu-1' }),
        tenant.of('BlockStorage', 'v', { sizeGB: 50, skuRef: to('skus/rd500') }, { annotations }),
      ]),
    })
    await git.commit('strictly', volume({}))
    await begin(strict('strict'))
    await flux.until('kustomization', 'strict', { ready: 'True' })
    // What differs in the cloud and is left so is ready for kstatus, but not for them.
    await deliver('strict', 'only look', volume({ 'secapi.cloud/drift': 'Observe' }))
    const { id } = await tenant.behind('BlockStorage', 'v')
    await stack.cloud.change(id, { size_gb: 10 })
    await tenant.stuck('BlockStorage', 'v', 'Synced', 'Drifted', 'sizeGB')
    await flux.reconcile('kustomization', 'strict')
    const late = await flux.until('kustomization', 'strict', { ready: 'False', reason: 'HealthCheckFailed' })
    expect(readyOf(late)?.message).toContain("BlockStorage/seca-strict--prod/v status: 'InProgress'")
    await deliver('strict', 'and correct', volume({}))
    await push('pause', volume({ [PAUSED]: 'true' }))
    await flux.until('kustomization', 'strict', { ready: 'False', reason: 'HealthCheckFailed' })
    await deliver('strict', 'go on', volume({}))
    // Refused: at once, in spite of the expressions.
    await stack.cloud.fault({ method: 'PATCH', type: 'volumes', effect: 'answer', status: 422, times: 1_000, message: 'no more room' })
    await push('more', { 'strict/all.yaml': volume({})['strict/all.yaml'].replace('"sizeGB":50', '"sizeGB":60') })
    const failed = await flux.until('kustomization', 'strict', { ready: 'False', reason: 'HealthCheckFailed' })
    expect(readyOf(failed)?.message).toContain("BlockStorage/seca-strict--prod/v status: 'Failed'")
    await stack.cloud.clearFaults()
    await end('strict')
    expect(await inventoryOf(stack, tenant)).toEqual([])
    await git.commit('no more of it', without({ 'strict/all.yaml': '' }))
  })

  it('deletes what is taken out of Git, with what stands for it in the cloud', async () => {
    const types = async () => new Set((await inventoryOf(stack, acme)).map(({ type }) => type))
    await deliver('acme', 'no second address, no instances', { 'acme/70-more.yaml': undefined, 'acme/60-instances.yaml': undefined })
    await eventually(async () => expect(await types()).not.toContain('servers'))
    await acme.gone('Instance', 'web')
    // A network with all that is in it, in one go.
    await deliver('acme', 'no network', {
      'acme/30-network.yaml': undefined,
      'acme/40-security.yaml': undefined,
      'acme/50-interfaces.yaml': undefined,
    })
    await eventually(async () => expect([...(await types())].toSorted()).toEqual(['projects', 'templates', 'volumes']))
    await acme.gone('Network', 'main')
    await expectNoLeak(stack, acme)
    await deliver('acme', 'all of it again', under('acme', ACME))
  })

  it('deletes the tenant with the Kustomization, and waits until it is gone', async () => {
    await end('acme')
    expect(await inventoryOf(stack, acme)).toEqual([])
    await namespaceGone(stack, acme.home)
    await namespaceGone(stack, acme.space)
  })

  it('does not fight over defaults that manifests leave out', async () => {
    const tenant = new Tenant(stack, 'bare')
    const objects = everything(tenant, tenant.workspace).map((manifest) => {
      if (manifest.kind === 'Image') return { ...manifest, spec: { ...manifest.spec, initializer: undefined } }
      if (manifest.kind === 'InternetGateway') return { ...manifest, spec: {} }
      if (manifest.kind !== 'Instance') return manifest
      return { ...manifest, spec: { ...manifest.spec, dataVolumes: [{ deviceRef: to('block-storages/data') }] } }
    })
    const revision = await push('a bare tenant', { 'bare/all.yaml': fileOf([...namespacesOf(tenant), ...objects]) })
    await begin(kustomizationOf('bare'))
    await flux.until('kustomization', 'bare', { ready: 'True', revision })
    await settled(stack, tenant)
    const changed = await quiet(stack, tenant, async () => {
      for (let i = 0; i < 3; i++) {
        await flux.reconcile('kustomization', 'bare')
        await pause(5_000)
      }
    })
    expect(changed).toEqual([])
    await end('bare')
    expect(await inventoryOf(stack, tenant)).toEqual([])
  })

  describe('in steps', () => {
    const STEPS = { tenant: ['00', '10', '20'], network: ['30', '40', '50'], compute: ['60'] }
    const steps = Object.fromEntries(
      Object.entries(STEPS).flatMap(([step, numbers]) =>
        Object.entries(ACME)
          .filter(([name]) => numbers.some((number) => name.startsWith(number)))
          .map(([name, text]) => [`steps/${step}/${name}`, text]),
      ),
    )
    const NAMES = Object.keys(STEPS).map((step) => `acme-${step}`)
    const creates = async (since: number) => (await mutationsOf(stack, acme, since)).filter(({ action }) => action === 'create')

    it('makes the next things when those before are healthy', async () => {
      const since = (await stack.cloud.mutations()).at(-1)?.seq ?? 0
      const revision = await push('steps', steps)
      // All at once: they wait for each other.
      await begin(...ofPage('name: acme-tenant').toReversed())
      for (const name of NAMES) await flux.until('kustomization', name, { ready: 'True', revision }, 120_000)
      const seen = (await creates(since)).map(({ type }) => type)
      expect(seen.lastIndexOf('volumes')).toBeLessThan(seen.indexOf('vpcs'))
      expect(seen.lastIndexOf('ports')).toBeLessThan(seen.indexOf('servers'))
      expect(seen).toContain('servers')
    })

    it('are deleted at once all the same, in an order that works', async () => {
      await end(...NAMES)
      await namespaceGone(stack, acme.home)
      expect(await inventoryOf(stack, acme)).toEqual([])
    })

    it('stop where something failed', async () => {
      await stack.cloud.fault({ method: 'POST', type: 'vpcs', effect: 'answer', status: 422, times: 1_000, message: 'no room' })
      await begin(...ofPage('name: acme-tenant'))
      await flux.until('kustomization', 'acme-network', { ready: 'False', reason: 'HealthCheckFailed' }, 120_000)
      await flux.until('kustomization', 'acme-compute', { ready: 'False', reason: 'DependencyNotReady' })
      expect(await acme.exists('Instance', 'web')).toBe(false)
      await stack.cloud.clearFaults()
      await end(...NAMES)
      await namespaceGone(stack, acme.home)
      expect(await inventoryOf(stack, acme)).toEqual([])
    })
  })

  it('brings 500 resources in one go', { timeout: 900_000 }, async () => {
    const tenant = new Tenant(stack, 'many')
    const revision = await push('many', { 'many/all.yaml': fileOf([...namespacesOf(tenant), ...manyOf(tenant, 500)]) })
    const found = await bring500(
      'Flux',
      { stack, tenant },
      {
        bring: async (since) => {
          await begin(kustomizationOf('many', { interval: '10m', timeout: '10m' }))
          await flux.until('kustomization', 'many', { ready: 'True', revision }, 400_000)
          return `so after ${since()} s`
        },
        take: () => end('many'),
      },
    )
    expect(found).toEqual({ objects: 501, left: [] })
  })
})
