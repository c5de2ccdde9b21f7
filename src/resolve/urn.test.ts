import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { Reference } from '../kinds/ref.ts'
import { parseUrn, type Urn } from './urn.ts'

const NETWORK = { parentCollection: 'networks', parent: 'n' }

test.each([
  ['data', { name: 'data' }],
  ['skus/RD100', { collection: 'skus', name: 'RD100' }],
  ['storage-skus/RD500', { collection: 'storage-skus', name: 'RD500' }],
  ['images/ubuntu-24.04', { collection: 'images', name: 'ubuntu-24.04' }],
  ['workspaces/w/block-storages/b', { workspace: 'w', collection: 'block-storages', name: 'b' }],
  ['tenants/t/images/i', { tenant: 't', collection: 'images', name: 'i' }],
  ['networks/n/subnets/s', { ...NETWORK, collection: 'subnets', name: 's' }],
  ['networks/n', { collection: 'networks', name: 'n' }],
  // Names that look like another part.
  ['workspaces/v1/block-storages/b', { workspace: 'v1', collection: 'block-storages', name: 'b' }],
  ['tenants/v1/images/v1', { tenant: 'v1', collection: 'images', name: 'v1' }],
  ['networks/v1/subnets/v1', { parentCollection: 'networks', parent: 'v1', collection: 'subnets', name: 'v1' }],
  [
    'tenants/tenants/workspaces/workspaces/networks/networks',
    { tenant: 'tenants', workspace: 'workspaces', collection: 'networks', name: 'networks' },
  ],
  ['workspaces/a.b/nics/n', { workspace: 'a.b', collection: 'nics', name: 'n' }],
  [
    'seca.network/v1/tenants/t/workspaces/w/networks/n/route-tables/r',
    { provider: 'seca.network', version: 'v1', tenant: 't', workspace: 'w', ...NETWORK, collection: 'route-tables', name: 'r' },
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
  '/block-storages/b',
  'a/b/c',
  'a b',
  'skus/x?y',
  'block-storages/%62oot',
  'block-storages%2fboot',
  'block-storages/boot\n',
  'blöck-storages/b',
  'seca.storage/v1/tenants/t/workspaces/w/block-storages/b/extra',
  'seca.storage/tenants/t/images/i',
  'seca.storage/1/tenants/t/images/i',
  'workspaces/w/tenants/t/block-storages/b',
  'tenants/t/tenants/u/images/i',
  'networks/n/networks/m/subnets/s',
  'networks/n/clusters/c/subnets/s',
  'networks/n.b/subnets/c',
  'networks/N/subnets/c',
  `networks/${'n'.repeat(64)}/subnets/c`,
  'workspaces/W/nics/n',
  `workspaces/${'w'.repeat(64)}/nics/n`,
  'nics/n..m',
  'nics/n_m',
  'nics/n.-m',
  `nics/${'n'.repeat(129)}`,
])('refuses "%s"', (resource) => {
  expect(typeof parseUrn({ resource })).toBe('string')
})

test('says which part is wrong, and how it would be right', () => {
  expect(parseUrn({ resource: 'networks/n.b/subnets/c' })).toBe(
    '"networks/n.b/subnets/c": "n.b" cannot be a name in networks: at most 63 lower-case letters, digits and "-"',
  )
  expect(parseUrn({ resource: 'nics/n', workspace: '../x' })).toBe(
    '"nics/n": "../x" cannot be a workspace: at most 63 lower-case letters, digits, "-" and "."',
  )
})

describe('fields', () => {
  it('stand for the same parts inside the text', () => {
    const parts = {
      provider: 'seca.storage',
      version: 'v1',
      tenant: 't',
      region: 'eu-1',
      collection: 'images',
      name: 'i',
      text: 'images/i',
    }
    expect(parseUrn({ resource: 'images/i', tenant: 't', provider: 'seca.storage/v1', region: 'eu-1' })).toEqual(parts)
    expect(parseUrn({ resource: 'images/i', tenant: '', workspace: '', region: '', provider: '' })).toEqual({
      collection: 'images',
      name: 'i',
      text: 'images/i',
    })
  })

  it('must agree with the text', () => {
    expect(parseUrn({ resource: 'tenants/a/images/i', tenant: 'b' })).toBe('"tenants/a/images/i" says tenant a, the field tenant says b')
    expect(parseUrn({ resource: 'workspaces/a/nics/i', workspace: 'b' })).toContain('says workspace a')
    expect(parseUrn({ resource: 'seca.network/v1/workspaces/a/nics/i', provider: 'seca.storage' })).toContain('says provider seca.network')
    expect(parseUrn({ resource: 'seca.network/v1/workspaces/a/nics/i', provider: 'seca.network/v2' })).toContain('says version v1')
  })

  it.each([
    { provider: 'seca.network/v1/x' },
    { provider: 'seca.network/one' },
    { provider: '/v1' },
    { tenant: 'a/' },
    { tenant: '*' },
    { tenant: 'a/../b' },
    { workspace: '*' },
    { region: 'EU' },
    { region: 'eu.1' },
  ])('have the shape of what they name: %j', (fields) => {
    expect(typeof parseUrn({ resource: 'nics/n', ...fields })).toBe('string')
  })
})

const SCOPES = ['tenants', 'workspaces', 'networks']

/** The grammar of contract §4, every way to read a text tried: slow and obvious. */
function readings(text: string): Omit<Urn, 'text'>[] {
  const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
  const name = /^[a-z0-9]+([-.][a-z0-9]+|-)*$/i
  const all: Omit<Urn, 'text'>[] = []
  const words = text.split('/')
  for (const hasApi of [true, false])
    for (const hasTenant of [true, false])
      for (const hasWorkspace of [true, false])
        for (const hasParent of [true, false])
          for (const hasType of [true, false]) {
            const count = [hasApi, hasTenant, hasWorkspace, hasParent].filter(Boolean).length * 2 + (hasType ? 2 : 1)
            if (words.length !== count || (hasApi && count < 4)) continue
            const rest = [...words]
            const take = () => rest.shift() ?? ''
            const urn: Record<string, string> = {}
            if (hasApi) Object.assign(urn, { provider: take(), version: take() })
            if (hasTenant && take() === 'tenants') urn['tenant'] = take()
            if (hasWorkspace && take() === 'workspaces') urn['workspace'] = take()
            if (hasParent) Object.assign(urn, { parentCollection: take(), parent: take() })
            if (hasType) urn['collection'] = take()
            urn['name'] = take()
            const isRight =
              rest.length === 0 &&
              (!hasApi || (name.test(urn['provider']!) && !SCOPES.includes(urn['provider']!) && /^v\d+$/.test(urn['version']!))) &&
              (!hasTenant || urn['tenant'] !== undefined) &&
              (!hasWorkspace || urn['workspace'] !== undefined) &&
              (!hasParent || (urn['parentCollection'] === 'networks' && label.test(urn['parent']!))) &&
              (!hasWorkspace || (name.test(urn['workspace']!) && urn['workspace'] === urn['workspace']!.toLowerCase())) &&
              name.test(urn['name']!)
            if (isRight) all.push(urn as unknown as Urn)
          }
  return all
}

test('reads what the grammar reads, and nothing else', () => {
  const word = fc.constantFrom(
    'tenants',
    'workspaces',
    'networks',
    'seca.network',
    'v1',
    'a',
    'n.b',
    'N',
    'subnets',
    'nics',
    '',
    '..',
    'a%2f',
    '-a',
  )
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 10 }), (words) => {
      const resource = words.join('/')
      const read = parseUrn({ resource })
      const possible = readings(resource)
      const meant = possible.map((urn) => ({ ...urn, text: resource }))
      expect(typeof read === 'string' ? possible.some((urn) => isPlain(urn)) : !meant.some((urn) => isDeepStrictEqual(urn, read))).toBe(
        false,
      )
    }),
    { numRuns: 3_000 },
  )
})

/** A reading in which no word of the grammar stands for a name: nobody could read it another way. */
const isPlain = (urn: Omit<Urn, 'text'>): boolean =>
  ![urn.collection, urn.name, urn.tenant].some((part) =>
    ['tenants', 'workspaces', 'networks', 'seca.network', 'v1', '', '..', 'a%2f', '-a'].includes(part ?? 'a'),
  ) &&
  (urn.parent !== undefined || urn.collection !== 'networks')

test('what is written in full is read back, whether in the text or beside it', () => {
  const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?$/)
  const full = fc.record({ tenant: label, workspace: label, parent: fc.option(label, { nil: undefined }), name: label })
  fc.assert(
    fc.property(full, fc.subarray(['provider', 'tenant', 'workspace'] as const), ({ parent, ...rest }, beside) => {
      const values: Record<string, string> = { ...rest, provider: 'seca.network/v1' }
      const isBeside = (part: 'provider' | 'tenant' | 'workspace') => beside.includes(part)
      const resource = [
        ...(isBeside('provider') ? [] : ['seca.network/v1']),
        ...(isBeside('tenant') ? [] : ['tenants', rest.tenant]),
        ...(isBeside('workspace') ? [] : ['workspaces', rest.workspace]),
        ...(parent === undefined ? [] : ['networks', parent]),
        'subnets',
        rest.name,
      ].join('/')
      const reference: Reference = { resource, ...Object.fromEntries(beside.map((part) => [part, values[part]])) }
      expect(parseUrn(reference)).toEqual({
        provider: 'seca.network',
        version: 'v1',
        ...rest,
        ...(parent === undefined ? {} : { parentCollection: 'networks', parent }),
        collection: 'subnets',
        text: resource,
      })
    }),
  )
})
