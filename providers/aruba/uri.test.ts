import { expect, test } from 'vitest'
import { hasUri, isIn, names, parentOf, pathOf, typeOf } from './uri.ts'

const SUBNET = '/projects/p1/providers/Aruba.Network/vpcs/v1/subnets/s1'

test('requests go to paths as they are documented, whatever the case of a URI', () => {
  expect(pathOf('/projects/p1/providers/aruba.network/elasticIPs/E1')).toBe('/projects/p1/providers/Aruba.Network/elasticIps/E1')
  expect(pathOf('/projects/../x y')).toBe('/projects/../x%20y')
})

test('a URI tells what an object is, and what it is in', () => {
  expect([typeOf(SUBNET), typeOf('/projects/p1/providers/Aruba.Network/elasticIPs/e')]).toEqual(['subnets', 'elasticIps'])
  expect([parentOf(SUBNET), parentOf('/projects/p1/providers/Aruba.Network/vpcs/v1'), parentOf('/projects/p1')]).toEqual([
    '/projects/p1/providers/Aruba.Network/vpcs/v1',
    '/projects/p1',
    undefined,
  ])
  expect([
    isIn(SUBNET, '/projects/p1/providers/Aruba.Network/VPCS/v1'),
    isIn(SUBNET, '/projects/p1/providers/Aruba.Network/vpcs/v'),
  ]).toEqual([true, false])
})

test('URIs are compared without case, and objects are named by URI, id or name', () => {
  expect(hasUri([SUBNET], SUBNET.toUpperCase())).toBe(true)
  expect(['s1', 'front', SUBNET, 's2', ''].map((text) => names(text, { uri: SUBNET, name: 'front' }))).toEqual([
    true,
    true,
    true,
    false,
    false,
  ])
})
