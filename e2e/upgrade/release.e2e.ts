import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KINDS } from '../../src/kinds/index.ts'
import { REQUESTED } from '../../src/kinds/names.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { type Load, startLoad } from '../pods/load.ts'
import { adminClient, applyManifests, eventually } from '../support/harness.ts'
import { DEMO, type Found, type Site, startSite, type Values } from '../support/installation.ts'
import { everything } from '../support/manifest.ts'
import { OPERATOR_NAMESPACE } from '../support/names.ts'
import { lacking } from '../support/node.ts'
import { blockOf } from '../support/page.ts'
import { Tenant } from '../support/tenant.ts'
import { keptRelease } from './kept.ts'
import { laterRelease } from './later.ts'
import { type Watched, watchAll } from './watched.ts'

const PAGE = 'docs/install.md'
/** The oldest release that is kept; an upgrade may leave out those between. */
const OLD = keptRelease('0.1.0')
/** Of one of each kind and more: 16 resources each. */
const TENANTS = Array.from({ length: 13 }, (_, index) => `team-${index + 1}`)
/** Where clients write all the time, and change what is in the cloud. */
const BUSY = { tenant: 'demo', namespace: 'seca-demo' }
const CRD = 'instances.compute.secapi.cloud'

/** Fields of ours in a change of values; the others stay. */
const merged = (values: Values, more: Values): Values => ({
  ...values,
  ...Object.fromEntries(Object.entries(more).map(([key, part]) => [key, { ...(values[key] as object), ...(part as object) }])),
})

describe.skipIf(lacking !== undefined)(`an installation of ${OLD.version} with live resources and clients`, () => {
  let site: Site
  let client: KubeClient
  let watched: Watched
  let load: Load
  let later: Awaited<ReturnType<typeof laterRelease>>
  /** Values of today: what the commands of the page are given. */
  let values: Values
  beforeAll(async () => {
    site = await startSite()
    const { node } = site
    client = adminClient(node.kubeconfig)
    later = await laterRelease(join(node.dataDir, 'later'))
    const image = join(node.dataDir, 'old.tar')
    await OLD.image(image)
    for (const file of [image, later.image]) await node.importImage(file)
    values = site.values({ ...DEMO, ...Object.fromEntries(TENANTS.map((name) => [name, {}])) })
    await site.helm('install', 'seca', OLD.chart, '--values', site.file(values), '--wait', '--timeout', '3m')
    await populate()
    load = startLoad(await site.door(), { pauseMs: 50 })
    await eventually(async () => expect(await site.all('workspaces', '--namespace', BUSY.namespace)).toHaveLength(4))
    await allReady()
    watched = await watchAll(
      client,
      KINDS.filter(({ status }) => status),
      BUSY.namespace,
    )
  }, 600_000)
  afterAll(async () => {
    await load?.stop()
    await watched?.stop()
    await client?.close()
    await site?.remove()
  })

  const allReady = () => site.node.kubectl(['wait', 'seca', '--all', '--all-namespaces', '--for=condition=Ready', '--timeout=180s'])

  async function populate() {
    const tenants = TENANTS.map((name) => new Tenant({ client, cloud: site.cloud.admin }, name))
    await Promise.all(tenants.map((tenant) => tenant.namespaces()))
    await applyManifests(
      tenants.flatMap((tenant) => everything(tenant, tenant.workspace)),
      site.node,
    )
    await allReady()
  }

  /** Runs the commands of the page's block that has these words, with this release's chart and the values of today. */
  async function asOnThePage(words: string, chart = later.chart): Promise<string> {
    const output: string[] = []
    for (const line of blockOf(PAGE, 'sh', words).trim().split('\n')) {
      const [program, ...args] = line
        .replace(/\s+#.*/, '')
        .replace(` --namespace ${OPERATOR_NAMESPACE}`, '')
        .split(' ')
      expect(program).toBe('helm')
      const given: Record<string, string> = { 'charts/seca-operator': chart, 'values.yaml': site.file(values) }
      output.push(await site.helm(...args.map((arg) => given[arg] ?? arg)))
    }
    return output.join('\n')
  }

  const upgrade = () => site.helm('upgrade', 'seca', later.chart, '--values', site.file(values), '--wait', '--timeout', '3m')

  /** Pods of a component that are to stay. */
  async function live(component: string): Promise<Found[]> {
    const place = ['--namespace', OPERATOR_NAMESPACE, '--selector', `app.kubernetes.io/component=${component}`]
    return (await site.all('pods', ...place)).filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  }
  const pods = async (component: string) => (await live(component)).map(({ metadata }) => metadata.uid).toSorted()
  const imagesOf = async (component: string) =>
    new Set((await live(component)).map(({ spec }) => (spec['containers'] as { image: string }[])[0]?.image))

  const describedBy = async () => {
    const crd = await site.read<{
      spec: { versions: { schema: { openAPIV3Schema: { properties: { spec: { description: string } } } } }[] }
    }>('crd', CRD)
    return crd.spec.versions[0]?.schema.openAPIV3Schema.properties.spec.description
  }

  /** Does something, has every resource looked at afterwards, and proves that nobody noticed: neither the clouds, nor resources, nor clients. */
  async function unnoticed(word: string, work: () => Promise<unknown>): Promise<void> {
    const [since, before] = [(await site.cloud.admin.stats()).lastMutation, watched.stands()]
    expect(before.size).toBeGreaterThanOrEqual(200)
    const start = Date.now()
    await work()
    const end = Date.now()
    await site.node.kubectl(['annotate', 'seca', '--all', '--all-namespaces', '--overwrite', `${REQUESTED}=${word}`])
    await eventually(
      async () => {
        // A client's PUT takes the annotation off what it writes.
        const seen = (await site.all('seca', '--all-namespaces')).filter(({ metadata }) => metadata.namespace !== BUSY.namespace)
        expect(seen.length).toBeGreaterThanOrEqual(200)
        expect(seen.filter((one) => handled(one) !== word).map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([])
      },
      { timeoutMs: 120_000, everyMs: 1_000 },
    )
    const writes = (await site.cloud.admin.mutations(since)).filter(({ tag }) => !tag.includes(`/tenants/${BUSY.tenant}/`))
    expect(writes.map(({ action, tag }) => `${action} ${tag}`)).toEqual([])
    expect(watched.troubles).toEqual([])
    expect(Object.fromEntries(watched.stands())).toEqual(Object.fromEntries(before))
    const { count, failures, stale } = load.soFar()
    expect(failures).toEqual([])
    const told = { resources: before.size, events: watched.events(), requests: count, stale, from: new Date(start), ms: end - start }
    process.stderr.write(`${word}: ${JSON.stringify(told)}\n`)
  }
  const handled = ({ status }: Found) => (status as Record<string, unknown> | undefined)?.['lastHandledRequest']

  it('is upgraded: no call changes a cloud, every resource stays as it is, no request fails', async () => {
    const old = await describedBy()
    const address = new URL((await site.door()).base).hostname
    // No DNS runs on this node.
    values = merged(values, { certificates: { hosts: [address] }, test: { apiUrl: `https://${address}` } })
    await unnoticed('upgrade', upgrade)
    expect(await imagesOf('api')).toEqual(new Set([`seca-operator:${later.version}`]))
    expect(await imagesOf('controllers')).toEqual(new Set([`seca-operator:${later.version}`]))
    expect(await describedBy()).not.toBe(old)
  }, 300_000)

  it('a change of values replaces only the pods that it concerns', async () => {
    const before = { api: await pods('api'), controllers: await pods('controllers') }
    const more = { monitoring: { dashboard: { enabled: true } }, networkPolicy: { enabled: false }, test: { args: ['--older-than=1h'] } }
    values = merged(values, { ...more, controllers: { logLevel: 'debug' } })
    await upgrade()
    expect(await pods('api')).toEqual(before.api)
    const controllers = await pods('controllers')
    expect(controllers.filter((uid) => before.controllers.includes(uid))).toEqual([])
    values = merged(values, { api: { logLevel: 'warn' } })
    await upgrade()
    expect(await pods('controllers')).toEqual(controllers)
    expect((await pods('api')).filter((uid) => before.api.includes(uid))).toEqual([])
    expect(load.soFar().failures).toEqual([])
    expect(watched.troubles).toEqual([])
  }, 300_000)

  const log = () => site.node.kubectl(['logs', '--namespace', OPERATOR_NAMESPACE, 'seca-doctor'])
  const withLog = async (error: Error): Promise<never> => {
    throw new Error(`${error.message}\n${await log()}`)
  }

  it('is in order by `helm test`, which leaves nothing behind', async () => {
    // A pod that was replaced may have its last moments.
    const told = await eventually(() => asOnThePage('helm test').catch(withLog), { timeoutMs: 150_000 })
    expect(told).toMatch(/Phase:\s+Succeeded/)
    expect(told).toMatch(/^ok +door +\S+ is ready$/m)
    expect(told).not.toMatch(/^(unchecked|warn|fail)/m)
    for (const kind of ['clusterrole', 'clusterrolebinding', 'role', 'rolebinding', 'serviceaccount', 'pod'])
      expect(await site.node.kubectl(['get', kind, '--namespace', OPERATOR_NAMESPACE, '--output', 'name'])).not.toContain('seca-doctor')
  }, 300_000)

  it('is not where a right is missing: the test fails, and its log says which', async () => {
    const place = ['rolebinding', 'seca-api', '--namespace', OPERATOR_NAMESPACE]
    const { metadata, ...binding } = await site.read<{ metadata: { name: string; namespace: string } }>(...place)
    await site.node.kubectl(['delete', ...place])
    await expect(site.helm('test', 'seca')).rejects.toThrow(/seca-doctor/)
    expect(await log()).toMatch(/^fail +rights +ServiceAccount seca-api may not .*leases\.coordination\.k8s\.io in seca-system/m)
    const { name, namespace } = metadata
    await site.node.kubectl(['apply', '--filename', '-'], { input: JSON.stringify({ ...binding, metadata: { name, namespace } }) })
  }, 300_000)

  it('is rolled back the same way', async () => {
    await unnoticed('rollback', () => asOnThePage('helm rollback'))
    expect(await imagesOf('api')).toEqual(new Set([`seca-operator:${OLD.version}`]))
    expect(await imagesOf('controllers')).toEqual(new Set([`seca-operator:${OLD.version}`]))
    expect(await describedBy()).toBe('What is wanted.')
  }, 300_000)
})
