import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createProgress } from '../../src/cli/progress.ts'
import { findMore } from '../../src/embedded/cluster/more.ts'
import { type ArgoCd, ARGOCD, startArgoCd } from '../support/argocd.ts'
import { FLUX, type Flux, readyOf, startFlux } from '../support/flux.ts'
import { type Files, type Repository, startRepository } from '../support/git.ts'
import { applyManifests, eventually } from '../support/harness.ts'
import type { Site, Values } from '../support/installation.ts'
import { prepareInstallation } from '../pods/installation.ts'
import { lacking as lackingForNode } from '../support/node.ts'
import { OPERATOR_NAMESPACE as NAMESPACE } from '../support/names.ts'
import { objectsOf } from '../support/page.ts'
import { chartFiles, chartOf, expectKept, expectQuiet, expectWorking, Installation, yamlOf } from './installation.ts'
import { ACME, lacking, PAGE, PAGE_REPOSITORY, under } from './tenant.ts'

const README = 'README.md'
const README_REPOSITORY = 'https://git.example/seca-operator.git'
/** What the pages are in no hurry about. */
const HASTE = {
  'timeout: 10m': 'timeout: 90s',
  'interval: 10m': 'interval: 8s',
  'interval: 1m': 'interval: 5s',
  'retryInterval: 1m': 'retryInterval: 5s',
}

interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: Readonly<Record<string, unknown>>
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const seconds = (since: number) => ((performance.now() - since) / 1_000).toFixed(1)

describe.skipIf((lacking ?? lackingForNode) !== undefined)('the operator from Git, in pods', { timeout: 900_000 }, () => {
  let site: Site
  let node: Site['node']
  let cloud: Site['cloud']
  let installation: Installation
  let settings: Values
  const say = (text: string) => void process.stdout.write(`${text}\n`)

  beforeAll(async () => {
    site = await prepareInstallation()
    ;({ node, cloud } = site)
    installation = new Installation(node, cloud)
    settings = site.values({})
  })
  afterAll(() => site?.remove())

  const begin = (...manifests: readonly object[]) => applyManifests(manifests, { kubeconfig: node.kubeconfig })
  const scale = (count: number) => node.kubectl(['scale', 'deployment/seca-api', '--namespace', NAMESPACE, `--replicas=${count}`])
  /** A change of values that restarts the controllers, takes an object away, and leaves the API alone. */
  const changed = () => ({ ...settings, controllers: { logLevel: 'debug', podDisruptionBudget: false } })
  const labelOf = async () => (await installation.own('services')).get('seca-api')?.metadata.labels?.['helm.sh/chart']

  describe('by Flux', () => {
    let chart: Repository
    let git: Repository
    let flux: Flux
    let first: number
    const ofPage = (page: string, words: string) =>
      objectsOf<Manifest>(page, words, { ...HASTE, [PAGE_REPOSITORY]: git.url, [README_REPOSITORY]: chart.url })
    /** The README's file, with values for this cluster. */
    const operator = (values: object): Files => ({
      'operator/seca.yaml': yamlOf(
        ofPage(README, 'kind: HelmRelease').map((one) => (one.kind === 'HelmRelease' ? { ...one, spec: { ...one.spec, values } } : one)),
      ),
    })
    const deliver = async (message: string, files: Files) => {
      const revision = await git.commit(message, files)
      await flux.reconcile('gitrepository', 'acme')
      return flux.until('kustomization', 'seca-operator', { ready: 'True', revision }, 240_000)
    }
    const releases = async () => [...(await installation.own('secrets')).keys()].filter((name) => name.startsWith('sh.helm.release.'))

    beforeAll(async () => {
      chart = await startRepository('seca-operator')
      git = await startRepository()
      flux = await startFlux({ kubeconfig: node.kubeconfig })
    })
    afterAll(async () => {
      await flux?.stop()
      await git?.stop()
      await chart?.stop()
    })

    it('operator and tenant at once, the one before the other', async () => {
      await chart.commit('the chart', chartFiles())
      const revision = await git.commit('everything', { ...operator(settings), ...under('acme', ACME) })
      const [source, tenant] = ofPage(PAGE, 'kind: GitRepository\nmetadata') as [Manifest, Manifest]
      const after = { ...tenant, spec: { ...tenant.spec, dependsOn: [{ name: 'seca-operator' }] } }
      first = performance.now()
      await begin(source, after, ...ofPage(PAGE, 'path: ./operator'))
      await flux.until('kustomization', 'seca-operator', { ready: 'True', revision }, 240_000)
      const installed = seconds(first)
      await flux.until('kustomization', 'acme', { ready: 'True', revision }, 240_000)
      say(`Flux: operator ready ${installed} s after everything was applied, the tenant after ${seconds(first)} s`)
      await expectWorking(installation)
    })

    it('is never found different, and nothing is written', async () => {
      const before = await releases()
      await expectQuiet(installation, async () => {
        for (let i = 0; i < 4; i++) {
          await flux.reconcile('helmrelease', 'seca')
          await pause(6_000)
        }
      })
      expect(await releases()).toEqual(before)
      expect(flux.logs('helm-controller')).not.toContain('detected changes')
      await flux.until('helmrelease', 'seca', { ready: 'True' })
    })

    it('is put back where somebody changes it', async () => {
      await scale(1)
      await eventually(async () => expect((await installation.own('deployments')).get('seca-api')?.spec['replicas']).toBe(2))
      expect(flux.logs('helm-controller')).toContain('detected changes')
      await flux.until('helmrelease', 'seca', { ready: 'True' }, 120_000)
      await expectWorking(installation)
    })

    it('says at once that the chart refuses a value, and changes nothing', async () => {
      await git.commit('a mistake', operator({ ...settings, replicas: 3 }))
      await flux.reconcile('gitrepository', 'acme')
      const failed = await flux.until('helmrelease', 'seca', { ready: 'False' })
      expect(readyOf(failed)?.message).toContain('replicas')
      await expectWorking(installation)
      // Flux takes no other commit before its wait for this one is over.
      await deliver('no mistake', operator(settings))
    })

    it('takes other values and another chart from commits, and restarts only what they concern', async () => {
      const api = await installation.pods('api')
      const start = performance.now()
      await deliver('talkative controllers', operator(changed()))
      say(`Flux: other values in effect ${seconds(start)} s after the commit`)
      expect(await installation.argsOf('seca-controllers')).toContain('--log-level=debug')
      expect([...(await installation.own('poddisruptionbudgets')).keys()]).toEqual(['seca-api'])
      // Those that were replaced are gone.
      await expectWorking(installation)
      const controllers = await installation.pods('controllers')

      const revision = await chart.commit('a new version', chartOf('0.1.1'))
      await flux.reconcile('gitrepository', 'seca-operator')
      await eventually(async () => expect(await labelOf()).toBe(`seca-operator-0.1.1_${revision.slice(0, 12)}`))
      await flux.until('helmrelease', 'seca', { ready: 'True' }, 120_000)
      expect(await installation.pods('api')).toEqual(api)
      expect(await installation.pods('controllers')).toEqual(controllers)
      await expectWorking(installation)
    })

    it('is taken out of Git and put in again, and kinds, resources and the cloud stay', async () => {
      await expectKept(installation, {
        take: () => deliver('no operator', { 'operator/seca.yaml': undefined, 'operator/none.yaml': yamlOf([NOTHING]) }),
        giveBack: async () => {
          await deliver('and again', { ...operator(settings), 'operator/none.yaml': undefined })
          await flux.until('kustomization', 'acme', { ready: 'True' }, 120_000)
        },
      })
    })

    it('goes after the tenant, and leaves nothing', async () => {
      for (const name of ['acme', 'seca-operator'])
        await node.kubectl(['delete', 'kustomization', name, '--namespace', FLUX, '--timeout=120s'])
      expect(await installation.all('seca', '--all-namespaces')).toEqual([])
      expect((await cloud.admin.inventory()).items).toEqual([])
    })
  })

  describe('by Argo CD', () => {
    let chart: Repository
    let git: Repository
    let argo: ArgoCd
    let application: Manifest
    const operator = (values: object): Files => ({ 'operator/values.yaml': yamlOf([values]) })
    const there = { sync: 'Synced', health: 'Healthy', phase: 'Succeeded' }
    const deliver = async (message: string, files: Files) => {
      await git.commit(message, files)
      await argo.refresh('seca-operator')
    }
    const syncs = async () => (await argo.application('seca-operator')).status?.history?.length

    beforeAll(async () => {
      chart = await startRepository('seca-operator')
      git = await startRepository()
      const helm = process.env['SECA_HELM'] ?? join(await findMore('helm', { progress: createProgress() }), 'helm')
      argo = await startArgoCd({ kubeconfig: node.kubeconfig, path: [dirname(helm)] })
      application = objectsOf<Manifest>(README, 'kind: Application', { [PAGE_REPOSITORY]: git.url, [README_REPOSITORY]: chart.url })[0]!
    })
    afterAll(async () => {
      await argo?.stop()
      await git?.stop()
      await chart?.stop()
    })

    it('operator and tenant at once; the tenant is tried until it can be', async () => {
      await chart.commit('the chart', chartFiles())
      await git.commit('everything', { ...operator(settings), ...under('acme', ACME) })
      const [tenant] = objectsOf<Manifest>(PAGE, 'kind: Application', { [PAGE_REPOSITORY]: git.url }) as [Manifest]
      const start = performance.now()
      await begin(tenant, application)
      await argo.until('seca-operator', there, 400_000)
      const installed = seconds(start)
      await argo.until('acme', there, 300_000)
      say(`Argo CD: operator healthy ${installed} s after everything was applied, the tenant after ${seconds(start)} s`)
      await expectWorking(installation)
    })

    it('is never found different, and nothing is written', async () => {
      const before = await syncs()
      await expectQuiet(installation, async () => {
        for (const how of ['normal', 'hard', 'normal', 'hard'] as const) {
          expect((await argo.refresh('seca-operator', how)).status?.sync?.status).toBe('Synced')
          await pause(6_000)
        }
      })
      expect(await syncs()).toBe(before)
    })

    it('is put back where somebody changes it', async () => {
      await scale(1)
      await eventually(async () => expect((await installation.own('deployments')).get('seca-api')?.spec['replicas']).toBe(2))
      await argo.until('seca-operator', there, 120_000)
      await expectWorking(installation)
    })

    it('says at once that the chart refuses a value, and changes nothing', async () => {
      await deliver('a mistake', operator({ ...settings, replicas: 3 }))
      const failed = await argo.until('seca-operator', { sync: 'Unknown' })
      expect(failed.status?.conditions?.map(({ message }) => message).join('\n')).toContain('replicas')
      await expectWorking(installation)
      await deliver('no mistake', operator(settings))
      await argo.until('seca-operator', there, 120_000)
    })

    it('takes other values and another chart from commits, and restarts only what they concern', async () => {
      const api = await installation.pods('api')
      const start = performance.now()
      await deliver('talkative controllers', operator(changed()))
      await eventually(async () => expect(await installation.argsOf('seca-controllers')).toContain('--log-level=debug'))
      await argo.until('seca-operator', there, 400_000)
      say(`Argo CD: other values in effect ${seconds(start)} s after the commit`)
      expect([...(await installation.own('poddisruptionbudgets')).keys()]).toEqual(['seca-api'])
      // Those that were replaced are gone.
      await expectWorking(installation)
      const controllers = await installation.pods('controllers')

      await chart.commit('a new version', chartOf('0.1.1'))
      await argo.refresh('seca-operator')
      await eventually(async () => expect(await labelOf()).toBe('seca-operator-0.1.1'))
      await argo.until('seca-operator', there, 120_000)
      expect(await installation.pods('api')).toEqual(api)
      expect(await installation.pods('controllers')).toEqual(controllers)
      await expectWorking(installation)
    })

    it('is deleted and made again, and kinds, resources and the cloud stay', async () => {
      await expectKept(installation, {
        take: () => node.kubectl(['delete', 'application', 'seca-operator', '--namespace', ARGOCD, '--timeout=120s']),
        giveBack: async () => {
          await begin(application)
          await argo.until('seca-operator', there, 400_000)
          await argo.until('acme', { sync: 'Synced', health: 'Healthy' }, 120_000)
        },
      })
    })
  })
})

/** A folder without any manifest is a mistake to Flux. */
const NOTHING = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'nothing', namespace: FLUX } }
