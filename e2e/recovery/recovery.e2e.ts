import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RESTART_REQUESTED } from '../../src/kinds/names.ts'
import { CHART, helm } from '../support/helm.ts'
import { adminClient, eventually, kubectl, OPERATOR_NAMESPACE, type Stack, startStack } from '../support/harness.ts'
import { type Manifest, to } from '../support/manifest.ts'
import { type Plane, startPlane } from '../support/plane.ts'
import { conditionOf, type Tenant } from '../support/tenant.ts'
import { Controllers } from './controllers.ts'
import { follow, PAGE, run } from './page.ts'
import { allInOrder, allNamespaces, allObjects, changes, idsOf, lastChange, manifestOf, populate } from './world.ts'

const EXAMPLE = join(import.meta.dirname, '../../examples/acme')
/** An installation without what has no part in this. */
const VALUES = {
  tokens: { issuer: 'https://issuer.example' },
  api: { replicas: 1 },
  aggregation: { enabled: false },
  certificates: { mode: 'existing' },
}
const EXPORT = 'On a new cluster, from an export'
const GIT = 'On a new cluster, from Git'
const SNAPSHOT = 'Back to a snapshot of etcd'
const WRONG = 'When the id is wrong'

/** docs/disaster-recovery.md: a cluster is lost three times, its cloud never. */
describe('what is lost', { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'seca-recovery-'))
  const variables = {
    BACKUP: join(folder, 'backup'),
    MANIFESTS: join(folder, 'manifests'),
    DELETED: join(folder, 'deleted.json'),
  }
  const planes: Plane[] = []
  const ends: (() => Promise<unknown>)[] = []
  let old: Plane
  let cloud: Stack
  let controllers: Controllers
  let tenant: Tenant
  let manifests: readonly Manifest[]
  /** What every resource is in the cloud, and when that was so. */
  let known: { readonly ids: Readonly<Record<string, string>>; readonly since: number }

  const plane = async () => {
    const one = await startPlane({ isBare: true })
    planes.push(one)
    return one
  }
  const work = (on: Plane) => {
    const one = new Controllers(on, cloud)
    ends.unshift(() => one.stop())
    return one
  }
  const on = ({ kubeconfig, etcd }: Plane, more: Readonly<Record<string, string>> = {}) => ({
    kubeconfig,
    variables: { ...etcd, ...variables, ...more },
  })
  const clientOf = (one: Plane) => {
    const client = adminClient(one.kubeconfig)
    ends.unshift(() => client.close())
    return client
  }
  const toFile = (name: string, objects: readonly object[]) =>
    writeFileSync(join(variables.MANIFESTS, name), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
  /** Everything is as it was: each resource with its own cloud object, and nothing was written to the cloud. */
  const expectFound = async (client: ReturnType<typeof adminClient>) => {
    await allInOrder({ client })
    expect(await idsOf(client)).toEqual(known.ids)
    expect(await changes(cloud, known.since)).toEqual([])
    expect((await cloud.cloud.inventory()).duplicateTags).toEqual([])
  }

  beforeAll(async () => {
    for (const name of [variables.BACKUP, variables.MANIFESTS]) mkdirSync(name)
    old = await plane()
    await kubectl(['create', 'namespace', OPERATOR_NAMESPACE], old)
    await helm(['install', 'seca', CHART, '--namespace', OPERATOR_NAMESPACE, '--values', '-'], { ...old, input: JSON.stringify(VALUES) })
    cloud = await startStack({ ...old, isIdle: true })
    controllers = work(old)
    ;({ tenant, manifests } = await populate(cloud, old.kubeconfig))
  })
  afterAll(async () => {
    for (const end of ends) await end()
    await cloud?.stop()
    for (const one of planes) await one.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('is in the backups', async () => {
    await follow('Backups', [0, 1], on(old))
    expect(readFileSync(join(variables.BACKUP, 'resources.yaml'), 'utf8')).toContain('kind: Instance')
  })

  it('comes back with a snapshot of etcd, and the cloud keeps what was done since', async () => {
    const spare = (name: string) => tenant.of('BlockStorage', name, { sizeGB: 50, skuRef: to('skus/rd500') })
    const [gone, again, since] = [spare('gone'), spare('again'), spare('since')]
    await tenant.apply(gone, again)
    await tenant.allReady([gone, again])
    await follow('Backups', [1], on(old))

    for (const name of ['gone', 'again']) await tenant.delete('BlockStorage', name)
    for (const name of ['gone', 'again']) await tenant.gone('BlockStorage', name)
    const grown = manifests.map((one) =>
      one.metadata.name === 'data' && one.kind === 'BlockStorage' ? { ...one, spec: { ...one.spec, sizeGB: 150 } } : one,
    )
    await tenant.apply(again, since, ...grown)
    await tenant.annotate('Instance', 'web', { [RESTART_REQUESTED]: 'twice' })
    await allInOrder(cloud)
    known = { ids: await idsOf(cloud.client), since: await lastChange(cloud) }

    await follow(SNAPSHOT, [0], on(old))
    await controllers.hold()
    await old.restoreEtcd(async () => {
      await follow(SNAPSHOT, [1], on(old))
      return join(variables.BACKUP, 'etcd')
    })
    const audit = await follow(SNAPSHOT, [2], on(old), 1)
    const found = audit.split('\n').filter((line) => /^(leaked|missing|double|abandoned|unknown) /.test(line))
    expect(found).toHaveLength(2)
    expect(audit).toMatch(/^missing .*\/block-storages\/gone /m)
    expect(audit).toMatch(/^leaked .*\/block-storages\/since /m)
    controllers.release()

    cpSync(EXAMPLE, variables.MANIFESTS, { recursive: true })
    const catalogue = (await allObjects(cloud.client)).filter(({ metadata }) => metadata.namespace === undefined)
    toFile('0-catalogue.json', catalogue.map(manifestOf))
    toFile('1-tenant.json', [...(await allNamespaces(cloud.client)), ...grown, again, since].map(manifestOf))
    writeFileSync(variables.DELETED, JSON.stringify(gone))
    await follow(SNAPSHOT, [3, 4, 5], on(old))
    await expectFound(cloud.client)
  })

  it('is not made a second time under another id, and found once it is the right one', async () => {
    await follow('Backups', [0], on(old))
    await tenant.annotate('Instance', 'web', { [RESTART_REQUESTED]: 'after the export' })
    await eventually(async () => expect(await lastChange(cloud)).toBeGreaterThan(known.since))
    await allInOrder(cloud)
    known = { ids: await idsOf(cloud.client), since: await lastChange(cloud) }
    await controllers.hold()
    const next = await plane()
    const wrong = { BACKUP: join(folder, 'wrong') }
    cpSync(variables.BACKUP, wrong.BACKUP, { recursive: true })
    writeFileSync(join(wrong.BACKUP, 'installation-id'), 'another')
    const successor = work(next)
    const client = clientOf(next)
    await follow(EXPORT, [0], on(next, wrong))
    await eventually(async () => {
      const objects = (await allObjects(client)).filter(
        ({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}` in known.ids,
      )
      expect(objects).toHaveLength(Object.keys(known.ids).length)
      for (const object of objects) expect(conditionOf(object, 'Ready')).toMatchObject({ status: 'False' })
      // All else waits for its workspace.
      for (const workspace of objects.filter(({ kind }) => kind === 'Workspace'))
        expect(conditionOf(workspace, 'Stalled')).toMatchObject({ status: 'True', reason: 'AccountInUse' })
    })
    const id = readFileSync(join(variables.BACKUP, 'installation-id'), 'utf8')
    expect(await follow(WRONG, [0], on(next))).toContain(`of installation ${id}`)
    expect(await changes(cloud, known.since)).toEqual([])
    await follow(WRONG, [1], on(next))
    await follow(EXPORT, [1], on(next))
    await expectFound(client)
    await successor.hold()
  })

  it('is found from what Git has', async () => {
    const next = await plane()
    const successor = work(next)
    const client = clientOf(next)
    await follow(GIT, [0, 1], on(next))
    await expectFound(client)

    // As if the ConfigMap came from a backup, and nobody gave the id.
    const noId = ['--reuse-values', '--set', 'controllers.installationId=']
    await helm(['upgrade', 'seca', CHART, '--namespace', OPERATOR_NAMESPACE, ...noId], next)
    await successor.hold()
    await kubectl(
      ['patch', 'configmap', 'seca-installation', '-n', OPERATOR_NAMESPACE, '--type=merge', '-p', '{"data":{"cluster":"that of another"}}'],
      next,
    )
    successor.release()
    await eventually(() => expect(successor.trouble).toContain('comes from another cluster'))
    await follow(EXPORT, [2], on(next))
    await eventually(() => expect(successor.trouble).toBe(''))
    await expectFound(client)
  })

  it('leaves no command of the page untried', () => {
    const all = [...PAGE].flatMap(([heading, blocks]) => blocks.map((_, number) => `${heading} ${number}`))
    expect([...run].toSorted()).toEqual(all.toSorted())
  })
})
