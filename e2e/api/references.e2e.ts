import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Attempt } from '../../src/api/contract.ts'
import { Image, Instance } from '../../src/kinds/index.ts'
import type { Resource } from '../../src/kinds/resource.ts'
import { eventually, type Stack, startStack } from '../support/harness.ts'
import { wipe } from '../support/audit.ts'
import { Paths, type Replica, startReplica, until } from '../support/seca.ts'
import { Tenant } from '../support/tenant.ts'

let stack: Stack
let api: Replica
let tenant: Tenant
let paths: Paths
let deny: ((attempt: Attempt) => boolean) | undefined
beforeAll(async () => {
  stack = await startStack()
  api = await startReplica({ deny: (attempt) => deny?.(attempt) === true })
  tenant = await Tenant.make(stack)
  await tenant.ready('Workspace', 'prod')
  paths = new Paths(tenant.name)
})
afterAll(async () => {
  await api.stop()
  await wipe(stack).finally(() => stack.stop())
})

const to = (resource: string) => ({ resource })
const put = (path: string, spec: object) => api.send('PUT', path, { body: { spec } })
const storage = (name: string) => paths.in('seca.storage', `block-storages/${name}`)
const network = (rest: string) => paths.in('seca.network', rest)
const instance = (name: string) => paths.in('seca.compute', `instances/${name}`)

async function active(path: string, spec: object) {
  const reply = await put(path, spec)
  expect([200, 201], JSON.stringify(reply.body)).toContain(reply.status)
  return until(api, path, 'active')
}

/** The 422 that a PUT gets, as its pointers; nothing is stored. */
async function refusal(path: string, spec: object): Promise<string[]> {
  const reply = await put(path, spec)
  expect(reply.status, JSON.stringify(reply.body)).toBe(422)
  expect((await api.send('GET', path)).status).toBe(404)
  return reply.body.sources.map(({ pointer, parameter }) => (parameter === 'body' ? pointer : parameter))
}

describe('references', () => {
  it.each([
    ['full URN', (t: string) => `seca.storage/v1/tenants/${t}/skus/RD500`],
    ['tenant and type', (t: string) => `tenants/${t}/skus/rd500`],
    ['shared tenant', () => 'tenants/seca/skus/rd500'],
    ['type and name', () => 'skus/RD500'],
    ['bare name', () => 'rd500'],
    ['invented prefix', () => 'storage-skus/RD500'],
  ])('%s: resolved, and echoed as sent', async (name, spelling) => {
    const path = storage(`sku-${name.toLowerCase().replaceAll(' ', '-')}`)
    const skuRef = to(spelling(tenant.name))
    expect((await active(path, { sizeGB: 50, skuRef })).spec['skuRef']).toEqual(skuRef)
  })

  it('keeps a string as an object, and separate fields as sent', async () => {
    expect((await active(storage('string'), { sizeGB: 50, skuRef: 'skus/rd500' })).spec['skuRef']).toEqual(to('skus/rd500'))
    const skuRef = { resource: 'skus/rd500', provider: 'seca.storage', tenant: tenant.name, region: 'eu-1' }
    expect((await active(storage('fields'), { sizeGB: 50, skuRef })).spec['skuRef']).toEqual(skuRef)
  })

  it('needs the caller’s right to read the target, whether it is there or not', async () => {
    deny = (attempt) => attempt.verb === 'get' && attempt.kind.kind === 'Image'
    try {
      for (const image of ['none', 'base']) {
        const reply = await put(storage('denied'), { sizeGB: 50, skuRef: to('rd500'), sourceImageRef: to(`images/${image}`) })
        expect([reply.status, reply.body.sources[0]?.pointer]).toEqual([403, '/spec/sourceImageRef'])
      }
    } finally {
      deny = undefined
    }
    expect((await put(storage('denied'), { sizeGB: 50, skuRef: to('rd500'), sourceImageRef: to('images/later') })).status).toBe(201)
    expect((await api.send('DELETE', storage('denied'))).status).toBe(202)
  })

  it('does not leave the tenant or workspace', async () => {
    const spec = { sizeGB: 50, skuRef: to('rd500') }
    expect(await refusal(storage('x'), { ...spec, sourceImageRef: to('tenants/other/images/base') })).toEqual(['/spec/sourceImageRef'])
    expect(
      await refusal(instance('x'), { skuRef: to('ds'), zone: 'a', bootVolume: { deviceRef: to('workspaces/other/block-storages/b') } }),
    ).toEqual(['/spec/bootVolume/deviceRef'])
    expect(await refusal(storage('x'), { ...spec, skuRef: to('networks/n/subnets/x/y') })).toEqual(['/spec/skuRef'])
    expect(await refusal(storage('x'), { ...spec, skuRef: { resource: `tenants/${tenant.name}/skus/rd500`, tenant: 'other' } })).toEqual([
      '/spec/skuRef',
    ])
  })
})

describe('what a PUT refuses (contract §9)', () => {
  it('SKUs, zones and volumes that are not there', async () => {
    expect(await refusal(storage('x'), { sizeGB: 50, skuRef: to('none') })).toEqual(['/spec/skuRef'])
    const spec = { skuRef: to('ds'), zone: 'a', bootVolume: { deviceRef: to('boot') } }
    expect(await refusal(instance('x'), { ...spec, zone: 'z' })).toEqual(['/spec/zone', '/spec/bootVolume/deviceRef'])
    expect(await refusal(instance('x'), { ...spec, dataVolumes: [{ deviceRef: to('d1') }, { deviceRef: to('d2') }] })).toEqual([
      '/spec/bootVolume/deviceRef',
      '/spec/dataVolumes/0/deviceRef',
      '/spec/dataVolumes/1/deviceRef',
    ])
  })

  it('workspaces and networks in the path that are not there', async () => {
    expect(
      await refusal(new Paths(tenant.name, 'none').in('seca.storage', 'block-storages/x'), { sizeGB: 50, skuRef: to('rd500') }),
    ).toEqual(['workspace'])
    expect(
      await refusal(network('networks/none/route-tables/x'), {
        routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: to('10.0.0.1') }],
      }),
    ).toEqual(['network'])
    const nobody = await put('/providers/seca.workspace/v1/tenants/nobody/workspaces/x', {})
    expect(nobody.status).toBe(404)
  })

  it('images: their volume must exist, in their region', async () => {
    const image = paths.of('seca.storage', 'images/base')
    const of = (blockStorageRef: unknown) => ({ blockStorageRef, cpuArchitecture: 'amd64' })
    const golden = to('workspaces/prod/block-storages/golden')
    for (const ref of [golden, to('workspaces/none/block-storages/golden'), { ...golden, region: 'mars' }])
      expect(await refusal(image, of(ref))).toEqual(['/spec/blockStorageRef'])
    await active(storage('golden'), { sizeGB: 50, skuRef: to('rd500') })
    expect((await active(image, of(golden))).spec).toMatchObject({ initializer: 'none', boot: 'UEFI' })
    const changed = await put(image, { blockStorageRef: to('workspaces/prod/block-storages/golden'), cpuArchitecture: 'arm64' })
    expect(changed.status).toBe(200)
    expect((await stack.client.get<Resource>(Image.gvr, tenant.home, 'base')).spec).toMatchObject({
      region: 'eu-1',
      cpuArchitecture: 'arm64',
    })
  })

  it('networks and everything in them', async () => {
    await active(network('networks/net'), { cidr: { ipv4: '10.9.0.0/16' }, skuRef: to('N1K') })
    const routes = (targetRef: object) => ({ routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef }] })
    const table = network('networks/net/route-tables/rt')
    expect(await refusal(table, routes(to('internet-gateways/igw')))).toEqual(['/spec/routes/0/targetRef'])
    expect(await refusal(table, { routes: [{ destinationCidrBlock: '10.0.0.0', targetRef: to('10.9.0.1') }] })).toEqual([
      '/spec/routes/0/destinationCidrBlock',
    ])
    // An instance may come later: its route is pending until then.
    const pending = await active(table, routes(to('instances/later')))
    expect(pending.status['routes']).toMatchObject([{ state: 'pending', conditions: [{ state: 'pending' }] }])

    const subnet = { cidr: { ipv4: '10.9.1.0/24' }, zone: '', routeTableRef: to('route-tables/rt') }
    const at = network('networks/net/subnets/sub')
    expect(await refusal(at, { ...subnet, routeTableRef: to('route-tables/none') })).toEqual(['/spec/routeTableRef'])
    expect(await refusal(at, { ...subnet, cidr: { ipv4: '10.8.1.0/24' } })).toEqual(['/spec/cidr/ipv4'])
    expect(await refusal(at, { ...subnet, cidr: { ipv4: '10.9.0.0/16' } })).toEqual(['/spec/cidr/ipv4'])
    expect(await refusal(at, { ...subnet, zone: 'nowhere' })).toEqual(['/spec/zone'])
    expect((await active(at, subnet)).spec).toEqual(subnet)

    const nic = network('nics/nic')
    expect(await refusal(nic, { subnetRef: to('subnets/none') })).toEqual(['/spec/subnetRef'])
    expect(await refusal(nic, { subnetRef: to('subnets/sub'), skuRef: to('none') })).toEqual(['/spec/skuRef'])
    expect((await put(nic, { subnetRef: to('subnets/sub'), addresses: null, publicIpRefs: [to('public-ips/later')] })).status).toBe(201)
    const fixed = await put(network('networks/net'), { cidr: { ipv4: '10.7.0.0/16' }, skuRef: to('N1K') })
    expect([fixed.status, fixed.body.sources[0]?.pointer]).toEqual([422, '/spec/cidr'])

    expect(await refusal(network('security-groups/sg'), { ruleRefs: [to('security-group-rules/none')] })).toEqual(['/spec/ruleRefs/0'])
    expect(await refusal(network('security-groups/sg'), { rules: [{ direction: 'ingress', ports: {} }] })).toEqual(['/spec/rules/0/ports'])

    // What holds what (contract §9, "delete").
    const blocked = async (path: string, by: string) => {
      const reply = await api.send('DELETE', path)
      expect([reply.status, reply.body.detail]).toEqual([409, expect.stringContaining(by)])
    }
    await blocked(network('networks/net'), 'routing-table "net.rt"')
    await blocked(at, 'nic "nic"')
    expect((await api.send('DELETE', table)).status).toBe(202)
    await eventually(async () => expect((await api.send('GET', table)).status).toBe(404))
    await blocked(network('networks/net'), 'nic "nic"')
    expect((await api.send('DELETE', nic)).status).toBe(202)
    await eventually(async () => expect((await api.send('DELETE', network('networks/net'))).status).toBe(202))
    await eventually(async () => expect((await api.send('GET', at)).status).toBe(404))
  })

  it('role assignments and roles that speak of nothing', async () => {
    const path = paths.of('seca.authorization', 'role-assignments/ra')
    const spec = (scope: object) => ({ subs: ['someone'], roles: ['unknown'], scopes: [scope] })
    expect(await refusal(path, spec({ tenants: ['none'] }))).toEqual(['/spec/scopes/0/tenants/0'])
    expect(await refusal(path, spec({ regions: ['eu-1', 'none'] }))).toEqual(['/spec/scopes/0/regions/1'])
    expect((await put(path, spec({ tenants: [tenant.name], regions: ['eu-1'], workspaces: ['later'] }))).status).toBe(201)
    const role = paths.of('seca.authorization', 'roles/r')
    const permission = (provider: string, verb: string) => ({ permissions: [{ provider, resources: ['*'], verb: [verb] }] })
    expect(await refusal(role, permission('seca.unknown', 'get'))).toEqual(['/spec/permissions/0/provider'])
    expect(await refusal(role, permission('seca.compute', 'fly'))).toEqual(['/spec/permissions/0/verb/0'])
    for (const provider of ['*', 'seca.compute/v9', 'seca.compute/v1/x'])
      expect(await refusal(role, permission(provider, 'get'))).toEqual(['/spec/permissions/0/provider'])
    const patterns = { permissions: [{ provider: 'seca.compute', resources: ['instances/*', 'nics/*', 'instances//x'], verb: ['get'] }] }
    expect(await refusal(role, patterns)).toEqual(['/spec/permissions/0/resources/1', '/spec/permissions/0/resources/2'])
    expect((await put(role, permission('seca.compute/v1', 'GET'))).status).toBe(201)
    expect((await put(path, { ...spec({ regions: ['*'], workspaces: ['*'] }), roles: ['later', 'seca.admin'] })).status).toBe(200)
    const other = paths.of('seca.authorization', 'role-assignments/other')
    expect(await refusal(other, { ...spec({ workspaces: ['No Such'] }), roles: ['later', 'seca.later'] })).toEqual([
      '/spec/scopes/0/workspaces/0',
      '/spec/roles/1',
    ])
  })

  it('an empty zone of an instance, unless it was stored so', async () => {
    await active(storage('zoneless'), { sizeGB: 50, skuRef: to('rd500') })
    const spec = { skuRef: to('ds'), zone: '', bootVolume: { deviceRef: to('zoneless') } }
    const reply = await put(instance('zoneless'), spec)
    expect([reply.status, reply.body.sources, reply.body.detail]).toEqual([
      422,
      [{ pointer: '/spec/zone', parameter: 'body' }],
      'spec.zone: must name a zone; region eu-1 has a, b, c',
    ])
    await tenant.apply(tenant.of('Instance', 'zoneless', spec))
    const stored = await until(api, instance('zoneless'), 'active')
    expect(stored.spec['zone']).toBe('')
    expect((await put(instance('zoneless'), { ...spec, userData: 'x' })).status).toBe(200)
    expect((await put(instance('zoneless'), { ...spec, zone: 'z' })).status).toBe(422)
  })
})

describe('an instance', () => {
  it('starts, stops and restarts, in the right state only', async () => {
    await active(storage('boot'), { sizeGB: 50, skuRef: to('rd500') })
    const path = instance('web')
    const spec = { skuRef: to('DS'), zone: 'a', bootVolume: { deviceRef: to('boot') } }
    const made = await active(path, spec)
    expect(made.status).toMatchObject({ powerState: 'off' })
    const act = async (action: string, headers: Record<string, string> = {}) =>
      (await api.send('POST', `${path}/${action}`, { headers })).status
    expect(await act('stop')).toBe(409)
    expect(await act('restart')).toBe(409)
    expect(await act('start', { 'if-unmodified-since': '1' })).toBe(412)
    expect(await act('fly')).toBe(404)

    const states = made.status.conditions.map(({ state }) => state)
    const [first, second] = await Promise.all([act('start'), act('start')])
    expect([first, second].toSorted()).toEqual([202, 409])
    expect((await api.send('GET', path)).body.status.state).toBe('updating')
    const on = await until(api, path, 'active')
    expect(on.status).toMatchObject({ powerState: 'on', powerStateSince: expect.any(String) })
    expect(on.metadata.resourceVersion).toBeGreaterThan(made.metadata.resourceVersion)
    expect(on.status.conditions.map(({ state }) => state)).toEqual(['active', 'updating', ...states])
    expect(await act('start')).toBe(409)

    // A PUT leaves the power alone, and the volume that it boots from cannot go.
    expect((await put(path, spec)).body.spec).not.toHaveProperty('powerState')
    expect((await until(api, path, 'active')).status).toMatchObject({ powerState: 'on' })
    expect((await stack.client.get<Resource>(Instance.gvr, tenant.space, 'web')).spec).toMatchObject({ powerState: 'on' })
    expect((await api.send('DELETE', storage('boot'))).status).toBe(409)

    expect(await act('restart')).toBe(202)
    const again = await until(api, path, 'active')
    expect(again.status['powerState']).toBe('on')
    expect(again.status.conditions.slice(0, 2).map(({ state }) => state)).toEqual(['active', 'updating'])
    expect(await act('stop')).toBe(202)
    expect((await until(api, path, 'active')).status).toMatchObject({ powerState: 'off' })
    expect(
      (await stack.cloud.mutations(0)).filter(
        ({ tag, action }) => tag.includes(`${tenant.name}/`) && tag.endsWith('/web') && action === 'create',
      ),
    ).toHaveLength(1)
  })
})
