import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PAUSED, REQUESTED, RESTART_REQUESTED } from '../../src/kinds/names.ts'
import { act, type Application, ARGOCD, type ArgoCd, startArgoCd } from '../support/argocd.ts'
import { expectNoLeak, expectOneCreateEach, inventoryOf, mutationsOf, namespaceGone } from '../support/audit.ts'
import { type Repository, startRepository } from '../support/git.ts'
import { applyManifests, eventually, kubectl, type Stack, startStack } from '../support/harness.ts'
import { everything, to } from '../support/manifest.ts'
import { objectsOf } from '../support/page.ts'
import { type Plane, startPlane } from '../support/plane.ts'
import { Tenant } from '../support/tenant.ts'
import { bring500, manyOf } from './many.ts'
import { quiet, settled } from './quiet.ts'
import { ACME, fileOf, lacking, manifestsOf, namespacesOf, PAGE, PAGE_REPOSITORY, under, without } from './tenant.ts'

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly annotations?: object }
  readonly spec: { readonly source: { readonly path: string }; readonly syncPolicy: { readonly syncOptions?: readonly string[] } }
}

describe.skipIf(lacking !== undefined)('Argo CD', () => {
  let plane: Plane
  let stack: Stack
  let git: Repository
  let argo: ArgoCd
  let acme: Tenant
  let application: Manifest
  const run = (...args: readonly string[]) => kubectl(args, { kubeconfig: plane.kubeconfig })

  beforeAll(async () => {
    plane = await startPlane()
    const { kubeconfig } = plane
    // Its tests look at the cloud itself.
    stack = await startStack({ kubeconfig, characters: ['neat'], flags: ['--drift-interval=2s'] })
    git = await startRepository()
    argo = await startArgoCd({ kubeconfig })
    acme = new Tenant(stack, 'acme', 'prod')
    application = objectsOf<Manifest>(PAGE, 'kind: Application', { [PAGE_REPOSITORY]: git.url })[0]!
  })
  afterAll(async () => {
    await argo?.stop()
    await git?.stop()
    await stack?.stop()
    await plane?.stop()
  })

  /** The page's Application, of another folder of the repository. */
  const applicationOf = (name: string): Manifest => ({
    ...application,
    metadata: { ...application.metadata, name },
    spec: { ...application.spec, source: { ...application.spec.source, path: name } },
  })
  const begin = (app: Manifest) => applyManifests([app], { kubeconfig: plane.kubeconfig })
  /** Commits, and waits until the cluster is as Argo CD reads there, and healthy. */
  const deliver = async (name: string, message: string, files: Parameters<Repository['commit']>[1], timeoutMs?: number) => {
    const revision = await git.commit(message, files)
    await argo.refresh(name)
    return argo.until(name, { sync: 'Synced', health: 'Healthy', revision }, timeoutMs)
  }
  const end = async (name: string) => void (await run('delete', 'application', name, '-n', ARGOCD, '--timeout=300s'))
  const healthIn = ({ status }: Application, kind: string, name: string) =>
    status?.resources?.find((resource) => resource.kind === kind && resource.name === name)?.health
  const syncs = ({ status }: Application) => status?.history?.length ?? 0

  it('has our settings beside its own', async () => {
    const { data, metadata } = JSON.parse(await run('get', 'configmap', 'argocd-cm', '-n', ARGOCD, '-o', 'json')) as {
      readonly data: Readonly<Record<string, string>>
      readonly metadata: { readonly labels: object }
    }
    expect(metadata.labels).toHaveProperty(['app.kubernetes.io/part-of'], 'argocd')
    expect(data).toHaveProperty(['application.resourceTrackingMethod'])
    expect(data).toHaveProperty(['resource.customizations.health.compute.secapi.cloud_Instance'])
  })

  it('applies a tenant from Git in one go, and knows when it is healthy', async () => {
    await git.commit('a tenant', under('acme', ACME))
    await begin(application)
    const { status } = await argo.until('acme', { sync: 'Synced', health: 'Healthy', phase: 'Succeeded' }, 120_000)
    const ours = status?.resources?.filter(({ group }) => group?.endsWith('.secapi.cloud')) ?? []
    expect(ours.map(({ kind, name }) => `${kind} ${name}`).toSorted()).toEqual(
      manifestsOf(Object.values(ACME).join('---\n'))
        .filter(({ kind }) => kind !== 'Namespace')
        .map(({ kind, metadata }) => `${kind} ${metadata.name}`)
        .toSorted(),
    )
    expect(ours.filter(({ health }) => health?.status !== 'Healthy')).toEqual([])
    await expectNoLeak(stack, acme)
    await expectOneCreateEach(stack, acme)
  })

  it('finds nothing to do, however often it looks, and writes nothing', async () => {
    await settled(stack, acme)
    const before = await argo.application('acme')
    const changed = await quiet(stack, acme, async () => {
      for (const how of ['normal', 'hard', 'normal', 'hard'] as const) {
        expect((await argo.refresh('acme', how)).status?.sync?.status).toBe('Synced')
        await new Promise((resolve) => setTimeout(resolve, 6_000))
      }
    })
    expect(changed).toEqual([])
    expect(syncs(await argo.application('acme'))).toBe(syncs(before))
    expect(await run('diff', '-f', 'examples/acme')).toBe('')
  })

  const larger = { ...ACME, '20-storage.yaml': ACME['20-storage.yaml']!.replace('sizeGB: 200', 'sizeGB: 250') }

  it('puts back what somebody changes in the cluster', async () => {
    await acme.edit('BlockStorage', 'web-data', { spec: { sizeGB: 250 }, metadata: { labels: { app: 'mine', more: 'here' } } })
    // A volume never shrinks, so Argo CD cannot put that back; Git says how it goes on.
    const failed = await argo.until('acme', { sync: 'Unknown' })
    expect(failed.status?.conditions?.map(({ message }) => message).join('\n')).toContain('cannot be made smaller')
    await deliver('acme', 'a larger volume', under('acme', larger))
    expect((await acme.get('BlockStorage', 'web-data')).metadata.labels).toMatchObject({ app: 'web', more: 'here' })

    await acme.edit('SecurityGroup', 'web', { spec: { rules: [] } })
    await acme.until('SecurityGroup', 'web', ({ spec }) => expect(spec['rules']).toHaveLength(2))
    const { id } = await acme.behind('Instance', 'worker')
    await acme.delete('Instance', 'worker')
    await acme.until('Instance', 'worker', ({ status }) => status?.externalId !== id && status?.state === 'active')
    await argo.until('acme', { sync: 'Synced', health: 'Healthy' })
    await expectNoLeak(stack, acme)
  })

  it('leaves it to the operator to put right what somebody changes in the cloud', async () => {
    await settled(stack, acme)
    const before = await argo.application('acme')
    const { id } = await acme.behind('Instance', 'web')
    await stack.cloud.change(id, { ssh_keys: [] })
    await eventually(async () => expect((await stack.cloud.object(id))['ssh_keys']).toHaveLength(1))
    const gone = await acme.behind('InternetGateway', 'internet')
    await stack.cloud.remove(gone.id)
    await acme.until('InternetGateway', 'internet', ({ status }) => status?.externalId !== gone.id && status?.state === 'active')
    await settled(stack, acme)
    const after = await argo.refresh('acme')
    expect(after.status).toMatchObject({ sync: { status: 'Synced' }, health: { status: 'Healthy' } })
    expect(syncs(after)).toBe(syncs(before))
  })

  it('starts, stops and restarts an instance that Git leaves to people', async () => {
    /** What the server of Argo CD does when somebody presses the button. */
    const press = async (name: string, action: string) => {
      const before = await acme.get('Instance', name)
      const { spec, metadata } = await act(before, action)
      const patch = JSON.stringify({ spec, metadata: { annotations: metadata.annotations ?? {} } })
      await run('patch', 'instance', name, '-n', acme.space, '--type=merge', '--field-manager=argocd-server', '-p', patch)
    }
    const power = (name: string, wanted: string) => acme.until('Instance', name, ({ status }) => status?.['powerState'] === wanted)
    await press('worker', 'start')
    await power('worker', 'on')
    // It looks again, and has no reason to put that back.
    expect((await argo.refresh('acme', 'hard')).status?.sync?.status).toBe('Synced')
    await new Promise((resolve) => setTimeout(resolve, 6_000))
    await power('worker', 'on')

    const restarts = async () => (await mutationsOf(stack, acme)).filter(({ action }) => action === 'restart').length
    const count = await restarts()
    await press('worker', 'restart')
    await eventually(async () => expect(await restarts()).toBe(count + 1))
    const token = (await acme.get('Instance', 'worker')).metadata.annotations?.[RESTART_REQUESTED]
    expect(token).toBeDefined()
    await argo.refresh('acme', 'hard')
    expect((await acme.get('Instance', 'worker')).metadata.annotations?.[RESTART_REQUESTED]).toBe(token)
    await press('worker', 'stop')
    await power('worker', 'off')

    // Of the other one Git says that it is on.
    await press('web', 'stop')
    await acme.until('Instance', 'web', ({ spec }) => spec['powerState'] === 'on')
    await power('web', 'on')
    await argo.until('acme', { sync: 'Synced', health: 'Healthy' })
  })

  it('shows what Git pauses as suspended', async () => {
    const files = (paused: boolean) => {
      const text = ACME['40-security.yaml']!
      return { 'acme/40-security.yaml': paused ? text.replaceAll('metadata:\n', `metadata:\n  annotations: {${PAUSED}: "true"}\n`) : text }
    }
    const { id } = await acme.behind('SecurityGroup', 'web')
    const revision = await git.commit('leave the firewall alone', files(true))
    await argo.refresh('acme')
    const paused = await argo.until('acme', { sync: 'Synced', health: 'Suspended', revision })
    expect(healthIn(paused, 'SecurityGroup', 'web')).toMatchObject({ status: 'Suspended' })
    await stack.cloud.change(id, { rules: [] })
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    expect((await stack.cloud.object(id))['rules']).toEqual([])
    await deliver('acme', 'and look after it again', files(false))
    await eventually(async () => expect((await stack.cloud.object(id))['rules']).toHaveLength(2))
  })

  it('says at once what failed, and that it is over', async () => {
    await stack.cloud.fault({ method: 'POST', type: 'floating-ips', effect: 'answer', status: 422, times: 1_000, message: 'no such pool' })
    const address = acme.of('PublicIp', 'second', { version: 'IPv4' })
    await git.commit('a second address', { 'acme/70-more.yaml': fileOf([address]) })
    await argo.refresh('acme')
    const start = performance.now()
    const failed = await argo.until('acme', { sync: 'Synced', health: 'Degraded' }, 20_000)
    process.stdout.write(`Argo CD: degraded ${Math.round(performance.now() - start)} ms after the refresh\n`)
    expect(healthIn(failed, 'PublicIp', 'second')).toEqual({ status: 'Degraded', message: expect.stringContaining('no such pool') })
    await stack.cloud.clearFaults()
    await deliver('acme', 'another try', {
      'acme/70-more.yaml': fileOf([{ ...address, metadata: { ...address.metadata, annotations: { [REQUESTED]: '1' } } }]),
    })
  })

  it('deletes what is taken out of Git, with what stands for it in the cloud', async () => {
    const types = async () => new Set((await inventoryOf(stack, acme)).map(({ type }) => type))
    await deliver('acme', 'no second address, no instances', {
      ...without({ 'acme/70-more.yaml': '' }),
      'acme/60-instances.yaml': undefined,
    })
    expect(await types()).not.toContain('servers')
    expect(await acme.exists('Instance', 'web')).toBe(false)
    // A network with all that is in it, in one go.
    await deliver('acme', 'no network', {
      'acme/30-network.yaml': undefined,
      'acme/40-security.yaml': undefined,
      'acme/50-interfaces.yaml': undefined,
    })
    await eventually(async () => expect([...(await types())].toSorted()).toEqual(['projects', 'templates', 'volumes']))
    await expectNoLeak(stack, acme)
    await deliver('acme', 'all of it again', under('acme', larger), 120_000)
  })

  it('deletes the tenant with the Application', async () => {
    await end('acme')
    await namespaceGone(stack, acme.home)
    await namespaceGone(stack, acme.space)
    expect(await inventoryOf(stack, acme)).toEqual([])
  })

  it.each([
    ['as the page has it', undefined],
    ['with neither server-side diff nor apply', { annotations: {}, syncOptions: [] }],
  ] as const)('does not fight over defaults that manifests leave out, %s', async (_title, without_) => {
    const tenant = new Tenant(stack, without_ === undefined ? 'bare' : 'plain')
    // Lists with defaults in them are the hard part. Argo CD without server-side diff needs what is left out there to be said.
    const objects = everything(tenant, tenant.workspace).map((manifest) => {
      if (manifest.kind === 'Image') return { ...manifest, spec: { ...manifest.spec, initializer: undefined } }
      if (manifest.kind === 'InternetGateway') return { ...manifest, spec: {} }
      if (manifest.kind !== 'Instance' || without_ !== undefined) return manifest
      return { ...manifest, spec: { ...manifest.spec, dataVolumes: [{ deviceRef: to('block-storages/data') }] } }
    })
    const { name } = tenant
    const app = applicationOf(name)
    await git.commit('a bare tenant', { [`${name}/all.yaml`]: fileOf([...namespacesOf(tenant), ...objects]) })
    await begin(
      without_ === undefined
        ? app
        : {
            ...app,
            metadata: { ...app.metadata, annotations: without_.annotations },
            spec: { ...app.spec, syncPolicy: { ...app.spec.syncPolicy, syncOptions: without_.syncOptions } },
          },
    )
    await argo.until(name, { sync: 'Synced', health: 'Healthy', phase: 'Succeeded' })
    await settled(stack, tenant)
    const before = syncs(await argo.application(name))
    const changed = await quiet(stack, tenant, async () => {
      for (let i = 0; i < 3; i++) expect((await argo.refresh(name, 'hard')).status?.sync?.status).toBe('Synced')
      await new Promise((resolve) => setTimeout(resolve, 12_000))
    })
    expect(changed).toEqual([])
    expect(syncs(await argo.application(name))).toBe(before)
    await end(name)
    expect(await inventoryOf(stack, tenant)).toEqual([])
  })

  describe('in waves', () => {
    /** The example with a wave for each file. */
    const waves = Object.fromEntries(
      Object.entries(ACME).map(([name, text], wave) => [
        name,
        fileOf(
          manifestsOf(text).map(({ metadata, ...rest }) => ({
            ...rest,
            metadata: { ...metadata, annotations: { 'argocd.argoproj.io/sync-wave': String(wave) } },
          })),
        ),
      ]),
    )
    const made = async (since: number) => (await mutationsOf(stack, acme, since)).filter(({ action }) => action === 'create')

    it('makes the next things when those before are healthy', async () => {
      const since = (await stack.cloud.mutations()).at(-1)?.seq ?? 0
      await git.commit('waves', under('waves', waves))
      await begin(applicationOf('waves'))
      await argo.until('waves', { sync: 'Synced', health: 'Healthy', phase: 'Succeeded' }, 180_000)
      const order = ['projects', 'volumes', 'templates', 'volumes', 'vpcs', 'firewalls', 'ports', 'servers']
      const seen = (await made(since)).map(({ type }) => type)
      const first = (type: string) => seen.indexOf(type)
      const last = (type: string) => seen.lastIndexOf(type)
      expect(new Set(order).difference(new Set(seen))).toEqual(new Set())
      expect(last('volumes')).toBeLessThan(first('vpcs'))
      expect(last('vpcs')).toBeLessThan(first('firewalls'))
      expect(last('firewalls')).toBeLessThan(first('ports'))
      expect(last('ports')).toBeLessThan(first('servers'))
      await end('waves')
      await namespaceGone(stack, acme.home)
      expect(await inventoryOf(stack, acme)).toEqual([])
    })

    it('stop where something failed, which shows at once, and go on with the correction', { timeout: 300_000 }, async () => {
      await stack.cloud.fault({ method: 'POST', type: 'vpcs', effect: 'answer', status: 422, times: 1_000, message: 'no room' })
      await begin(applicationOf('waves'))
      const failed = await argo.until('waves', { health: 'Degraded' })
      expect(healthIn(failed, 'Network', 'main')).toEqual({ status: 'Degraded', message: expect.stringContaining('no room') })
      // Others of the wave wait for the network, and so Argo CD for them: no correction is taken before the sync was given up.
      await stack.cloud.clearFaults()
      const network = '30-network.yaml'
      const again = manifestsOf(waves[network]!).map(({ metadata, ...rest }) => ({
        ...rest,
        metadata: { ...metadata, annotations: { ...metadata.annotations, [REQUESTED]: '1' } },
      }))
      expect(await acme.exists('Nic', 'web')).toBe(false)
      await git.commit('another try', { [`waves/${network}`]: fileOf(again) })
      await argo.until('waves', { sync: 'Synced', health: 'Healthy', phase: 'Succeeded' }, 240_000)
      expect(await acme.exists('Instance', 'web')).toBe(true)
      await end('waves')
      await namespaceGone(stack, acme.home)
    })
  })

  it('brings 500 resources in one sync', { timeout: 900_000 }, async () => {
    const tenant = new Tenant(stack, 'many')
    const app = applicationOf('many')
    await git.commit('many', { 'many/all.yaml': fileOf([...namespacesOf(tenant), ...manyOf(tenant, 500)]) })
    const found = await bring500(
      'Argo CD',
      { stack, tenant },
      {
        bring: async (since) => {
          await begin(app)
          await argo.until('many', { sync: 'Synced', phase: 'Succeeded' }, 400_000)
          const synced = since()
          await argo.until('many', { sync: 'Synced', health: 'Healthy', phase: 'Succeeded' }, 400_000)
          return `synced after ${synced} s, healthy after ${since()} s`
        },
        take: () => end('many'),
      },
    )
    expect(found).toEqual({ objects: 501, left: [] })
  })
})
