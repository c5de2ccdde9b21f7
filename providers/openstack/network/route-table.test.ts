import { expect, test } from 'vitest'
import type { Desired } from '../../../src/provider/contract.ts'
import type { RouteTable } from '../../../src/kinds/index.ts'
import { planOf, routeTable } from './route-table.ts'

type D = Pick<Desired<typeof RouteTable>, 'spec' | 'targets'>
const REACHES = ['10.0.0.0/24', 'fd00::/64']

/** Routes as `destination target`, and what the targets are. */
function plan(routes: readonly string[], targets: readonly (object | undefined)[] = []) {
  const spec = {
    routes: routes.map((route) => ({ destinationCidrBlock: route.split(' ')[0], targetRef: { resource: route.split(' ')[1] } })),
  }
  const found = targets.flatMap((target, i) => (target === undefined ? [] : [[`routes[${i}].targetRef`, target] as const]))
  return planOf({ spec, targets: Object.fromEntries(found) } as unknown as D, REACHES)
}
const gateway = (egressOnly: boolean) => ({ path: { kind: 'InternetGateway' }, spec: { egressOnly } })
const nic = { path: { kind: 'Nic' }, status: { addresses: ['fd00::7', '10.0.0.7'] } }

test('a default route to a gateway is the gateway of the router', () => {
  expect(plan(['0.0.0.0/0 g', '::/0 g'], [gateway(false), gateway(false)])).toEqual({ hasGateway: true, routes: [], items: {} })
})

test('no other route can go there, and nothing keeps IPv6 out', () => {
  const found = plan(['8.8.8.8/32 g', '::/0 g', '0.0.0.0/0 g'], [gateway(false), gateway(true), gateway(true)])
  expect(found.hasGateway).toBe(true)
  expect(Object.entries(found.items).map(([path, { state }]) => `${path} ${state}`)).toEqual(['routes[0] error', 'routes[1] error'])
})

test('addresses, NICs and instances, in the family of the route', () => {
  const instance = { path: { kind: 'Instance' }, targets: { primaryNicRef: nic } }
  expect(
    plan(
      ['192.168.0.0/16 10.0.0.9', '172.16.0.0/12 nics/a', 'fd01::/64 instances/a', '192.0.2.0/24 nics/later'],
      [undefined, nic, instance],
    ),
  ).toEqual({
    hasGateway: false,
    routes: [
      { destination: '192.168.0.0/16', nexthop: '10.0.0.9' },
      { destination: '172.16.0.0/12', nexthop: '10.0.0.7' },
      { destination: 'fd01::/64', nexthop: 'fd00::7' },
    ],
    items: {},
  })
})

test('what no subnet of the table holds is waited for', () => {
  expect(plan(['192.168.0.0/16 10.9.0.9'])).toMatchObject({
    routes: [],
    items: { 'routes[0]': { state: 'pending', message: expect.stringContaining('10.9.0.9') } },
  })
})

test('a block with bits of a host is that block, and a route is there once', () => {
  const routes = [
    '192.168.5.7/16 10.0.0.9',
    '192.168.0.0/16 10.0.0.9',
    '192.168.0.0/16 10.0.0.8',
    'fd01::7/64 fd00:0::9',
    'fd01::/64 fd00::9',
  ]
  expect(plan(routes).routes.map(({ destination, nexthop }) => `${destination} ${nexthop}`)).toEqual([
    '192.168.0.0/16 10.0.0.9',
    '192.168.0.0/16 10.0.0.8',
    'fd01::/64 fd00:0::9',
  ])
})

test('a gateway in another network than the one for that is another', () => {
  const wanted = {
    spec: { routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: { resource: 'g' } }] },
    targets: { 'routes[0].targetRef': gateway(false) },
  } as unknown as Desired<typeof RouteTable>
  const isRight = (router: object) => routeTable.wants['routes']?.isMet?.({ id: 'r', ...router }, wanted, {})
  expect(isRight({ external_gateway_info: { network_id: 'out' }, outside: 'out' })).toBe(true)
  expect(isRight({ external_gateway_info: { network_id: 'other' }, outside: 'out' })).toBe(false)
  // Nobody can tell.
  expect(isRight({ external_gateway_info: { network_id: 'other' } })).toBe(true)
  expect(isRight({ external_gateway_info: null, outside: 'out' })).toBe(false)
})
