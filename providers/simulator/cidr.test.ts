import { expect, it } from 'vitest'
import { isMetBy, toCloud, toSeca } from './cidr.ts'

it('a block without an address asks the cloud for one of its size', () => {
  expect(toCloud({ ipv4: '0.0.0.0/16', ipv6: 'fd00::/56' })).toEqual({ ipv4: 'auto/16', ipv6: 'fd00::/56' })
  expect(toCloud({ ipv6: '::/56' })).toEqual({ ipv6: 'auto/56' })
  expect(toSeca({ ipv4: '10.0.0.0/16', ipv6: undefined })).toStrictEqual({ ipv4: '10.0.0.0/16' })
  expect(toSeca({ ipv4: null, ipv6: 'fd00::/56' })).toStrictEqual({ ipv6: 'fd00::/56' })
})

it.each([
  [{ ipv4: '10.0.0.0/16' }, { ipv4: '10.0.0.0/16' }, true],
  [{ ipv4: '10.0.0.1/16' }, { ipv4: '10.0.0.0/16' }, true],
  [{ ipv4: '10.0.0.0/16' }, { ipv4: '10.1.0.0/16' }, false],
  [{ ipv4: '0.0.0.0/16' }, { ipv4: '10.1.0.0/16' }, true],
  [{ ipv4: '0.0.0.0/16' }, { ipv4: '10.1.0.0/24' }, false],
  [{ ipv6: '2001:DB8::/32' }, { ipv6: '2001:db8::/32' }, true],
  [{ ipv4: '0.0.0.0/16' }, { ipv4: '10.0.0.0/16', ipv6: 'fd00::/56' }, false],
  [{ ipv4: '0.0.0.0/16', ipv6: '::/56' }, { ipv4: '10.0.0.0/16' }, false],
  [{}, undefined, true],
  [{ ipv4: '0.0.0.0/16' }, undefined, false],
])('%j is met by %j: %j', (wanted, has, expected) => expect(isMetBy(wanted, has)).toBe(expected))
