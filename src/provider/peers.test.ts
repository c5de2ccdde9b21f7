import { expect, test } from 'vitest'
import { formatBlock } from '../ip.ts'
import { blockNamed, blocksBehind, portRanges } from './peers.ts'

const other = (kind: string, status: object, targets = {}) =>
  blocksBehind({
    path: { api: 'a', tenant: 't', region: 'r', kind, name: 'n' },
    status: status as Readonly<Record<string, unknown>>,
    targets,
  }).map(formatBlock)

test('ports are ranges, of which either end is the other, and single ones', () => {
  expect([portRanges({ from: 80 }), portRanges({ to: 81 }), portRanges({ from: 1, to: 2, list: [9] }), portRanges({ list: [] })]).toEqual([
    [[80, 80]],
    [[81, 81]],
    [
      [1, 2],
      [9, 9],
    ],
    [],
  ])
})

test('an address is a block of one; anything else is a reference', () => {
  const text = (one: string) => formatBlock(blockNamed(one) as never)
  expect([text('10.0.0.9'), text('10.0.0.9/8'), text('fd00::1')]).toEqual(['10.0.0.9/32', '10.0.0.0/8', 'fd00::1/128'])
  expect(blockNamed('nics/web')).toBeUndefined()
})

test('whoever is named is there with all addresses; an instance with those of its NICs', () => {
  expect(other('Network', { cidr: { ipv4: '10.0.0.0/16' }, additionalCidrs: [{ ipv6: 'fd00::/56' }] })).toEqual([
    '10.0.0.0/16',
    'fd00::/56',
  ])
  expect([other('Nic', { addresses: ['10.0.0.5'] }), other('PublicIp', { ipAddress: '1.2.3.4' })]).toEqual([
    ['10.0.0.5/32'],
    ['1.2.3.4/32'],
  ])
  const nic = { path: { kind: 'Nic' }, status: { addresses: ['10.0.0.5'] } }
  expect(other('Instance', { addresses: ['9.9.9.9'] }, { primaryNicRef: nic })).toEqual(['10.0.0.5/32'])
})
