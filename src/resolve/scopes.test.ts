import { describe, expect, it } from 'vitest'
import { add, addNamespace, testCache } from '../cache/testing.ts'
import type { Guard } from '../kinds/guards.ts'
import { kindNamed } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Rule } from './rule.ts'
import { names, scopes } from './scopes.ts'

const cache = testCache()
addNamespace(cache, 'o', { 'secapi.cloud/tenant': 'other' })
const kind = kindNamed('RoleAssignment') as Kind
/** What a rule says of a value in an assignment of tenant `acme`, or of a namespace without a tenant. */
const findings = (rule: Rule, value: unknown, guard: Guard, namespace = 't') => [
  ...rule(value, { lookup: cache, kind, object: add(cache, 'RoleAssignment', namespace, 'x', {}), guard }),
]

describe('scopes', () => {
  const said = (scope: object, namespace?: string) =>
    findings(scopes, [{}, scope], { rule: 'scopes', field: 'scopes' } as Guard, namespace).map(({ state, path }) => `${state} ${path}`)

  it.each<[object, string[]]>([
    [{}, []],
    [{ tenants: ['acme'], regions: ['eu-1'], workspaces: ['prod', 'later'] }, []],
    [{ tenants: ['*'], regions: ['*'], workspaces: ['*'] }, []],
    [{ tenants: ['other', 'acme'] }, []],
    [{ tenants: ['other', '*'] }, []],
    [{ tenants: ['other'] }, ['impossible scopes[1].tenants[0]']],
    [{ tenants: ['acme', 'none'] }, ['missing scopes[1].tenants[1]']],
    [{ tenants: ['none'] }, ['impossible scopes[1].tenants[0]', 'missing scopes[1].tenants[0]']],
    [{ regions: ['eu-1', 'mars'] }, ['missing scopes[1].regions[1]']],
    [
      { workspaces: ['prod', 'No Way', 'x'.repeat(64), 'x'.repeat(63)] },
      ['impossible scopes[1].workspaces[1]', 'impossible scopes[1].workspaces[2]'],
    ],
  ])('%j', (scope, expected) => expect(said(scope)).toEqual(expected))

  it('of a namespace without a tenant may name any', () => {
    expect(said({ tenants: ['other'] }, 'nowhere')).toEqual([])
    expect(said({ tenants: ['none'] }, 'nowhere')).toEqual(['missing scopes[1].tenants[0]'])
  })

  it('tell which tenants there are to nobody, and of what no watch tells', () => {
    const guard = { rule: 'scopes', field: 'scopes' } as Guard
    const [, tenant, region] = findings(scopes, [{ tenants: ['none'], regions: ['mars'] }], guard)
    expect(tenant).toMatchObject({ isPrivate: true, missing: 'tenant "none"' })
    expect(region).toMatchObject({ missing: 'region "mars"' })
    expect(region).not.toHaveProperty('isPrivate')
  })
})

describe('names', () => {
  const said = (value: string[], of?: string) =>
    findings(names, value, { rule: 'names', field: 'roles', ...(of === undefined ? {} : { of }) } as Guard).map(
      ({ state, path, message }) => `${state} ${path}: ${message}`,
    )

  it('are those that an object can have, and built-in ones that are there', () => {
    expect(said(['later', 'seca.admin', 'a.b'], 'Role')).toEqual([])
    expect(said(['later', 'No Way', 'seca.none'], 'Role')).toEqual([
      'impossible roles[1]: no role can be called "No Way"',
      expect.stringMatching(/^impossible roles\[2\]: there is no role "seca\.none", and none can be made; .* there are .*seca\.admin/),
    ])
    expect(said(['seca.none'], 'Image')).toEqual([])
  })

  it('are at least one, of a kind that there is', () => {
    expect(said([], 'Role')).toEqual(['impossible roles: must name at least one role'])
    expect([said(['No Way'], 'Nothing'), said(['No Way'])]).toEqual([[], []])
  })
})
