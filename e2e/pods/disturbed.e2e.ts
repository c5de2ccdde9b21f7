import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { Agent, fetch } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { CONTROLLERS_LEASE } from '../../src/kinds/names.ts'
import { CHART } from '../support/helm.ts'
import { eventually } from '../support/harness.ts'
import { lacking } from '../support/node.ts'
import { lackingPrometheus, type Prometheus, type ServiceMonitor, startPrometheus } from '../support/prometheus.ts'
import { conditionOf, type Found } from '../support/installation.ts'
import { OPERATOR_NAMESPACE as NAMESPACE } from '../support/names.ts'
import { EXAMPLE, type Installation, prepareInstallation } from './installation.ts'
import { startLoad } from './load.ts'

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[]
}
const IN_NAMESPACE = ['--namespace', NAMESPACE]

/** kube-apiserver's own answer, when it finds the server behind an APIService too slow: on a machine with too much to do it is. */
const isUnavailable = (failure: string) => failure.includes('503 service unavailable')

/** Of a kind of Prometheus' operator, just so that there are such objects. */
const kindOfOthers = (kind: string) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${kind.toLowerCase()}s.monitoring.coreos.com` },
  spec: {
    group: 'monitoring.coreos.com',
    scope: 'Namespaced',
    names: { kind, plural: `${kind.toLowerCase()}s`, singular: kind.toLowerCase() },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
})

describe.skipIf(lacking !== undefined)('installed in pods, and disturbed', () => {
  let one: Installation
  let prometheus: Prometheus | undefined
  beforeAll(async () => {
    one = await prepareInstallation({
      controllers: { driftInterval: '5s', sharding: 'accounts' },
      // So little that it is easily too much.
      api: { drain: '3s', args: ['--caller-requests-per-second=30', '--caller-burst=30'] },
      monitoring: { serviceMonitor: { enabled: true, interval: '2s' }, alerts: { enabled: true }, dashboard: { enabled: true } },
    })
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: ['ServiceMonitor', 'PrometheusRule'].map(kindOfOthers) })
    await one.node.kubectl(['apply', '--filename', '-'], { input })
    await one.node.kubectl(['wait', 'crd', '--all', '--for=condition=Established', '--timeout=30s'])
    await one.install()
    if (lackingPrometheus === undefined) {
      const monitors = (await one.read<{ items: ServiceMonitor[] }>('servicemonitors', ...IN_NAMESPACE)).items
      const { spec } = await one.read<Found>('prometheusrule', 'seca-operator', ...IN_NAMESPACE)
      prometheus = await startPrometheus(one.node, monitors, spec)
    }
    await one.node.kubectl(['apply', '--filename', EXAMPLE])
    await one.exampleIsReady()
  })
  afterAll(() => one?.remove())

  /** Calls the doors while `work` goes on; no call may fail, but for those that `isForgiven` is true of. */
  async function underLoad(
    what: string,
    work: () => Promise<unknown>,
    isForgiven: (failure: string) => boolean = () => false,
  ): Promise<void> {
    await doorsAreOpen()
    const doors = ['direct', 'aggregated']
    const loads = [startLoad(await one.door(), { name: 'direct' }), startLoad(one.aggregatedDoor(), { name: 'aggregated' })]
    await sleep(2_000)
    await work().catch(async (error: unknown) => {
      await Promise.all(loads.map((load) => load.stop()))
      throw error
    })
    await sleep(2_000)
    const told = await Promise.all(loads.map((load) => load.stop()))
    const failures = told.flatMap((each) => each.failures)
    console.log(
      `${what}: ${told.map(({ count }, index) => `${count} requests by the ${doors[index]} door`).join(', ')}, ${failures.length} failed`,
    )
    if (failures.length > 0) console.log(`of kube-apiserver: ${troubleOfTheDoor()}`)
    expect(failures.filter((failure) => !isForgiven(failure))).toEqual([])
    for (const { count } of told) expect(count).toBeGreaterThan(20)
  }

  /** What kube-apiserver says about the availability of APIServices: while one is not, it answers 503 itself. */
  const troubleOfTheDoor = () =>
    readFileSync(join(one.node.dataDir, 'logs/kube-apiserver.log'), 'utf8')
      .split('\n')
      .filter((line) => /available_controller|remote_available/.test(line))
      .slice(-5)
      .join('\n')
  const doorsAreOpen = () =>
    eventually(
      async () => {
        for (const found of await one.all('apiservices'))
          expect([found.metadata.name, conditionOf(found, 'Available')?.status]).toEqual([found.metadata.name, 'True'])
      },
      { timeoutMs: 180_000, everyMs: 1_000 },
    ).catch((error: unknown) => {
      throw new Error(troubleOfTheDoor(), { cause: error })
    })

  /** Certificates that pods show at the address of a Service. */
  async function shown(): Promise<string> {
    const { base, connect } = await one.door()
    return new Promise((resolve, reject) => {
      const socket = connectTls({ host: new URL(base).hostname, port: 443, ...connect }, () => {
        resolve(socket.getPeerX509Certificate()?.toString() ?? '')
        socket.destroy()
      })
      socket.on('error', reject)
    })
  }
  /** Until every replica shows it: a Service chooses one for each connection. */
  const allShow = (certificate: string | undefined) =>
    eventually(
      async () => {
        const found = new Set(await Promise.all(Array.from({ length: 12 }, shown)))
        expect([...found]).toEqual([certificate])
      },
      { timeoutMs: 100_000, everyMs: 500 },
    )

  it(
    'a certificate for other hosts, and a new CA, are taken up under load, and no pod of the API is started anew',
    { timeout: 300_000 },
    async () => {
      const apis = async () => (await one.pods()).filter((name) => name.startsWith('seca-api-'))
      const [before, pods] = [await one.certificate(), await apis()]
      await underLoad('other certificates', async () => {
        await one.install('--set', 'certificates.hosts={seca.example}')
        await eventually(async () => expect((await one.certificate())['tls.crt']).not.toBe(before['tls.crt']))
        const next = await one.certificate()
        await allShow(next['tls.crt'])
        await one.node.kubectl(['delete', 'secret', 'seca-api-tls-ca', ...IN_NAMESPACE])
        await one.node.kubectl(['rollout', 'restart', 'deployment/seca-controllers', ...IN_NAMESPACE])
        await eventually(async () => expect((await one.certificate())['ca.crt']?.split('BEGIN CERTIFICATE')).toHaveLength(3), {
          timeoutMs: 120_000,
        })
        // Announced, and nothing is served by it yet.
        expect((await one.certificate())['tls.crt']).toBe(next['tls.crt'])
        const { 'ca.crt': ca = '' } = await one.certificate()
        await eventually(
          async () => {
            const ours = (await one.all('apiservices')).filter(({ spec }) => String(spec['group']).includes('seca.'))
            for (const { spec } of ours) expect(Buffer.from(String(spec['caBundle']), 'base64').toString('utf8')).toBe(ca)
          },
          { timeoutMs: 100_000 },
        )
      })
      expect(await apis()).toEqual(pods)
    },
  )

  it('evictions take one pod at a time, and nobody notices', async () => {
    const evict = (name: string) => {
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: NAMESPACE } }
      return one.node.kubectl(['create', '--raw', `/api/v1/namespaces/${NAMESPACE}/pods/${name}/eviction`, '--filename', '-'], {
        input: JSON.stringify(eviction),
      })
    }
    const podsOf = async (component: string) => (await one.pods()).filter((name) => name.startsWith(`seca-${component}-`))
    await underLoad(
      'evictions',
      async () => {
        for (const component of ['api', 'controllers']) {
          const [first = '', second = ''] = await podsOf(component)
          await evict(first)
          await expect(evict(second)).rejects.toThrow(/disruption budget/)
          await one.rollout(`seca-${component}`)
          await eventually(() => evict(second).then(() => true))
          await one.rollout(`seca-${component}`)
          await eventually(async () => expect(await podsOf(component)).toHaveLength(2))
          expect(await podsOf(component)).not.toEqual(expect.arrayContaining([first]))
        }
      },
      isUnavailable,
    )
  })

  describe.skipIf(lackingPrometheus !== undefined)('seen by a Prometheus', () => {
    const monitored = () => {
      if (prometheus === undefined) throw new Error('there is no Prometheus')
      return prometheus
    }

    it('all pods are found by the ServiceMonitors', async () => {
      await monitored().discover()
      await eventually(async () => {
        const targets = await monitored().targets()
        expect(targets.map(({ job, health }) => `${job} ${health}`).toSorted()).toEqual([
          'seca-api up',
          'seca-api up',
          'seca-controllers up',
          'seca-controllers up',
        ])
      })
    })

    it('each query of the dashboard has data', async () => {
      // Counters have to grow while somebody looks.
      for (const name of ['seen-1', 'seen-2']) {
        const workspace = {
          apiVersion: 'workspace.secapi.cloud/v1',
          kind: 'Workspace',
          metadata: { name, namespace: 'seca-demo' },
          spec: {},
        }
        await one.node.kubectl(['apply', '--filename', '-'], { input: JSON.stringify(workspace) })
        await one.node.kubectl(['wait', 'workspace', name, '--namespace', 'seca-demo', '--for=condition=Ready', '--timeout=60s'])
        await sleep(5_000)
      }
      const { status } = await one.read<Found>('securitygroup', 'web', '--namespace', 'seca-acme--prod')
      await one.cloud.admin.change(status?.externalId ?? '', { rules: [] })
      // Somebody who asks for more than their share.
      const { base, headers, connect } = await one.door()
      const dispatcher = new Agent({ connect, allowH2: false, connections: 300 })
      const ask = async () => {
        const { status, body } = await fetch(`${base}/tenants/demo/workspaces`, { headers, dispatcher })
        await body?.cancel()
        return status
      }
      await eventually(async () => expect(await Promise.all(Array.from({ length: 300 }, ask))).toContain(429))
      await dispatcher.close()
      const dashboard = JSON.parse(readFileSync(join(CHART, 'files/dashboard.json'), 'utf8')) as Dashboard
      const queries = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))
      expect(queries.length).toBeGreaterThan(25)
      await eventually(
        async () => {
          const empty: string[] = []
          for (const { title, expr } of queries) {
            const query = expr.replaceAll('$__rate_interval', '20s').replaceAll('$namespace', NAMESPACE)
            expect(query).not.toContain('$')
            const series = await monitored().range(query)
            if (!series.some(({ values }) => values.some(([, value]) => Number.isFinite(Number(value))))) empty.push(`${title}: ${expr}`)
          }
          expect(empty).toEqual([])
        },
        { timeoutMs: 60_000, everyMs: 3_000 },
      )
    })

    it('each rule of the alerts is evaluated, and none is about an installation that is well', async () => {
      const { groups } = parse(readFileSync(join(CHART, 'files/alerts.yaml'), 'utf8')) as { groups: { rules: { alert: string }[] }[] }
      const rules = await monitored().rules()
      expect(rules.map(({ name }) => name).toSorted()).toEqual(groups.flatMap((group) => group.rules.map(({ alert }) => alert)).toSorted())
      for (const { name, health, lastError = '' } of rules) expect([name, health, lastError]).toEqual([name, 'ok', ''])
      expect(rules.filter(({ state }) => state === 'firing').map(({ name }) => name)).toEqual([])
    })
  })

  it('after a restart of the node all is as before, and nothing is done to the cloud', { timeout: 300_000 }, async () => {
    const since = (await one.cloud.admin.stats()).lastMutation
    const before = await one.all('seca', '--namespace', 'seca-acme--prod')
    const pods = await one.pods()
    await one.node.restart()
    await eventually(
      async () => {
        expect(await one.pods()).toEqual(pods)
        for (const pod of await one.all('pods', ...IN_NAMESPACE))
          expect([pod.metadata.name, conditionOf(pod, 'Ready')?.status]).toEqual([pod.metadata.name, 'True'])
      },
      { timeoutMs: 120_000, everyMs: 500 },
    )
    await eventually(async () => expect(conditionOf(await one.read<Found>('region', 'eu-1'), 'Ready')).toMatchObject({ status: 'True' }))
    const holder = async () => (await one.read<Found>('lease', CONTROLLERS_LEASE, ...IN_NAMESPACE)).spec['holderIdentity']
    await eventually(async () => expect(await holder()).not.toBe(''))
    await one.exampleIsReady()
    expect((await one.cloud.admin.mutations(since)).map(({ action, tag }) => `${action} ${tag}`)).toEqual([])
    const facts = (objects: readonly Found[]) => objects.map(({ kind, metadata, status }) => [kind, metadata.name, status?.externalId])
    expect(facts(await one.all('seca', '--namespace', 'seca-acme--prod'))).toEqual(facts(before))
    await underLoad('after a restart', () => Promise.resolve())
  })
})
