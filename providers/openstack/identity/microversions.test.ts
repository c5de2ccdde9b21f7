import { describe, expect, test } from 'vitest'
import { versionHeaders } from './microversions.ts'

const range = (min_version: string, version: string) => ({ id: 'v', min_version, version })

describe('versionHeaders', () => {
  test('ask for the version that the adapter speaks', () => {
    expect(versionHeaders('compute', { version: range('2.1', '2.103') })).toEqual({ 'openstack-api-version': 'compute 2.79' })
    expect(versionHeaders('volume', { versions: [range('', ''), range('3.0', '3.71')] })).toEqual({
      'openstack-api-version': 'volume 3.42',
    })
    expect(versionHeaders('network', {})).toEqual({})
  })

  test.each([[range('2.1', '2.72')], [range('2.80', '2.103')], [range('', '')]])('%j is refused', (version) => {
    expect(() => versionHeaders('compute', { version })).toThrow('version 2.79 is needed')
  })
})
