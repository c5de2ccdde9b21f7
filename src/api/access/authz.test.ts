import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Cache } from '../../cache/cache.ts'
import { add, addNamespace, testCache } from '../../cache/testing.ts'
import { KINDS, kindNamed } from '../../kinds/index.ts'
import { createAuthorizer } from './authz.ts'
import { RoleBook } from './book.ts'
import type { Attempt, TokenScope } from '../contract.ts'
import { explain, parseAttempt } from './explain.ts'
import { SYSTEM_ROLES } from '../../kinds/authorization/system-roles.ts'

let cache: Cache
beforeEach(() => {
  cache = testCache()
})

const ME = 'alice'
const caller = (scope: TokenScope = {}, subject = ME) => ({ door: 'direct', subject, scope }) as const
const attempt = (verb: Attempt['verb'], resource: string, region?: string): Attempt => {
  const read = parseAttempt(cache, verb, resource)
  return region === undefined ? read : { ...read, region }
}
let count = 0
const assign = (spec: { subs?: string[]; roles: string[]; scopes?: object[] }, namespace = 't', metadata = {}) =>
  add(cache, 'RoleAssignment', namespace, `ra-${count++}`, { subs: [ME], scopes: [{}], ...spec }, undefined, metadata)
const role = (name: string, permissions: object[], namespace = 't') => add(cache, 'Role', namespace, name, { permissions })
const may = (verb: Attempt['verb'], resource: string, scope: TokenScope = {}) =>
  new RoleBook(cache).decide(caller(scope), attempt(verb, resource)).isAllowed

const T = 'tenants/acme'
const W = `${T}/workspaces/prod`
const INSTANCE = `seca.compute/v1/${W}/instances/web`
const INSTANCES = `seca.compute/v1/${W}/instances`
const SUBNET = `seca.network/v1/${W}/networks/net/subnets/a`
const SUBNETS = `seca.network/v1/${W}/networks/net/subnets`

describe('roles', () => {
  it('nobody may anything without an assignment, and regions are for everyone', () => {
    expect(may('get', INSTANCE)).toBe(false)
    expect(may('get', 'seca.compute/v1/tenants/nowhere/workspaces/w/instances/x')).toBe(false)
    expect(may('list', 'seca.region/v1/regions')).toBe(true)
    expect(may('get', 'seca.region/v1/regions/eu-1')).toBe(true)
  })

  it('says the same of a tenant that does not exist', () => {
    const decide = (tenant: string) =>
      new RoleBook(cache).decide(caller(), { ...attempt('get', INSTANCE), tenant }).why.replaceAll(tenant, 'T')
    expect(decide('nowhere')).toBe(decide('acme'))
  })

  it.each([
    ['instances/*', 'get', INSTANCE, true],
    ['instances/*', 'list', INSTANCES, true],
    ['instances', 'list', INSTANCES, true],
    ['instances', 'get', INSTANCE, false],
    ['instances/web', 'get', INSTANCE, true],
    ['instances/web', 'list', INSTANCES, false],
    ['instances/w*b', 'get', INSTANCE, true],
    ['instances/d*', 'get', INSTANCE, false],
    ['*', 'get', INSTANCE, true],
    ['*', 'list', INSTANCES, true],
    ['*/*', 'get', INSTANCE, true],
    ['inst*', 'get', INSTANCE, false],
    ['instances/*/x', 'get', INSTANCE, false],
    ['skus/*', 'get', INSTANCE, false],
  ] as const)('resource %s, %s %s: %s', (pattern, verb, resource, expected) => {
    role('mine', [{ provider: 'seca.compute', resources: [pattern], verb: ['*'] }])
    assign({ roles: ['mine'] })
    expect(may(verb, resource)).toBe(expected)
  })

  it.each([
    ['subnets/*', 'get', SUBNET, true],
    ['subnets/*', 'list', SUBNETS, true],
    ['networks/subnets/*', 'get', SUBNET, true],
    ['networks/subnets', 'list', SUBNETS, true],
    ['networks/net/subnets/*', 'get', SUBNET, true],
    ['networks/net/subnets/a', 'get', SUBNET, true],
    ['networks/n*/subnets', 'list', SUBNETS, true],
    ['networks/other/subnets/*', 'get', SUBNET, false],
    ['networks/*', 'get', SUBNET, false],
    ['networks/*', 'list', SUBNETS, false],
    ['networks/*/*/*', 'get', SUBNET, false],
  ] as const)('nested: %s, %s: %s', (pattern, verb, resource, expected) => {
    role('mine', [{ provider: 'seca.network/v1', resources: [pattern], verb: ['get', 'LIST'] }])
    assign({ roles: ['mine'] })
    expect(may(verb, resource)).toBe(expected)
  })

  it.each([
    ['seca.compute', true],
    ['seca.compute/v1', true],
    ['seca.compute/v2', false],
    ['seca', false],
    ['*', false],
    ['SECA.compute', false],
  ])('provider %s: %s', (provider, expected) => {
    role('mine', [{ provider, resources: ['*'], verb: ['get'] }])
    assign({ roles: ['mine'] })
    expect(may('get', INSTANCE)).toBe(expected)
  })

  it.each([
    [['GET'], 'get', true],
    [['Put'], 'put', true],
    [['*'], 'delete', true],
    [['get', 'list'], 'put', false],
    [['post'], 'post', true],
    [['post.start'], 'post', true],
    [['post.stop'], 'post', false],
    [['put'], 'post', false],
  ] as const)('verbs %j for %s: %s', (verb, wanted, expected) => {
    role('mine', [{ provider: 'seca.compute', resources: ['instances/*'], verb }])
    assign({ roles: ['mine'] })
    expect(may(wanted, wanted === 'post' ? `${INSTANCE}/start` : INSTANCE)).toBe(expected)
  })

  it.each(['compute', 'storage', 'network'])('SKUs of %s are named without case, in permissions as in paths', (api) => {
    role('mine', [{ provider: `seca.${api}`, resources: ['skus/DS'], verb: ['get'] }])
    assign({ roles: ['mine'] })
    for (const name of ['ds', 'DS', 'Ds']) expect(may('get', `seca.${api}/v1/${T}/skus/${name}`)).toBe(true)
    expect(may('get', `seca.${api}/v1/${T}/skus/dx`)).toBe(false)
    expect(may('list', `seca.${api}/v1/${T}/skus`)).toBe(false)
  })

  it('permissions are not mixed: provider, resource and verb must stand in one', () => {
    role('mine', [
      { provider: 'seca.compute', resources: ['instances/*'], verb: ['get'] },
      { provider: 'seca.network', resources: ['*'], verb: ['delete'] },
    ])
    assign({ roles: ['mine'] })
    expect(may('delete', INSTANCE)).toBe(false)
  })
})

describe('assignments', () => {
  it('hold in their own tenant only, whatever their scopes say', () => {
    addNamespace(cache, 'o', { 'secapi.cloud/tenant': 'other' })
    addNamespace(cache, 'ow', { 'secapi.cloud/tenant': 'other', 'secapi.cloud/workspace': 'prod' })
    assign({ roles: ['seca.admin'], scopes: [{ tenants: ['acme'] }, { tenants: ['*'] }, {}] }, 'o')
    expect(may('get', INSTANCE)).toBe(false)
    expect(may('get', INSTANCE.replace('acme', 'other'))).toBe(true)
    // One that names other tenants only grants nothing at all.
    assign({ roles: ['seca.admin'], scopes: [{ tenants: ['other'] }] })
    expect(may('get', INSTANCE)).toBe(false)
    // Neither does one in the namespace of a workspace.
    assign({ roles: ['seca.admin'] }, 'w')
    expect(may('get', INSTANCE)).toBe(false)
  })

  it.each([
    [{}, true],
    [{ tenants: [], regions: [], workspaces: [] }, true],
    [{ tenants: ['*'] }, true],
    [{ tenants: ['acme'], regions: ['eu-1'], workspaces: ['prod', 'dev'] }, true],
    [{ regions: ['it-1'] }, false],
    [{ workspaces: ['dev'] }, false],
    [{ workspaces: ['*'] }, true],
    [{ regions: ['*'] }, true],
    [{ tenants: ['other', '*'], regions: ['it-1', '*'], workspaces: ['dev', '*'] }, true],
    [{ regions: ['*'], workspaces: ['dev'] }, false],
    [{ regions: ['it-1'], workspaces: ['*'] }, false],
    [{ workspaces: ['pro*'] }, false],
    [{ tenants: ['acme2'] }, false],
  ])('scope %j: %s', (scope, expected) => {
    assign({ roles: ['seca.admin'], scopes: [scope] })
    expect(may('get', INSTANCE)).toBe(expected)
  })

  it('all dimensions must fit in one scope', () => {
    assign({ roles: ['seca.admin'], scopes: [{ regions: ['it-1'] }, { workspaces: ['dev'] }] })
    expect(may('get', INSTANCE)).toBe(false)
  })

  it('who is held to a workspace reads what it is made of, the workspace itself, and no more', () => {
    assign({ roles: ['seca.workspace-admin'], scopes: [{ workspaces: ['prod'] }] })
    expect(may('put', INSTANCE)).toBe(true)
    expect(may('get', `seca.compute/v1/${T}/skus/dxs`)).toBe(true)
    expect(may('list', `seca.storage/v1/${T}/images`)).toBe(true)
    expect(may('put', `seca.storage/v1/${T}/images/mine`)).toBe(false)
    expect(may('put', `seca.workspace/v1/${W}`)).toBe(true)
    expect(may('get', `seca.workspace/v1/${T}/workspaces/dev`)).toBe(false)
    expect(may('list', `seca.workspace/v1/${T}/workspaces`)).toBe(false)
  })

  it('who is held to a region or workspace has no say in roles, which would let them out', () => {
    for (const scope of [{ regions: ['eu-1'] }, { workspaces: ['prod'] }]) assign({ roles: ['seca.admin'], scopes: [scope] })
    expect(may('put', `seca.authorization/v1/${T}/role-assignments/me`)).toBe(false)
    expect(may('get', `seca.authorization/v1/${T}/roles/seca.admin`)).toBe(false)
    assign({ roles: ['seca.admin'] })
    expect(may('put', `seca.authorization/v1/${T}/role-assignments/me`)).toBe(true)
  })

  it('* is every subject, and only as a whole', () => {
    assign({ subs: ['ali*', 'bob'], roles: ['seca.admin'] })
    expect(may('get', INSTANCE)).toBe(false)
    assign({ subs: ['*'], roles: ['seca.workspace-viewer'] })
    expect(may('get', INSTANCE)).toBe(true)
    expect(may('put', INSTANCE)).toBe(false)
  })

  it('what is being deleted grants nothing any more, nor does a role that is missing or pretends to be built in', () => {
    const gone = { deletionTimestamp: '2026-01-01T00:00:00Z' }
    role('mine', [{ provider: 'seca.compute', resources: ['*'], verb: ['*'] }])
    assign({ roles: ['seca.admin'] }, 't', gone)
    assign({ roles: ['nothing'] })
    expect(may('get', INSTANCE)).toBe(false)
    add(cache, 'Role', 't', 'going', { permissions: [{ provider: 'seca.compute', resources: ['*'], verb: ['*'] }] }, undefined, gone)
    assign({ roles: ['going'] })
    expect(may('get', INSTANCE)).toBe(false)
    add(cache, 'Role', 't', 'seca.mine', { permissions: [{ provider: 'seca.compute', resources: ['*'], verb: ['*'] }] })
    assign({ roles: ['seca.mine'] })
    expect(may('get', INSTANCE)).toBe(false)
  })

  it('changes count at once', () => {
    const book = new RoleBook(cache)
    const decide = () => book.decide(caller(), attempt('get', INSTANCE)).isAllowed
    expect(decide()).toBe(false)
    const assignment = assign({ roles: ['mine'] })
    expect(decide()).toBe(false)
    const mine = role('mine', [{ provider: 'seca.compute', resources: ['*'], verb: ['get'] }])
    expect(decide()).toBe(true)
    cache.store('Role').remove({ ...mine, metadata: { ...mine.metadata, resourceVersion: '100000' } })
    expect(decide()).toBe(false)
    role('mine', [{ provider: 'seca.compute', resources: ['*'], verb: ['get'] }])
    cache.store('RoleAssignment').remove({ ...assignment, metadata: { ...assignment.metadata, resourceVersion: '100000' } })
    expect(decide()).toBe(false)
  })
})

describe('tokens narrow', () => {
  beforeEach(() => void assign({ roles: ['seca.admin'] }))
  it.each([
    [{}, true],
    [{ tenants: ['acme'] }, true],
    [{ tenants: ['other'] }, false],
    [{ tenants: [] }, false],
    [{ tenants: ['*'] }, false],
    [{ regions: ['*'] }, false],
    [{ workspaces: ['*'] }, false],
    [{ regions: ['eu-1'], workspaces: ['prod'] }, true],
    [{ regions: ['it-1'] }, false],
    [{ workspaces: ['dev'] }, false],
  ])('%j: %s', (scope, expected) => {
    expect(may('put', INSTANCE, scope)).toBe(expected)
  })

  it('to a workspace or region: no way to write roles', () => {
    expect(may('put', `seca.authorization/v1/${T}/role-assignments/me`, { workspaces: ['prod'] })).toBe(false)
    expect(may('put', `seca.authorization/v1/${T}/role-assignments/me`, { regions: ['eu-1'] })).toBe(false)
  })

  it('and never widen: no scope allows what none does', () => {
    const names = fc.option(fc.array(fc.constantFrom('acme', 'other', 'eu-1', 'prod', '*', ''), { maxLength: 3 }), { nil: undefined })
    const resources = fc.constantFrom(
      INSTANCE,
      SUBNET,
      `seca.workspace/v1/${W}`,
      'seca.compute/v1/tenants/other/workspaces/prod/instances/x',
    )
    fc.assert(
      fc.property(names, names, names, resources, (tenants, regions, workspaces, resource) => {
        const scope = JSON.parse(JSON.stringify({ tenants, regions, workspaces })) as TokenScope
        return !may('put', resource, scope) || may('put', resource)
      }),
    )
  })
})

describe('system roles', () => {
  const infrastructure = KINDS.filter(
    ({ api, parent }) => ['seca.compute/v1', 'seca.network/v1', 'seca.storage/v1'].includes(api) && parent === undefined,
  )
  const all = (verb: Attempt['verb'], apis: (api: string) => boolean = () => true) =>
    infrastructure
      .filter(({ api }) => apis(api))
      .every(
        (kind) =>
          new RoleBook(cache).decide(caller(), {
            verb,
            kind,
            region: 'eu-1',
            tenant: 'acme',
            workspace: 'prod',
            ...(verb === 'list' ? {} : { name: 'x' }),
          }).isAllowed,
      )

  it.each([
    ['seca.admin', ['get', 'list', 'put', 'delete', 'post'], true, ['get', 'list', 'put', 'delete']],
    ['seca.region-admin', ['get', 'list', 'put', 'delete', 'post'], false, ['get', 'list', 'put', 'delete']],
    ['seca.workspace-admin', ['get', 'list', 'put', 'delete', 'post'], false, ['get', 'list', 'put']],
    ['seca.workspace-editor', ['get', 'list', 'put', 'post'], false, []],
    ['seca.workspace-viewer', ['get', 'list'], false, []],
  ] as const)('%s', (name, verbs, roles, workspaces) => {
    expect([...SYSTEM_ROLES.keys()]).toContain(name)
    assign({ roles: [name] })
    for (const verb of ['get', 'list', 'put', 'delete', 'post'] as const) {
      expect([verb, all(verb)]).toEqual([verb, (verbs as readonly string[]).includes(verb)])
      if (verb === 'post') continue
      const workspace = `seca.workspace/v1/${T}/workspaces${verb === 'list' ? '' : '/x'}`
      expect([verb, may(verb, workspace)]).toEqual([verb, (workspaces as readonly string[]).includes(verb)])
      expect([verb, may(verb, `seca.authorization/v1/${T}/roles${verb === 'list' ? '' : '/x'}`)]).toEqual([verb, roles])
    }
  })
})

describe('authorizer', () => {
  it('says neither yes nor no before the roles are read', async () => {
    const authorizer = createAuthorizer({ cache, isSynced: () => false })
    await expect(authorizer.authorize(caller(), attempt('get', INSTANCE), AbortSignal.timeout(1_000))).rejects.toMatchObject({
      code: 'NotReady',
    })
  })

  it('holds nobody up, whatever the roles of one caller hold', async () => {
    const permissions = [
      { provider: 'seca.compute', resources: Array.from({ length: 256 }, (_, i) => `instances/${'*a'.repeat(60)}${i}*`), verb: ['get'] },
    ]
    for (let index = 0; index < 64; index++) role(`r${index}`, structuredClone(permissions))
    for (const from of [0, 32]) assign({ subs: ['mallory'], roles: Array.from({ length: 32 }, (_, index) => `r${from + index}`) })
    assign({ subs: ['bob'], roles: ['seca.admin'] })
    const authorizer = createAuthorizer({ cache, isSynced: () => true })
    const ask = (subject: string, name: string) =>
      authorizer.authorize(caller({}, subject), { ...attempt('get', INSTANCE), name }, AbortSignal.timeout(60_000))
    const hostile = Promise.all(Array.from({ length: 10 }, (_, index) => ask('mallory', `${'a'.repeat(120)}${'b'.repeat(index)}`)))
    let isOver = false
    void hostile.then(() => (isOver = true))
    let served = 0
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve))
      expect((await ask('bob', `web-${served++}`)).isAllowed).toBe(true)
    }
    expect((await hostile).some(({ isAllowed }) => isAllowed)).toBe(false)
    // Slices of 4 ms; the work as a whole takes a hundred times that.
    expect(served).toBeGreaterThan(10)
  })

  it('opens SKUs of tenant seca, and images of shared tenants', () => {
    addNamespace(cache, 's', { 'secapi.cloud/tenant': 'public', 'secapi.cloud/shared': 'true' })
    expect(may('get', 'seca.compute/v1/tenants/seca/skus/dxs')).toBe(true)
    expect(may('get', 'seca.storage/v1/tenants/public/images/debian')).toBe(true)
    expect(may('put', 'seca.storage/v1/tenants/public/images/debian')).toBe(false)
    expect(may('get', 'seca.storage/v1/tenants/acme/images/debian')).toBe(false)
    expect(may('get', 'seca.authorization/v1/tenants/public/roles/x')).toBe(false)
  })
})

describe('explanation', () => {
  it('goes through every assignment of the subject', () => {
    role('reader', [{ provider: 'seca.compute', resources: ['*'], verb: ['get'] }])
    assign({ roles: ['reader'] })
    assign({ roles: ['seca.admin'], scopes: [{ workspaces: ['dev'] }] })
    assign({ subs: ['*'], roles: ['lost'] })
    const { decision, lines } = explain(cache, caller(), attempt('put', INSTANCE))
    expect(decision.isAllowed).toBe(false)
    expect(lines.map((line) => line.split('): ')[1])).toEqual([
      'none of its roles permits this',
      'its scopes leave the workspace out (or the resource is in none)',
      'roles lost do not exist, the others do not permit this',
    ])
  })

  it('refuses what is no path, and verbs that do not fit', () => {
    expect(() => parseAttempt(cache, 'get', 'seca.compute/v1/nonsense')).toThrow('is no path of the API')
    expect(() => parseAttempt(cache, 'get', INSTANCES)).toThrow('does not fit')
    expect(parseAttempt(cache, 'get', `/apis/${INSTANCE}`)).toMatchObject({ kind: kindNamed('Instance'), tenant: 'acme', name: 'web' })
  })
})
