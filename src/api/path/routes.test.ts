import { describe, expect, it } from 'vitest'
import type { Door } from '../contract.ts'
import { matchRoute } from './routes.ts'
import { GLOBAL_APIS, SURFACES } from './surface.ts'

/** `<collection> <place>[.<action>] <region> <values>`; undefined: nothing is there. */
function at(door: Door, path: string): string | undefined {
  const matched = matchRoute(door, path)
  if (matched === undefined) return undefined
  const { route, region, values } = matched
  return `${route.surface.kind.kind} ${route.place}${route.action === undefined ? '' : `.${route.action}`} ${region ?? '-'} ${values.join()}`
}

describe('a path', () => {
  it.each<[string, string | undefined]>([
    ['seca.storage/v1/tenants/t/skus', 'StorageSku collection - t'],
    ['seca.storage/v1/tenants/t/skus/s', 'StorageSku item - t,s'],
    ['seca.compute/v1/tenants/t/workspaces/w/instances', 'Instance collection - t,w'],
    ['seca.compute/v1/tenants/t/workspaces/w/instances/i', 'Instance item - t,w,i'],
    ['seca.compute/v1/tenants/t/workspaces/w/instances/i/start', 'Instance action.start - t,w,i'],
    ['seca.compute/v1/tenants/t/workspaces/w/instances/i/fly', undefined],
    ['seca.compute/v1/tenants/t/workspaces/w/instances/i/start/x', undefined],
    ['seca.network/v1/tenants/t/workspaces/w/networks/n/subnets/s', 'Subnet item - t,w,n,s'],
    ['seca.network/v1/tenants/t/workspaces/w/networks/n', 'Network item - t,w,n'],
    ['seca.network/v1/tenants/t/workspaces/w/subnets/s', undefined],
    ['seca.workspace/v1/tenants/t/workspaces', 'Workspace collection - t'],
    ['seca.workspace/v1/tenants/t/workspaces/w', 'Workspace item - t,w'],
    ['seca.region/v1/regions/r', 'Region item - r'],
    ['seca.authorization/v1/tenants/t/roles/r', 'Role item - t,r'],
    // Names that are words of paths elsewhere.
    ['seca.storage/v1/tenants/tenants/workspaces/workspaces/images', undefined],
    ['seca.storage/v1/tenants/tenants/images/images', 'Image item - tenants,images'],
    ['seca.storage', undefined],
    ['seca.storage/v1', undefined],
    ['seca.storage/v2/tenants/t/images', undefined],
    ['seca.storage/v1/tenants/t', undefined],
    ['seca.nothing/v1/tenants/t/images', undefined],
    ['Seca.Storage/v1/tenants/t/images', undefined],
    ['seca.storage/v1/tenants/t/images/', undefined],
    ['seca.storage/v1/tenants//images', undefined],
  ])('%s', (rest, expected) => {
    expect(at('direct', `/providers/${rest}`)).toBe(expected)
    expect(at('aggregated', `/apis/${rest}`)).toBe(expected)
  })

  it.each([
    ['/regions/eu-1/providers/seca.storage/v1/tenants/t/images', 'Image collection eu-1 t', undefined],
    ['/apis/eu-1.seca.storage/v1/tenants/t/images/i', undefined, 'Image item eu-1 t,i'],
    // The region ends at the first dot.
    ['/apis/eu.1.seca.storage/v1/tenants/t/images', undefined, undefined],
    ['/apis/.seca.storage/v1/tenants/t/images', undefined, undefined],
    ['/apis/seca.storage.v1/tenants/t/images', undefined, undefined],
    ['/regions/eu-1/seca.storage/v1/tenants/t/images', undefined, undefined],
    ['/regions/eu-1/apis/seca.storage/v1/tenants/t/images', undefined, undefined],
    ['/regions/eu-1/providers/seca.nothing/v1/tenants/t/images', undefined, undefined],
    ['/providers/eu-1.seca.storage/v1/tenants/t/images', undefined, undefined],
    ['/x/seca.storage/v1/tenants/t/images', undefined, undefined],
    ['providers/seca.storage/v1/tenants/t/images', undefined, undefined],
    ['/', undefined, undefined],
    ['', undefined, undefined],
  ])('%s belongs to one door', (path, direct, aggregated) => {
    expect([at('direct', path), at('aggregated', path)]).toEqual([direct, aggregated])
  })

  it('what has no region is not below one', () => {
    for (const api of GLOBAL_APIS.keys()) {
      const surface = SURFACES.find((one) => one.api === api)!
      const rest = surface.segments.map((segment) => (segment.startsWith('{') ? 'x' : segment)).join('/')
      expect(at('direct', `/providers/${api}/${rest}`)).toBeDefined()
      expect(at('direct', `/regions/eu-1/providers/${api}/${rest}`)).toBeUndefined()
      expect(at('aggregated', `/apis/eu-1.${api}/${rest}`)).toBeUndefined()
    }
  })

  it.each([
    ['%61%2D1', 'Image item - t,a-1'],
    ['%C3%A4', 'Image item - t,ä'],
    ['a%2Fb', undefined],
    ['a%2fb', undefined],
    ['%', undefined],
    ['%zz', undefined],
    ['%ff', undefined],
    ['%25', 'Image item - t,%'],
  ])('the name %s is decoded once', (name, expected) => {
    expect(at('direct', `/providers/seca.storage/v1/tenants/t/images/${name}`)).toBe(expected)
  })

  it('every surface has a collection, items and its actions, and no other', () => {
    for (const { kind, api, segments } of SURFACES) {
      const parameters = segments.filter((one) => one.startsWith('{')).map((_, index) => `p${index}`)
      let next = 0
      const base = `/providers/${api}/${segments.map((one) => (one.startsWith('{') ? parameters[next++] : one)).join('/')}`
      expect(at('direct', base)).toBe(`${kind.kind} collection - ${parameters.join()}`)
      expect(at('direct', `${base}/x`)).toBe(`${kind.kind} item - ${[...parameters, 'x'].join()}`)
      for (const action of ['start', 'stop', 'restart'])
        expect(at('direct', `${base}/x/${action}`)).toBe(
          kind.actions?.includes(action) === true ? `${kind.kind} action.${action} - ${[...parameters, 'x'].join()}` : undefined,
        )
    }
  })
})
