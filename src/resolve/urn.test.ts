import { expect, test } from 'vitest'
import { parseUrn } from './urn.ts'

test.each([
  ['data', { name: 'data' }],
  ['skus/RD100', { collection: 'skus', name: 'RD100' }],
  ['workspaces/w/block-storages/b', { workspace: 'w', collection: 'block-storages', name: 'b' }],
  ['tenants/t/images/i', { tenant: 't', collection: 'images', name: 'i' }],
  ['networks/n/subnets/s', { parent: 'n', collection: 'subnets', name: 's' }],
  ['networks/n', { collection: 'networks', name: 'n' }],
  [
    'seca.network/v1/tenants/t/workspaces/w/networks/n/route-tables/r',
    { provider: 'seca.network', tenant: 't', workspace: 'w', parent: 'n', collection: 'route-tables', name: 'r' },
  ],
])('%s', (resource, parts) => {
  expect(parseUrn({ resource })).toEqual({ ...parts, text: resource })
})

test.each([
  '',
  '/',
  'a//b',
  '../x',
  'block-storages/',
  'a/b/c',
  'a b',
  'skus/x?y',
  'seca.storage/v1/tenants/t/workspaces/w/block-storages/b/extra',
])('refuses "%s"', (resource) => {
  expect(typeof parseUrn({ resource })).toBe('string')
})

test('fields stand for the same parts inside the text, and must agree with them', () => {
  expect(parseUrn({ resource: 'images/i', tenant: 't', provider: 'seca.storage/v1' })).toMatchObject({
    tenant: 't',
    provider: 'seca.storage',
  })
  expect(parseUrn({ resource: 'tenants/a/images/i', tenant: 'b' })).toBe('"tenants/a/images/i" says tenant a, the field tenant says b')
})
