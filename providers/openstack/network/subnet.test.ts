import { expect, test } from 'vitest'
import { buildTag } from '../../../src/provider/tags.ts'
import { joined } from './subnet.ts'

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
  expect(shown(joined([half('b', 6), half('a', 4)], new Map([['a', 'r']])))).toEqual([['a', 'a', 'b', ['r', '']]])
})

test('a second of a family is another subnet, and so is what another creation made', () => {
  expect(shown(joined([half('b', 4), half('a', 4), half('c', 6)], new Map()))).toEqual([
    ['a', 'a', 'c', ['', '']],
    ['b', 'b', undefined, ['']],
  ])
  expect(joined([half('a', 4), half('b', 6, { description: `${tag} twice` })], new Map())).toHaveLength(2)
})

test("of somebody else's, those of one name in one network belong together", () => {
  const others = { description: '' }
  expect(shown(joined([half('a', 4, others), half('b', 6, others), half('c', 6, { ...others, name: '' })], new Map()))).toEqual([
    ['a', 'a', 'b', ['', '']],
    ['c', undefined, 'c', ['']],
  ])
})
