import { expect, test } from 'vitest'
import { buildTag } from '../../../src/provider/tags.ts'
import type { Subnet } from '../../../src/kinds/index.ts'
import type { Desired } from '../../../src/provider/contract.ts'
import type { NetworkClient } from './client.ts'
import { joined, subnet, SubnetAdapter, subnetIn } from './subnet.ts'

const tag = buildTag({ installation: 'ins', region: 'eu-1', path: 'seca.network/v1/tenants/a/workspaces/b/networks/n/subnets/s' })
const half = (id: string, version: 4 | 6, more: object = {}) => ({
  id,
  network_id: 'n',
  ip_version: version,
  description: `${tag} once`,
  name: 's',
  ...more,
})
const shown = (subnets: readonly { readonly id: string; readonly [key: string]: unknown }[]) =>
  subnets.map(({ id, ipv4, ipv6, routers }) => [
    id,
    (ipv4 as { id?: string } | undefined)?.id,
    (ipv6 as { id?: string } | undefined)?.id,
    routers,
  ])

test('two halves with one description are one subnet, with the routers that they are in', () => {
  expect(shown(joined([half('b', 6), half('a', 4)], new Map([['a', ['r', 'theirs']]])))).toEqual([['a', 'a', 'b', [['r', 'theirs'], []]]])
})

test('both halves of one in a network are known by one request, whichever half it is named by', async () => {
  const asked: unknown[] = []
  const all = (...[place, query]: Parameters<NetworkClient['all']>) => {
    asked.push([place, query])
    return Promise.resolve([half('x', 4, { description: 'of somebody else' }), half('a', 4), half('b', 6)])
  }
  const context = { signal: new AbortController().signal }
  const where = { parent: 'p', network: 'n' }
  for (const id of ['a', 'b'])
    expect(await subnetIn({ all }, { ...where, id }, context)).toMatchObject({ ipv4: { id: 'a' }, ipv6: { id: 'b' } })
  expect(await subnetIn({ all }, { ...where, id: undefined }, context)).toBeUndefined()
  expect(asked).toEqual(Array.from({ length: 3 }, () => [{ type: 'subnets', parent: 'p' }, { network_id: 'n' }]))
})

test('a second of a family is another subnet, and so is what another creation made', () => {
  expect(shown(joined([half('b', 4), half('a', 4), half('c', 6)], new Map()))).toEqual([
    ['a', 'a', 'c', [[], []]],
    ['b', 'b', undefined, [[]]],
  ])
  expect(joined([half('a', 4), half('b', 6, { description: `${tag} twice` })], new Map())).toHaveLength(2)
})

test("of somebody else's, those of one name in one network belong together", () => {
  const others = { description: '' }
  expect(shown(joined([half('a', 4, others), half('b', 6, others), half('c', 6, { ...others, name: '' })], new Map()))).toEqual([
    ['a', 'a', 'b', [[], []]],
    ['c', undefined, 'c', [[]]],
  ])
})

/** What a subnet in three routers is taken out of, and what it is put into. */
async function moved(how: 'update' | 'delete') {
  const calls: string[] = []
  const routes = [{ destination: '172.20.0.0/16', nexthop: '10.0.0.9' }]
  const routers = [
    { id: 'old', description: `${tag.replace('subnets/s', 'route-tables/old')} once`, routes },
    { id: 'theirs', description: '', routes },
    { id: 'others', description: tag.replace('ins/', 'another/'), routes },
  ]
  const found = { ...half('a', 4, { cidr: '10.0.0.0/24' }), ipv4: { id: 'a', cidr: '10.0.0.0/24' }, routers: [['theirs', 'old', 'others']] }
  const client = {
    get: () => Promise.resolve(found),
    among: (_place: unknown, _field: string, ids: readonly string[]) => Promise.resolve(routers.filter(({ id }) => ids.includes(id))),
    act: (_place: unknown, id: string, verb: string) => Promise.resolve(void calls.push(`${verb} ${id}`)),
    delete: (_place: unknown, id: string) => Promise.resolve(void calls.push(`delete ${id}`)),
  } as unknown as NetworkClient
  const desired = { tag, spec: { cidr: {} }, targets: { routeTableRef: { externalId: 'new' } } } as unknown as Desired<typeof Subnet>
  const seen = { externalId: 'a', status: {}, drift: ['routeTableRef'] }
  await new SubnetAdapter(client, [])[how](desired, seen, { signal: AbortSignal.timeout(1_000) })
  return calls
}

test('it moves from one of our routers to another, and nobody else loses an interface or a route', async () => {
  const left = ['remove_extraroutes old', 'remove_router_interface old']
  expect(await moved('update')).toEqual([...left, 'add_router_interface new'])
  expect(await moved('delete')).toEqual([...left, 'delete a'])
})

test('a router of somebody else beside that of its table is no difference', () => {
  const desired = { targets: { routeTableRef: { externalId: 'r' } } } as unknown as Desired<typeof Subnet>
  const isMet = (routers: readonly (readonly string[])[]) => subnet.wants['routeTableRef']?.isMet?.({ id: 'a', routers }, desired, {})
  expect([isMet([['theirs', 'r'], ['r']]), isMet([['theirs', 'r'], ['theirs']]), isMet([[]])]).toEqual([true, false, false])
})
