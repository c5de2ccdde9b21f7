import { describe, expect, it } from 'vitest'
import { ACTIVE, add, addNamespace, testCache } from '../../cache/testing.ts'
import { matchRoute } from './routes.ts'
import { surfaceNamed } from './surface.ts'
import { attemptOf, builtIns, find, isHere, keyOfTarget, locate, objectName, regionOfWorkspace, settled, workspaceNamed } from './target.ts'

const cache = testCache()
add(cache, 'Region', undefined, 'it-1', { availableZones: ['a'], cloudProvider: 'sim' }, ACTIVE)
add(cache, 'Workspace', 't', 'rome', { region: 'it-1' })
addNamespace(cache, 'r', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'rome' })
add(cache, 'Workspace', 't', 'coming', {})
const volume = add(cache, 'BlockStorage', 'w', 'disk', {})
const roman = add(cache, 'BlockStorage', 'r', 'disk', {})

const STORAGE = '/providers/seca.storage/v1/tenants/acme'
const PROD = `${STORAGE}/workspaces/prod/block-storages`
const ROLES = '/providers/seca.authorization/v1/tenants/acme/roles'
const target = (path: string, isPut?: boolean) => locate(cache, matchRoute('direct', path)!, isPut)
const found = (path: string) => find(cache, target(path))
const refusal = (path: string, isPut?: boolean) => {
  try {
    return target(path, isPut)
  } catch (error) {
    const { code, sources } = error as { code: string; sources: { parameter: string; pointer: string }[] }
    return [code, ...sources.map(({ parameter }) => parameter)]
  }
}

describe('a target', () => {
  it.each([
    [`${PROD}/disk`, { region: 'eu-1', tenant: 'acme', workspace: 'prod', name: 'disk', namespace: 'w', prefix: '' }, 'w/disk'],
    [PROD, { region: 'eu-1', tenant: 'acme', workspace: 'prod', namespace: 'w', prefix: '' }, 'w/'],
    [`${STORAGE}/images/i`, { region: 'eu-1', tenant: 'acme', name: 'i', namespace: 't', prefix: '' }, 't/i'],
    [`${STORAGE}/skus/RD100`, { region: 'eu-1', tenant: 'acme', name: 'rd100', prefix: 'eu-1.' }, 'eu-1.rd100'],
    [`/regions/it-1${STORAGE}/skus/x`, { region: 'it-1', tenant: 'acme', name: 'x', prefix: 'it-1.' }, 'it-1.x'],
    ['/providers/seca.region/v1/regions/eu-1', { region: 'eu-1', name: 'eu-1', prefix: '' }, 'eu-1'],
    [
      '/providers/seca.network/v1/tenants/acme/workspaces/prod/networks/n/subnets/s',
      { region: 'eu-1', tenant: 'acme', workspace: 'prod', parent: 'n', name: 's', namespace: 'w', prefix: 'n.' },
      'w/n.s',
    ],
    // Nothing is there (yet), and so is no namespace.
    [`${STORAGE.replace('acme', 'none')}/images/i`, { region: 'eu-1', tenant: 'none', name: 'i', prefix: '' }, undefined],
    [
      `${STORAGE}/workspaces/none/block-storages/x`,
      { region: 'eu-1', tenant: 'acme', workspace: 'none', name: 'x', prefix: '' },
      undefined,
    ],
    // A workspace of another region is not here.
    [
      `${STORAGE}/workspaces/rome/block-storages/disk`,
      { region: 'eu-1', tenant: 'acme', workspace: 'rome', name: 'disk', prefix: '' },
      undefined,
    ],
    [
      `/regions/it-1${STORAGE}/workspaces/rome/block-storages/disk`,
      { region: 'it-1', tenant: 'acme', workspace: 'rome', name: 'disk', namespace: 'r', prefix: '' },
      'r/disk',
    ],
  ])('%s', (path, expected, key) => {
    const one = target(path)
    const { surface, ...rest } = one
    expect(rest).toEqual(expected)
    expect(keyOfTarget(one)).toBe(key)
    expect(objectName(one)).toBe(`${expected.prefix}${'name' in expected ? expected.name : ''}`)
    // Read again when all is there: the same.
    expect(settled(cache, one)).toBe(one)
    expect(surface.kind.collection).toBe(matchRoute('direct', path)!.route.surface.kind.collection)
  })

  it.each([
    [`/regions/mars${STORAGE}/images`, ['NotFound']],
    [`${STORAGE.replace('acme', 'x'.repeat(65))}/images`, ['InvalidRequest', 'tenant']],
    [`${STORAGE}/workspaces/${'x'.repeat(65)}/block-storages`, ['InvalidRequest', 'workspace']],
    [`/providers/seca.network/v1/tenants/acme/workspaces/prod/networks/${'x'.repeat(65)}/subnets`, ['InvalidRequest', 'network']],
    [`${PROD}/${'x'.repeat(129)}`, ['InvalidRequest', 'name']],
    [`${PROD}/Disk`, ['InvalidRequest', 'name']],
    [`${PROD}/-x`, ['InvalidRequest', 'name']],
    [`${PROD}/ä`, ['InvalidRequest', 'name']],
  ])('%.60s… cannot be', (path, expected) => expect(refusal(path)).toEqual(expected))

  it('may be as long as it may be, and a wrong name is the content of a PUT', () => {
    expect(target(`${STORAGE.replace('acme', 'x'.repeat(64))}/images/${'x'.repeat(128)}`).name).toHaveLength(128)
    expect(refusal(`${PROD}/Disk`, true)).toEqual(['ValidationFailed', 'name'])
    expect(refusal(`${PROD.replace('prod', 'x'.repeat(65))}/x`, true)).toEqual(['InvalidRequest', 'workspace'])
  })

  it('gets its namespace when that comes, and then keeps it', () => {
    const early = target(`${STORAGE}/workspaces/coming/block-storages/x`)
    expect([early.namespace, settled(cache, early).namespace]).toEqual([undefined, undefined])
    addNamespace(cache, 'c', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'coming' })
    expect(settled(cache, early)).toEqual({ ...early, namespace: 'c' })
    const sku = target(`${STORAGE}/skus/x`)
    expect(settled(cache, sku)).toBe(sku)
  })
})

describe('what is found', () => {
  it('is the object of the place', () => {
    expect(found(`${PROD}/disk`)).toBe(volume)
    expect(found(`${PROD}/other`)).toBeUndefined()
    expect(found(`${STORAGE}/workspaces/none/block-storages/disk`)).toBeUndefined()
    expect(found(`${STORAGE}/workspaces/rome/block-storages/disk`)).toBeUndefined()
    expect(found(`/regions/it-1${STORAGE}/workspaces/rome/block-storages/disk`)).toBe(roman)
    expect(found(`/regions/it-1${PROD}/disk`)).toBeUndefined()
  })

  it('has the parent that the path names', () => {
    const subnet = add(cache, 'Subnet', 'w', 'n.b.c', { network: 'n' })
    const path = (network: string, name: string) =>
      `/providers/seca.network/v1/tenants/acme/workspaces/prod/networks/${network}/subnets/${name}`
    expect(found(path('n', 'b.c'))).toBe(subnet)
    expect(found(path('n.b', 'c'))).toBeUndefined()
  })

  it('of SKUs: those of the region, for the tenants that they are for', () => {
    const sku = add(cache, 'StorageSku', undefined, 'eu-1.own', { region: 'eu-1', tenants: ['acme'] })
    add(cache, 'StorageSku', undefined, 'eu-1.lost', { region: 'it-1' })
    expect(found(`${STORAGE}/skus/OWN`)).toBe(sku)
    expect(found(`${STORAGE.replace('acme', 'other')}/skus/own`)).toBeUndefined()
    expect(found(`${STORAGE.replace('acme', 'other')}/skus/rd100`)).toBeDefined()
    expect(found(`${STORAGE}/skus/lost`)).toBeUndefined()
    expect(isHere(cache, target('/providers/seca.storage/v1/tenants/acme/skus'), sku)).toBe(true)
  })

  it('of images and workspaces: those of the region', () => {
    const [here, there] = [add(cache, 'Image', 't', 'here', {}), add(cache, 'Image', 't', 'there', { region: 'it-1' })]
    expect([found(`${STORAGE}/images/here`), found(`/regions/it-1${STORAGE}/images/here`)]).toEqual([here, undefined])
    expect([found(`${STORAGE}/images/there`), found(`/regions/it-1${STORAGE}/images/there`)]).toEqual([undefined, there])
    const workspaces = '/providers/seca.workspace/v1/tenants/acme/workspaces'
    expect(found(`${workspaces}/rome`)).toBeUndefined()
    expect(found(`/regions/it-1${workspaces}/rome`)).toBe(workspaceNamed(cache, 'acme', 'rome'))
  })

  it('of roles: the built-in ones too, where there is the tenant, and stored ones first', () => {
    expect(found(`${ROLES}/seca.admin`)?.metadata).toMatchObject({ name: 'seca.admin', namespace: 't' })
    expect(found(`${ROLES.replace('acme', 'none')}/seca.admin`)).toBeUndefined()
    expect(found(`${ROLES}/seca.nothing`)).toBeUndefined()
    expect(builtIns(cache, target(ROLES))?.has('seca.admin')).toBe(true)
    expect(builtIns(cache, target(PROD))).toBeUndefined()
    const stored = add(cache, 'Role', 't', 'seca.admin', { permissions: [] })
    expect(found(`${ROLES}/seca.admin`)).toBe(stored)
  })
})

describe('a workspace', () => {
  it('is of its own region, or of the default one', () => {
    expect(['prod', 'rome', 'none'].map((name) => regionOfWorkspace(cache, 'acme', name))).toEqual(['eu-1', 'it-1', 'eu-1'])
    expect(workspaceNamed(cache, 'none', 'prod')).toBeUndefined()
  })
})

describe('what is asked about a target', () => {
  it('names the object as Kubernetes does, and only what there is', () => {
    const kind = surfaceNamed('Subnet')!.kind
    const path = '/providers/seca.network/v1/tenants/acme/workspaces/prod/networks/n/subnets'
    const place = { kind, region: 'eu-1', tenant: 'acme', workspace: 'prod', parent: 'n', namespace: 'w' }
    expect(attemptOf(target(path), 'list')).toEqual({ verb: 'list', ...place })
    expect(attemptOf(target(`${path}/s`), 'put', { isUpdate: true })).toEqual({
      verb: 'put',
      ...place,
      name: 's',
      objectName: 'n.s',
      isUpdate: true,
    })
    expect(attemptOf(target('/providers/seca.region/v1/regions'), 'list')).toEqual({
      verb: 'list',
      kind: surfaceNamed('Region')!.kind,
      region: 'eu-1',
    })
  })
})
