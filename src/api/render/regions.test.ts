import { describe, expect, it } from 'vitest'
import { add, testCache } from '../../cache/testing.ts'
import { surfaceNamed } from '../path/surface.ts'
import type { Target } from '../path/target.ts'
import { regionSpec, wellknown } from './regions.ts'

const cache = testCache()
const target: Target = { surface: surfaceNamed('Region')!, region: 'eu-1', prefix: '' }
const region = (name: string, more: object = {}) =>
  add(cache, 'Region', undefined, name, { availableZones: ['a'], cloudProvider: 'sim', ...more })
const urls = (door: 'direct' | 'aggregated', name: string) => {
  const spec = regionSpec(door, 'https://a', 'eu-1')(target, region(name)) as {
    providers: { name: string; version: string; url: string }[]
  }
  return spec.providers.map(({ name: api, version, url }) => `${api} ${version} ${url}`).toSorted()
}

describe('a region', () => {
  it.each([
    ['direct', 'eu-1', 'https://a/providers/'],
    ['direct', 'it-1', 'https://a/regions/it-1/providers/'],
    ['aggregated', 'eu-1', 'https://a/apis/'],
    ['aggregated', 'it-1', 'https://a/apis/it-1.'],
  ] as const)('through the %s door, %s: lists the APIs of a region at %s…', (door, name, base) => {
    const apis = ['seca.compute', 'seca.network', 'seca.storage', 'seca.workspace']
    expect(urls(door, name)).toEqual(apis.map((api) => `${api} v1 ${base}${api}`))
  })

  it('says what its object says, where that says something', () => {
    const providers = [{ name: 'seca.compute', version: 'v1', url: 'https://own' }]
    expect(regionSpec('direct', 'https://a', 'eu-1')(target, region('x', { providers }))).toEqual({ availableZones: ['a'], providers })
    expect(regionSpec('direct', 'https://a', 'eu-1')(target, region('x'))).toMatchObject({ availableZones: ['a'] })
  })

  it('other kinds are as they are', () => {
    const image = add(cache, 'Image', 't', 'i', {})
    expect(regionSpec('direct', 'https://a', 'eu-1')({ ...target, surface: surfaceNamed('Image')! }, image)).toBeUndefined()
  })
})

describe('discovery', () => {
  it('names the APIs without a region, with their version', () => {
    expect(wellknown('direct', 'https://a')).toEqual({
      version: 'v1',
      endpoints: expect.arrayContaining([
        { provider: 'seca.region/v1', url: 'https://a/providers/seca.region/v1' },
        { provider: 'seca.authorization/v1', url: 'https://a/providers/seca.authorization/v1' },
      ]) as unknown,
    })
    const { endpoints } = wellknown('aggregated', 'https://a') as { endpoints: { url: string }[] }
    expect(endpoints.map(({ url }) => url).toSorted()).toEqual(['https://a/apis/seca.authorization/v1', 'https://a/apis/seca.region/v1'])
  })
})
