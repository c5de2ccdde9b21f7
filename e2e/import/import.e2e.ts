import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { Mutation } from '../../providers/simulator/admin.ts'
import { DRIFT_POLICY } from '../../src/kinds/names.ts'
import { CloudProvider } from '../../src/kinds/operator/cloud-provider.ts'
import { wipe } from '../support/audit.ts'
import { applyManifests, eventually, kubectl, type Stack, startStack } from '../support/harness.ts'
import { runImport } from '../support/import-cli.ts'
import type { Manifest } from '../support/manifest.ts'
import { conditionOf, Tenant } from '../support/tenant.ts'
import { populate, SECRET } from './stranger.ts'

describe('moving in', () => {
  let stack: Stack
  let tenant: Tenant
  let project: string
  let folder: string
  let since: number
  let manifests: Manifest[]

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'seca-import-'))
    stack = await startStack({ characters: ['neat'], flags: ['--drift-interval=2s'] })
    tenant = new Tenant(stack)
    await tenant.namespaces()
    await kubectl(['delete', 'namespace', tenant.space])
    project = await populate(stack.cloud)
    since = (await stack.cloud.stats()).lastMutation
  }, 120_000)
  afterAll(async () => {
    // What was not taken over keeps the project.
    for (const { id, tag } of (await stack.cloud.inventory()).items) if (tag === '') await stack.cloud.remove(id)
    await wipe(stack).finally(() => stack.stop())
    rmSync(folder, { recursive: true, force: true })
  })

  const mutations = () => stack.cloud.mutations(since)
  const ours = () => manifests.filter(({ kind }) => kind !== 'Namespace')
  /** Twice the time in which whatever differs is looked at. */
  const quiet = () => new Promise((resolve) => setTimeout(resolve, 5_000))

  it('writes a file of all that can be taken over, and says what cannot', { timeout: 60_000 }, async () => {
    const file = join(folder, 'prod.yaml')
    const { code, out, said } = await runImport(tenant, ['--file', file])
    expect([code, out], said).toEqual([0, ''])
    manifests = parseAllDocuments(readFileSync(file, 'utf8')).map((one) => one.toJS() as Manifest)
    expect(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      `Namespace ${tenant.space}`,
      `Workspace ${tenant.workspace}`,
      'BlockStorage web-server',
      'BlockStorage web-server-2',
      'Image golden',
      'Image orphan',
      'Network main',
      'InternetGateway out',
      'RouteTable main.default',
      'Subnet main.front',
      'SecurityGroupRule web',
      'SecurityGroup web',
      expect.stringMatching(/^PublicIp fip-/),
      'Nic web',
      'Instance web',
    ])
    expect(said).toContain('has no StorageSku with iops 7 and type local-durable')
    expect(said).toContain('Image "orphan"')
    expect(said).toContain('its user data are not written')
    expect(said).toContain('add it to spec.adoption.tenants')
    expect(readFileSync(file, 'utf8') + said).not.toContain(SECRET)
    expect(await mutations()).toEqual([])
  })

  it('does not write over a file, and says what is wrong with what it is asked for', { timeout: 180_000 }, async () => {
    const file = join(folder, 'edited.yaml')
    writeFileSync(file, 'mine')
    for (const [flags, words] of [
      [['--file', file], 'it is there already'],
      [['--region=nowhere'], 'there is no region "nowhere"'],
      [['--tenant=nobody'], 'no namespace stands for tenant "nobody"'],
      [['--from=lab'], 'the account has Shop'],
      [['--network-sku=n9k'], 'there are n10k, n1k, n5k'],
      [['--workspace=Not A Name'], 'lower case letters'],
    ] as const) {
      const { code, out, said } = await runImport(tenant, flags)
      expect([code, out, said], flags.join()).toEqual([78, '', expect.stringContaining(words)])
    }
    expect(readFileSync(file, 'utf8')).toBe('mine')
    const { code, out } = await runImport(tenant, ['--help'])
    expect([code, out]).toEqual([0, expect.stringContaining('--file')])
  })

  it('Ctrl-C ends it, and leaves no file', { timeout: 60_000 }, async () => {
    await stack.cloud.fault({ effect: 'hang', method: 'GET', type: 'servers', times: 1_000 })
    const file = join(folder, 'half.yaml')
    const { code, out, said } = await runImport(tenant, ['--file', file], (child) => {
      child.stderr?.on('data', (text: Buffer) => void (text.includes('looking through') && setTimeout(() => child.kill('SIGINT'), 1_000)))
    }).finally(() => stack.cloud.clearFaults())
    expect([code, out, said]).toEqual([1, '', expect.stringContaining('interrupted')])
    expect(readdirSync(folder)).not.toContain('half.yaml')
  })

  it('what is applied is taken over and only looked at: nothing is changed', { timeout: 120_000 }, async () => {
    await stack.client.patch(CloudProvider.gvr, undefined, 'simulator', {
      type: 'merge',
      body: { spec: { adoption: { tenants: [tenant.name] } } },
    })
    await applyManifests(manifests)
    await tenant.allReady(ours())
    for (const { kind, metadata } of ours()) {
      const synced = conditionOf(await tenant.get(kind, metadata.name), 'Synced')
      const isRight = synced?.status === 'True' || synced?.message === 'differs in tag'
      expect([kind, metadata.name, isRight, synced?.message]).toEqual([kind, metadata.name, true, synced?.message])
    }
    await quiet()
    expect(await mutations()).toEqual([])
    expect((await tenant.behind('Workspace', tenant.workspace)).id).toBe(project)
  })

  it('looked at again, there is nothing more to take over', { timeout: 60_000 }, async () => {
    const { code, out, said } = await runImport(tenant)
    expect([code, out], said).toEqual([0, ''])
    expect(said).toContain('nothing to take over')
  })

  it('what is new goes beside it, and refers to it', { timeout: 60_000 }, async () => {
    const { id } = await stack.cloud.object((await tenant.get('Subnet', 'main.front')).status?.externalId ?? '')
    const port = await stack.cloud.create('ports', { segment: id, name: 'web', addresses: null, firewalls: [], floating_ips: [] })
    await stack.cloud.finish()
    const { out, said } = await runImport(tenant)
    await stack.cloud.remove(port.id)
    since = (await stack.cloud.stats()).lastMutation
    expect(
      parseAllDocuments(out).map((one) => one.toJS() as Manifest),
      said,
    ).toMatchObject([{ kind: 'Nic', metadata: { name: 'web-2' }, spec: { subnetRef: { resource: 'networks/main/subnets/front' } } }])
  })

  it('enforced, all of it gets its tag, and nothing else is ever changed', { timeout: 120_000 }, async () => {
    const isBorrowed = ({ metadata }: Manifest) => metadata.name === 'orphan'
    for (const { kind, metadata } of ours().filter((one) => !isBorrowed(one)))
      await tenant.annotate(kind, metadata.name, { [DRIFT_POLICY]: null })
    await eventually(async () => {
      for (const { kind, metadata } of ours())
        expect([kind, metadata.name, conditionOf(await tenant.get(kind, metadata.name), 'Synced')?.status]).toEqual([
          kind,
          metadata.name,
          'True',
        ])
    })
    const done = await mutations()
    const isOfTag = ({ action, was, fields }: Mutation) => action === 'change' && was?.tag === '' && fields?.join() === 'tag,metadata'
    expect(done.filter((one) => !isOfTag(one))).toEqual([])
    expect(new Set(done.map(({ id }) => id)).size).toBe(ours().length - 1)
    await quiet()
    expect(await mutations()).toEqual(done)
    const [server] = (await stack.cloud.inventory()).items.filter(({ type }) => type === 'servers')
    expect(await stack.cloud.object(server?.id ?? '')).toMatchObject({ power: 'on', user_data: expect.stringContaining(SECRET) })
  })
})
