import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FINALIZER, REQUESTED, RESTART_REQUESTED } from '../../src/kinds/names.ts'
import { applyManifests, eventually, kubectl, type Stack, startStack } from '../support/harness.ts'
import { expectNoLeak, expectOneCreateEach, inventoryOf, mutationsOf, objectsOf, wipe } from '../support/audit.ts'
import { kstatus } from '../support/kstatus.ts'
import { everything, kindOf, type Manifest, to } from '../support/manifest.ts'
import { isSimulated } from '../support/names.ts'
import { conditionOf, Tenant } from '../support/tenant.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(async () => {
  await wipe(stack).finally(() => stack.stop())
})

describe.skipIf(!isSimulated)('the life of a whole tenant', () => {
  let tenant: Tenant
  let manifests: Manifest[]
  beforeAll(async () => {
    tenant = await Tenant.make(stack, { bare: true })
    manifests = everything(tenant, tenant.workspace)
  })

  it('gets ready whatever order it is applied in', async () => {
    await applyManifests(manifests.toReversed())
    await tenant.allReady(manifests)
    await expectNoLeak(stack, tenant)
    await expectOneCreateEach(stack, tenant)
    expect(await inventoryOf(stack, tenant)).toHaveLength(14)
    for (const namespace of [tenant.home, tenant.space])
      await kubectl(['wait', 'seca', '--all', '-n', namespace, '--for=condition=Ready', '--timeout=10s'])
  })

  it('says in status what the cloud assigned', async () => {
    const network = await tenant.get('Network', 'main')
    expect(network.status?.['cidr']).toEqual({
      ipv4: expect.stringMatching(/^10\.\d+\.0\.0\/16$/),
      ipv6: expect.stringMatching(/^fd[0-9a-f:]+\/56$/),
    })
    expect(network.status?.['additionalCidrs']).toEqual([{ ipv4: '172.20.0.0/16' }])
    const prefix = (network.status?.['cidr'] as { ipv4: string }).ipv4.split('.').slice(0, 2).join('.')
    const subnet = await tenant.get('Subnet', 'main.front')
    expect(subnet.status).toMatchObject({
      cidr: { ipv4: expect.stringMatching(/\/24$/), ipv6: expect.stringMatching(/\/64$/) },
      routeTableRef: to('route-tables/default'),
    })
    expect((subnet.status?.['cidr'] as { ipv4: string }).ipv4.startsWith(`${prefix}.`)).toBe(true)

    const nic = await tenant.get('Nic', 'web')
    expect(nic.status).toMatchObject({
      addresses: [expect.stringContaining(`${prefix}.`), expect.stringMatching(/^fd/)],
      macAddress: expect.stringMatching(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/),
      publicIpRefs: [to('public-ips/web')],
    })
    const path = `tenants/${tenant.name}/workspaces/${tenant.workspace}`
    await tenant.until('PublicIp', 'web', ({ status }) =>
      expect(status).toMatchObject({
        ipAddress: expect.stringMatching(/^198\.1[89]\./),
        attachedTo: to(`seca.network/v1/${path}/nics/web`),
      }),
    )
    for (const volume of ['boot', 'data'])
      await tenant.until('BlockStorage', volume, ({ spec, status }) =>
        expect(status).toMatchObject({ sizeGB: spec['sizeGB'], attachedTo: to(`seca.compute/v1/${path}/instances/web`) }),
      )
    expect((await tenant.get('BlockStorage', 'golden')).status).not.toHaveProperty('attachedTo')
    expect((await tenant.get('Image', 'base')).status?.['sizeMB']).toBeGreaterThan(0)
    const { status } = await tenant.get('Instance', 'web')
    expect(status).toMatchObject({ powerState: 'on' })
    expect(Date.parse(String(status?.['powerStateSince']))).toBeGreaterThan(Date.now() - 600_000)
    for (const [kind, name, field] of [
      ['RouteTable', 'main.default', 'routes'],
      ['SecurityGroup', 'web', 'rules'],
    ] as const)
      expect((await tenant.get(kind, name)).status?.[field], kind).toEqual([
        { state: 'active', conditions: [{ state: 'active', reason: 'Applied', lastTransitionAt: expect.any(String) }] },
      ])
    await tenant.until('Workspace', tenant.workspace, ({ status: own }) => expect(own).toMatchObject({ resourceCount: 12 }))
  })

  it('records each transition once, and its conditions with their generation', async () => {
    for (const object of await objectsOf(stack, tenant)) {
      const { kind, metadata, status } = object
      const history = status?.history ?? []
      expect(history.map(({ state }) => state).slice(-3), kind).toEqual(['active', 'creating', 'pending'])
      const times = history.map(({ lastTransitionAt }) => Date.parse(lastTransitionAt))
      expect(times, kind).toEqual(times.toSorted((one, other) => other - one))
      for (const { reason = '' } of history) expect(reason, kind).toMatch(/^([A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?)?$/)
      expect(status?.state, kind).toBe('active')
      expect(status?.observedGeneration, kind).toBe(metadata.generation)
      expect(
        status?.conditions?.map(({ type, status: is, observedGeneration }) => [type, is, observedGeneration]),
        kind,
      ).toEqual([
        ['Ready', 'True', metadata.generation],
        ['Synced', 'True', metadata.generation],
      ])
      for (const condition of status?.conditions ?? [])
        expect(condition.lastTransitionTime, kind).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
      expect(Date.parse(status?.lastModifiedAt ?? ''), kind).toBeGreaterThan(0)
      const isInCloud = !['Role', 'RoleAssignment'].includes(kind)
      // A role leaves its name behind in assignments: that is taken out first.
      expect([kind, metadata.finalizers ?? []]).toEqual([kind, kind === 'RoleAssignment' ? [] : [FINALIZER]])
      expect([kind, status?.externalId !== undefined]).toEqual([kind, isInCloud])
    }
    const ready = await tenant.events({ kind: 'Instance', name: 'web', reason: 'Ready' })
    expect(ready).toHaveLength(1)
    expect(ready[0]?.note).toContain('srv-')
  })

  it('tags what it makes with its SECA path', async () => {
    const { data } = await stack.client.raw<{ data: { id: string } }>('GET', '/api/v1/namespaces/seca-system/configmaps/seca-installation')
    const subnet = await tenant.behind('Subnet', 'main.front')
    const path = `seca.network/v1/tenants/${tenant.name}/workspaces/${tenant.workspace}/networks/main/subnets/front`
    expect(subnet['tag']).toBe(`${data.id}/eu-1/${path}`)
  })

  it('is not changed by being applied again', async () => {
    const versions = async () => (await objectsOf(stack, tenant)).map(({ metadata }) => metadata.resourceVersion)
    const before = await versions()
    const output = await applyManifests(manifests)
    expect(
      output
        .trim()
        .split('\n')
        .filter((line) => !line.endsWith(' unchanged')),
    ).toEqual([])
    expect(await versions()).toEqual(before)
  })

  it.each<[kind: string, name: string, spec: object, type: string, fields: object]>([
    ['BlockStorage', 'data', { sizeGB: 150 }, 'volumes', { size_gb: 150 }],
    ['Image', 'base', { boot: 'BIOS' }, 'templates', { firmware: 'bios' }],
    [
      'Network',
      'main',
      { additionalCidrs: [{ ipv4: '172.20.0.0/16' }, { ipv4: '172.21.0.0/16' }] },
      'vpcs',
      { extra: [{ ipv4: '172.20.0.0/16' }, { ipv4: '172.21.0.0/16' }] },
    ],
    ['Subnet', 'main.front', { zone: 'b' }, 'segments', { zone: 'b' }],
    ['InternetGateway', 'internet', { egressOnly: true }, 'uplinks', { egress_only: true }],
    [
      'SecurityGroupRule',
      'out',
      { direction: 'egress', protocol: 'tcp' },
      'filters',
      { rule: expect.objectContaining({ protocols: ['tcp'] }) },
    ],
    ['SecurityGroup', 'web', { rules: [] }, 'firewalls', { rules: [] }],
    ['PublicIp', 'web', { address: '198.19.250.9' }, 'floating-ips', { address: '198.19.250.9' }],
    ['Nic', 'web', { securityGroupRefs: [] }, 'ports', { firewalls: [] }],
    [
      'Instance',
      'web',
      { sshKeys: ['ssh-ed25519 BBBB bob'], userData: '#!/bin/sh' },
      'servers',
      { ssh_keys: ['ssh-ed25519 BBBB bob'], user_data: '#!/bin/sh' },
    ],
  ])('%s %s: a change of the spec reaches the cloud', async (kind, name, spec, type, fields) => {
    const before = await tenant.get(kind, name)
    const { metadata } = await tenant.edit(kind, name, { spec })
    expect(metadata.generation).toBe(before.metadata.generation + 1)
    const after = await tenant.ready(kind, name)
    const object = await tenant.behind(kind, name)
    expect(object).toMatchObject(fields)
    expect(object.id).toBe(before.status?.externalId)
    expect(after.status?.observedGeneration).toBe(metadata.generation)
    expect(after.status?.history?.slice(0, 2).map(({ state }) => state)).toEqual(['active', 'updating'])
    expect(after.status?.history).toHaveLength((before.status?.history?.length ?? 0) + 2)
    expect(Date.parse(after.status?.lastModifiedAt ?? '')).toBeGreaterThan(Date.parse(before.status?.lastModifiedAt ?? ''))
    const changes = (await mutationsOf(stack, tenant)).filter((one) => one.type === type && one.id === object.id && one.action === 'change')
    expect(changes).toHaveLength(1)
  })

  it('shows new routes as pending until their target is there', async () => {
    const route = { destinationCidrBlock: '192.0.2.0/24', targetRef: to('instances/later') }
    const { spec } = await tenant.get('RouteTable', 'main.default')
    await tenant.edit('RouteTable', 'main.default', {
      spec: { routes: [...(spec['routes'] as object[]), route, { ...route, targetRef: to('not/a/route') }] },
    })
    const states = async () =>
      ((await tenant.get('RouteTable', 'main.default')).status?.['routes'] as { state: string }[]).map(({ state }) => state)
    await eventually(async () => expect(await states()).toEqual(['active', 'pending', 'error']))
    await tenant.apply(
      tenant.of('BlockStorage', 'later', { sizeGB: 60, skuRef: to('skus/rd2k') }),
      tenant.of('Instance', 'later', { skuRef: to('skus/ds'), zone: '', bootVolume: { deviceRef: to('block-storages/later') } }),
    )
    const later = await tenant.ready('Instance', 'later')
    await eventually(async () => expect(await states()).toEqual(['active', 'active', 'error']))
    expect((await tenant.behind('RouteTable', 'main.default'))['routes']).toHaveLength(2)
    expect(later.status).toMatchObject({ powerState: 'off' })
    // An empty zone is the region's first.
    expect(await tenant.behind('Instance', 'later')).toMatchObject({ zone: 'a', power: 'off' })
  })

  it('switches instances off and on, and restarts them on request', async () => {
    const on = await tenant.get('Instance', 'web')
    await tenant.edit('Instance', 'web', { spec: { powerState: 'off' } })
    const off = await tenant.until('Instance', 'web', ({ status }) => status?.['powerState'] === 'off')
    expect(await tenant.behind('Instance', 'web')).toMatchObject({ power: 'off' })
    expect(Date.parse(String(off.status?.['powerStateSince']))).toBeGreaterThan(Date.parse(String(on.status?.['powerStateSince'])))
    await tenant.edit('Instance', 'web', { spec: { powerState: 'on' } })
    await tenant.until('Instance', 'web', ({ status }) => status?.['powerState'] === 'on' && status.state === 'active')

    const boots = async () => Number((await tenant.behind('Instance', 'web'))['boots'])
    const before = await boots()
    await tenant.annotate('Instance', 'web', { [RESTART_REQUESTED]: 'one' })
    await eventually(async () => expect(await boots()).toBe(before + 1))
    await tenant.ready('Instance', 'web')
    // The same request again is no request.
    await tenant.annotate('Instance', 'web', { [RESTART_REQUESTED]: 'one', [REQUESTED]: 'again' })
    await tenant.until('Instance', 'web', ({ status }) => status?.lastHandledRequest === 'again')
    expect(await boots()).toBe(before + 1)
  })

  it('answers a request token without a change, as a PUT that changes nothing leaves it', async () => {
    const before = await tenant.get('Network', 'main')
    await tenant.annotate('Network', 'main', { [REQUESTED]: 'token-1' })
    const after = await tenant.until('Network', 'main', ({ status }) => status?.lastHandledRequest === 'token-1')
    expect(after.status?.history?.slice(0, 2).map(({ state }) => state)).toEqual(['active', 'updating'])
    expect(after.status?.history).toHaveLength((before.status?.history?.length ?? 0) + 2)
  })

  it('goes with one kubectl delete, without a trace', async () => {
    const later = ['Instance', 'BlockStorage'].map((kind) => tenant.of(kind, 'later'))
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...manifests, ...later] })
    await kubectl(['delete', '-f', '-', '--timeout=90s'], { input })
    expect(await inventoryOf(stack, tenant)).toEqual([])
    expect(await objectsOf(stack, tenant)).toEqual([])
    // Nobody was told of blocked deletions: it was all on its way out.
    expect(await tenant.events({ reason: 'DeletionBlocked' })).toEqual([])
    // Adopted namespaces stay, without the labels that made them a workspace's.
    const namespace = await kubectl(['get', 'namespace', tenant.space, '-o', 'jsonpath={.metadata.labels}'])
    expect(JSON.parse(namespace)).toEqual({ 'kubernetes.io/metadata.name': tenant.space })
  })
})

describe('kinds without a cloud object', () => {
  it.concurrent('Role and RoleAssignment are current at once and leave nothing behind', async () => {
    const tenant = await Tenant.make(stack)
    const scopes = (tenants: string[], regions: string[]) => ({ scopes: [{ tenants, regions }] })
    await tenant.apply(
      tenant.of('Role', 'reader', { permissions: [{ provider: 'seca.storage', resources: ['*'], verb: ['get'] }] }),
      // A role and a subject that nobody knows may come later (contract §9); tenants and regions must be there.
      tenant.of('RoleAssignment', 'good', { subs: ['ann'], roles: ['nobody-made-this'], ...scopes([tenant.name], ['eu-1']) }),
      tenant.of('RoleAssignment', 'bad', { subs: ['ann'], roles: ['reader'], ...scopes(['no-such-tenant'], ['no-such-region']) }),
    )
    await tenant.ready('Role', 'reader')
    await tenant.ready('RoleAssignment', 'good')
    const bad = await tenant.stuck(
      'RoleAssignment',
      'bad',
      'Ready',
      'ReferenceNotFound',
      'tenant "no-such-tenant", region "no-such-region" not found',
    )
    expect(bad.status?.state).toBe('pending')
    expect(kstatus(bad)).toBe('InProgress')
    await tenant.edit('RoleAssignment', 'bad', { spec: scopes([tenant.name], []) })
    await tenant.ready('RoleAssignment', 'bad')
    await tenant.edit('Role', 'reader', { spec: { permissions: [{ provider: 'seca.storage', resources: ['*'], verb: ['list'] }] } })
    expect((await tenant.ready('Role', 'reader')).status?.history?.[0]).toMatchObject({ state: 'active' })
    for (const [kind, name] of [
      ['Role', 'reader'],
      ['RoleAssignment', 'good'],
      ['RoleAssignment', 'bad'],
    ] as const) {
      await tenant.delete(kind, name)
      await tenant.gone(kind, name, 5_000)
    }
  })

  it.concurrent('a deleted role leaves the assignments of its tenant, once, and a GitOps manager may bring it back', async () => {
    const tenant = await Tenant.make(stack)
    const other = await Tenant.make(stack)
    const role = tenant.of('Role', 'reader', { permissions: [{ provider: 'seca.storage', resources: ['*'], verb: ['get'] }] })
    const spec = (...roles: string[]) => ({ subs: ['ann'], roles, scopes: [{ workspaces: ['prod'] }] })
    const many = Array.from({ length: 600 }, (_, n) => tenant.of('RoleAssignment', `m${n}`, spec('reader', 'seca.admin')))
    const alone = tenant.of('RoleAssignment', 'alone', spec('reader'))
    await tenant.apply(role)
    await other.apply(other.of('RoleAssignment', 'alone', spec('reader')))
    const asGit = () =>
      stack.client.apply(kindOf('RoleAssignment').gvr, alone as never, { fieldManager: 'kustomize-controller', force: true })
    await asGit()
    await Promise.all(many.map((one) => tenant.apply(one)))
    await tenant.ready('Role', 'reader')
    await tenant.ready('RoleAssignment', 'alone')

    await tenant.delete('Role', 'reader')
    await tenant.gone('Role', 'reader')
    for (const { metadata } of many.filter((_, n) => n % 50 === 0))
      expect((await tenant.get('RoleAssignment', metadata.name)).spec['roles']).toEqual(['seca.admin'])
    expect((await other.get('RoleAssignment', 'alone')).spec['roles']).toEqual(['reader'])
    const left = await tenant.until('RoleAssignment', 'alone', (one) => conditionOf(one, 'Ready')?.reason === 'NoRoles')
    expect(left).toMatchObject({ spec: { roles: [] }, status: { state: 'active' } })
    expect(kstatus(left)).toBe('Current')

    await asGit()
    await tenant.ready('RoleAssignment', 'alone')
    expect((await tenant.get('RoleAssignment', 'alone')).spec['roles']).toEqual(['reader'])
  })

  it.skipIf(!isSimulated).concurrent('a Region waits for its CloudProvider, and both stay while something depends on them', async () => {
    const tenant = await Tenant.make(stack, { bare: true, prefix: 'r' })
    const [region, account] = [`${tenant.name}-region`, `${tenant.name}-cloud`]
    await tenant.apply(tenant.of('Region', region, { availableZones: ['z'], cloudProvider: account }))
    await tenant.stuck('Region', region, 'Ready', 'ReferenceNotFound', `CloudProvider "${account}" does not exist`)
    const { spec } = await tenant.get('CloudProvider', 'simulator')
    await tenant.apply(tenant.of('CloudProvider', account, spec))
    await tenant.ready('CloudProvider', account)
    await tenant.ready('Region', region)
    await tenant.apply(tenant.of('Workspace', tenant.workspace, { region }))
    const { status } = await tenant.ready('Workspace', tenant.workspace)
    expect(status?.externalId).toMatch(/^prj-/)

    await tenant.delete('Region', region)
    await tenant.delete('CloudProvider', account)
    await tenant.stuck('Region', region, 'Ready', 'DeletionBlocked', `Workspace "${tenant.workspace}"`)
    await tenant.stuck('CloudProvider', account, 'Ready', 'Deleting', `Region "${region}"`)
    await tenant.delete('Workspace', tenant.workspace)
    await tenant.gone('Workspace', tenant.workspace)
    await tenant.gone('Region', region)
    await tenant.gone('CloudProvider', account)
    expect(await inventoryOf(stack, tenant)).toEqual([])
  })

  it.concurrent('a CloudProvider of a type that is not there says which are', async () => {
    const tenant = await Tenant.make(stack, { bare: true })
    const account = `${tenant.name}-odd`
    await tenant.apply(tenant.of('CloudProvider', account, { type: 'nonesuch', credentialsSecretRef: { name: 'simulator-credentials' } }))
    const object = await tenant.stuck('CloudProvider', account, 'Stalled', 'Unsupported', 'simulator')
    expect(kstatus(object)).toBe('Failed')
    expect(conditionOf(object, 'Ready')?.status).toBe('False')
    await tenant.delete('CloudProvider', account)
    await tenant.gone('CloudProvider', account)
  })
})
