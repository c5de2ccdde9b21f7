import { describe, expect, it, test } from 'vitest'
import { add, addNamespace, testCache } from '../cache/testing.ts'
import { Instance, KINDS, kindNamed, Role, RoleAssignment } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import { defineKind } from '../kinds/kind.ts'
import { violationsOf } from './guards.ts'
import { zoneOf } from './zones.ts'

/** What is said against an object of tenant `acme`, beside which there is a tenant `other`. */
function said(kindName: string, namespace: string, spec: object): string[] {
  const cache = testCache()
  addNamespace(cache, 'o', { 'secapi.cloud/tenant': 'other' })
  const object = add(cache, kindName, namespace, 'it', spec)
  return [...violationsOf(cache, kindNamed(kindName) as Kind, object)].map(({ state, path, message }) => `${state} ${path}: ${message}`)
}

test('guards name fields that their kind has', () => {
  for (const kind of KINDS) for (const { field } of kind.guards ?? []) expect(kind.spec.shape, kind.kind).toHaveProperty(field)
})

test('a kind without guards is judged by none, whatever its fields are called', () => {
  const cache = testCache()
  const { guards: _guards, ...bare } = RoleAssignment
  const kind = defineKind({ ...bare, kind: 'Sharing' }) as Kind
  const object = add(cache, 'RoleAssignment', 't', 'a', { scopes: [{ tenants: ['nobody'] }], zone: 'z', permissions: 'all' })
  expect([...violationsOf(cache, kind, object)]).toEqual([])
})

describe('zone', () => {
  it.each([
    ['a', []],
    ['c', ['missing zone: zone "c" does not exist in region eu-1, which has a, b']],
    ['A', ['missing zone: zone "A" does not exist in region eu-1, which has a, b']],
    [' ', ['missing zone: zone " " does not exist in region eu-1, which has a, b']],
  ])('"%s"', (zone, expected) => {
    expect(said('Instance', 'w', { zone })).toEqual(expected)
    expect(said('Subnet', 'w', { zone, network: 'n' })).toEqual(expected)
  })

  it('empty: the first one, but an instance has to name it', () => {
    expect(said('Subnet', 'w', { zone: '', network: 'n' })).toEqual([])
    expect(said('Instance', 'w', { zone: '' })).toEqual(['impossible zone: must name a zone; region eu-1 has a, b'])
    const cache = testCache()
    const zoneFor = (spec: object) => zoneOf(cache, Instance as unknown as Kind, add(cache, 'Instance', 'w', 'i', spec))
    expect([zoneFor({ zone: '' }), zoneFor({ zone: 'b' })]).toEqual(['a', 'b'])
  })

  it("is one of the workspace's region; of a region that is not there nothing is said", () => {
    const cache = testCache()
    addNamespace(cache, 'f', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'far' })
    add(cache, 'Workspace', 't', 'far', { region: 'it-1' })
    const findings = (zone: string) =>
      [...violationsOf(cache, kindNamed('Instance') as Kind, add(cache, 'Instance', 'f', zone, { zone }))].map(({ message }) => message)
    expect(findings('a')).toEqual([])
    add(cache, 'Region', undefined, 'it-1', { availableZones: ['y'] })
    expect(findings('y')).toEqual([])
    expect(findings('a')).toEqual(['zone "a" does not exist in region it-1, which has y'])
  })
})

describe('scopes', () => {
  const own = (name: string) => `tenant "${name}": an assignment grants in its own tenant alone, which is "acme"`
  it.each([
    [{}, []],
    [{ tenants: [], regions: [], workspaces: [] }, []],
    [{ tenants: ['acme'], regions: ['eu-1'], workspaces: ['prod', 'not-made-yet', 'with.dots'] }, []],
    [{ tenants: ['*'], regions: ['*'], workspaces: ['*'] }, []],
    [{ tenants: ['acme', 'other'] }, []],
    [{ tenants: ['acme', 'none'] }, ['missing scopes[0].tenants[1]: tenant "none" does not exist']],
    [{ tenants: ['*', 'none'] }, ['missing scopes[0].tenants[1]: tenant "none" does not exist']],
    [{ regions: ['eu-1', 'none', '*'] }, ['missing scopes[0].regions[1]: region "none" does not exist']],
    // The same words whether there is such a tenant or not.
    [{ tenants: ['other'] }, [`impossible scopes[0].tenants[0]: ${own('other')}`]],
    [
      { tenants: ['none'] },
      [`impossible scopes[0].tenants[0]: ${own('none')}`, 'missing scopes[0].tenants[0]: tenant "none" does not exist'],
    ],
    ...['Prod', 'a b', 'pr*', '-a', 'a..b', 'prod/x', 'x'.repeat(64), '__proto__'].map((name): [object, string[]] => [
      { workspaces: ['prod', name] },
      [`impossible scopes[0].workspaces[1]: no workspace can be called "${name}"`],
    ]),
  ])('%j', (scope, expected) => {
    expect(said('RoleAssignment', 't', { subs: ['a'], roles: ['r'], scopes: [scope] })).toEqual(expected)
  })

  it('each scope is for itself', () => {
    expect(said('RoleAssignment', 't', { roles: ['r'], scopes: [{ tenants: ['acme'] }, { regions: ['x'] }] })).toEqual([
      'missing scopes[1].regions[0]: region "x" does not exist',
    ])
  })
})

describe('roles of an assignment', () => {
  it.each([['seca.admin'], ['seca.workspace-viewer'], ['not-made-yet'], ['team.a'], ['secaa'], ['seca'], ['123']])('%s', (name) => {
    expect(said('RoleAssignment', 't', { roles: [name], scopes: [{}] })).toEqual([])
  })
  it.each([['*'], ['Admin'], ['roles/admin'], ['seca.'], ['a_b'], ['admin '], ['__proto__']])('no role can be called "%s"', (name) => {
    expect(said('RoleAssignment', 't', { roles: ['r', name], scopes: [{}] })).toEqual([
      `impossible roles[1]: no role can be called "${name}"`,
    ])
  })
  it('of the built-in ones there are five', () => {
    const [message] = said('RoleAssignment', 't', { roles: ['seca.workspace.admin'], scopes: [{}] })
    expect(message).toContain('impossible roles[0]: there is no role "seca.workspace.admin", and none can be made')
    expect(message).toContain('seca.workspace-admin')
    expect(Role.builtIns?.specs.size).toBe(5)
  })
})
