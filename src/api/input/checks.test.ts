import { describe, expect, it, test } from 'vitest'
import { cpuMs } from '../../dev/cpu-time.ts'
import { ACTIVE, add, testCache } from '../../cache/testing.ts'
import { kindNamed } from '../../kinds/index.ts'
import type { Kind } from '../../kinds/kind.ts'
import type { Resource } from '../../kinds/resource.ts'
import { guardIssues } from './checks.ts'

const cache = testCache()
add(cache, 'Network', 'w', 'net', { cidr: { ipv4: '10.0.0.0/16' } }, { ...ACTIVE, cidr: { ipv4: '10.0.0.0/16' } })
add(cache, 'Network', 'w', 'new', { cidr: { ipv4: '0.0.0.0/16' } })

const PLACES: Readonly<Record<string, string>> = { Instance: 'w', Subnet: 'w', Role: 't', RoleAssignment: 't' }

function issues(kindName: string, spec: object, before?: object) {
  const object = (one: object) => ({ metadata: { name: 'x', namespace: PLACES[kindName] }, spec: one }) as unknown as Resource
  return guardIssues(cache, kindNamed(kindName) as Kind, object(spec), before && object(before))
}
const pointers = (...input: Parameters<typeof issues>) => issues(...input).map(({ pointer }) => pointer)

describe('a write is refused, with a pointer', () => {
  it.each([
    ['Instance', { zone: 'z' }, ['/spec/zone']],
    ['Instance', { zone: '' }, ['/spec/zone']],
    ['Subnet', { network: 'net', zone: '', cidr: { ipv4: '10.1.0.0/24', ipv6: 'fd00::/64' } }, ['/spec/cidr/ipv4', '/spec/cidr/ipv6']],
    ['Subnet', { network: 'net', zone: 'z', cidr: { ipv4: '10.0.1.0/24' } }, ['/spec/zone']],
    ['RoleAssignment', { roles: ['r', '*'], scopes: [{}, { regions: ['mars'] }] }, ['/spec/scopes/1/regions/0', '/spec/roles/1']],
    [
      'Role',
      { permissions: [{ provider: 'seca.compute/v9', resources: ['/'], verb: ['fly'] }] },
      ['/spec/permissions/0/provider', '/spec/permissions/0/verb/0'],
    ],
    [
      'Role',
      { permissions: [{ provider: 'seca.compute', resources: ['*', 'nics/*'], verb: ['get'] }] },
      ['/spec/permissions/0/resources/1'],
    ],
  ])('%s %j', (kind, spec, expected) => {
    expect(pointers(kind, spec)).toEqual(expected)
  })

  it('the message of an empty zone names the zones', () => {
    expect(issues('Instance', { zone: '' })).toEqual([{ pointer: '/spec/zone', message: 'must name a zone; region eu-1 has a, b' }])
  })
})

test('what is only a matter of time is accepted', () => {
  expect(pointers('Subnet', { network: 'new', zone: 'a', cidr: { ipv4: '10.0.1.0/24' } })).toEqual([])
  expect(pointers('Subnet', { network: 'new', zone: 'a', cidr: { ipv4: '10.0.0.0/8' } })).toEqual(['/spec/cidr/ipv4'])
})

describe('what was wrong before may stay', () => {
  it.each([
    ['Instance', { zone: '' }, { zone: '', userData: 'x' }],
    ['Instance', { zone: 'gone' }, { zone: 'gone' }],
    [
      'Subnet',
      { network: 'net', zone: 'gone', cidr: { ipv4: '10.8.0.0/24' } },
      { network: 'net', zone: 'a', cidr: { ipv4: '10.8.0.0/24' } },
    ],
    // A region that is gone does not stand in the way of a further workspace, wherever it stands by then.
    [
      'RoleAssignment',
      { roles: ['r'], scopes: [{ regions: ['gone'] }] },
      { roles: ['r'], scopes: [{ workspaces: ['prod'] }, { regions: ['gone'] }] },
    ],
  ])('%s %j to %j', (kind, before, after) => {
    expect(pointers(kind, after, before)).toEqual([])
  })

  it('but nothing is added to it', () => {
    expect(pointers('Instance', { zone: '' }, { zone: 'a' })).toEqual(['/spec/zone'])
    expect(
      pointers(
        'Subnet',
        { network: 'net', zone: '', cidr: { ipv4: '10.9.0.0/24' } },
        { network: 'net', zone: '', cidr: { ipv4: '10.8.0.0/24' } },
      ),
    ).toEqual(['/spec/cidr/ipv4'])
    expect(
      pointers(
        'RoleAssignment',
        { roles: ['r'], scopes: [{ regions: ['gone', 'mars'] }] },
        { roles: ['r'], scopes: [{ regions: ['gone'] }] },
      ),
    ).toEqual(['/spec/scopes/0/regions/1'])
  })
})

test('no more is looked for than an answer can name', () => {
  const resources = Array.from({ length: 256 }, (_, at) => `x${at}`)
  const permissions = Array.from({ length: 256 }, () => ({ provider: 'seca.compute', resources, verb: ['get'] }))
  expect(issues('Role', { permissions })).toHaveLength(32)
})

test('a role that is as large as it may be is checked in no time', async () => {
  // The longest way to a match: every type is tried, and the last one fits.
  const resources = Array.from({ length: 256 }, (_, at) => `*r*u*l*e*s/${'a*'.repeat(5)}${at}`)
  const permissions = Array.from({ length: 64 }, () => ({ provider: 'seca.network', resources, verb: ['get'] }))
  expect(await cpuMs(() => expect(issues('Role', { permissions })).toEqual([]))).toBeLessThan(2_000)
})
