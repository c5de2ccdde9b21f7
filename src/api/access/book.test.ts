import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cpuMs } from '../../dev/cpu-time.ts'
import type { Cache } from '../../cache/cache.ts'
import { add, addNamespace, testCache } from '../../cache/testing.ts'
import { kindNamed } from '../../kinds/index.ts'
import type { Resource } from '../../kinds/resource.ts'
import type { Attempt, TokenScope } from '../contract.ts'
import { SYSTEM_ROLES } from '../../kinds/authorization/system-roles.ts'
import { RoleBook } from './book.ts'
import { Resources } from './resources.ts'

interface RoleSpec {
  readonly permissions: readonly { readonly provider: string; readonly resources: readonly string[]; readonly verb: readonly string[] }[]
}
interface AssignmentSpec {
  readonly subs: readonly string[]
  readonly roles: readonly string[]
  readonly scopes: readonly { readonly tenants?: string[]; readonly regions?: string[]; readonly workspaces?: string[] }[]
}

const NEVER_USED = 'never-used'
/** APIs and kinds that differ in what scopes mean for them. */
const REGIONAL = ['Instance', 'Subnet', 'InstanceSku', 'Image', 'Workspace']
const MATERIAL = ['InstanceSku', 'Image']

/** The rules of contract §7.1, §7.2, §11.9, §11.24 in the slow and obvious way, from all objects there are. */
function model(cache: Cache, subject: string, token: TokenScope, attempt: Attempt): boolean {
  const { kind, tenant = '', region, verb, name } = attempt
  const isRead = verb === 'get' || verb === 'list'
  if (MATERIAL.includes(kind.kind) && isRead && (kind.kind === 'Image' ? cache.isShared(tenant) : tenant === 'seca')) return true
  const workspace = kind.kind === 'Workspace' ? name : attempt.workspace
  const isInRegions = (list: readonly string[]) => REGIONAL.includes(kind.kind) && list.includes(region)
  const isInWorkspaces = (list: readonly string[]) =>
    (MATERIAL.includes(kind.kind) && isRead) || (workspace !== undefined && list.includes(workspace))
  if (token.tenants !== undefined && !token.tenants.includes(tenant)) return false
  if (token.regions !== undefined && token.regions.length > 0 && !isInRegions(token.regions)) return false
  if (token.workspaces !== undefined && token.workspaces.length > 0 && !isInWorkspaces(token.workspaces)) return false
  const isAll = (list: readonly string[] | undefined): list is undefined => list === undefined || list.length === 0 || list.includes('*')
  const isAlive = ({ metadata }: Resource) => metadata.deletionTimestamp === undefined
  const home = cache.namespaceOf({ tenant })
  const inHome = ({ metadata }: Resource) => metadata.namespace === home
  const roles = new Map<string, RoleSpec>(
    [...cache.all('Role')]
      .filter((role) => isAlive(role) && inHome(role) && !role.metadata.name.startsWith('seca.'))
      .map((role) => [role.metadata.name, role.spec as unknown as RoleSpec]),
  )
  for (const [role, spec] of SYSTEM_ROLES) roles.set(role, spec)
  return [...cache.all('RoleAssignment')]
    .filter((one) => isAlive(one) && inHome(one))
    .some(({ spec }) => {
      const { subs, roles: named, scopes } = spec as unknown as AssignmentSpec
      return (
        (subs.includes(subject) || subs.includes('*')) &&
        scopes.some(
          ({ tenants, regions, workspaces }) =>
            (isAll(tenants) || tenants.includes(tenant)) &&
            (isAll(regions) || isInRegions(regions)) &&
            (isAll(workspaces) || isInWorkspaces(workspaces)),
        ) &&
        named.some((role) =>
          roles
            .get(role)
            ?.permissions.some(
              ({ provider, resources, verb: verbs }) =>
                (provider === kind.api || provider === kind.api.split('/')[0]) &&
                verbs.some((one) => one === '*' || one.toLowerCase() === verb) &&
                new Resources(resources).covers(attempt),
            ),
        )
      )
    })
}

const some = (...names: string[]) => fc.array(fc.constantFrom(...names), { maxLength: 2 })
const maybe = (...names: string[]) => fc.option(some(...names), { nil: undefined, freq: 1 })
const subject = fc.constantFrom('alice', 'alice', 'bob 1 - x')
const tenant = fc.constantFrom('acme', 'acme', 'acme', 'other', 'nowhere', 'seca')
const scope = fc.record({
  tenants: maybe('acme', 'other', '*'),
  regions: maybe('eu-1', 'it-1', '*'),
  workspaces: maybe('prod', 'dev', '*'),
})
const roleName = fc.constantFrom('one', 'two', 'seca.workspace-viewer', 'seca.admin', 'seca.mine')
const provider = fc.constantFrom(
  'seca.compute',
  'seca.compute/v1',
  'seca.compute/v2',
  'seca.network/v1',
  'seca.authorization',
  'seca.workspace',
  'seca.storage/v1',
)
const resource = fc.constantFrom(
  '*',
  '*/*',
  'instances/*',
  'instances',
  'instances/a*',
  'subnets/a',
  'networks/n/subnets/*',
  'skus/A*',
  'images/*',
  'workspaces/*',
  'roles/*',
)
const verb = fc.constantFrom('get', 'LIST', 'Put', 'delete', '*')
const permissions = fc.array(
  fc.record({
    provider,
    resources: fc.array(resource, { minLength: 1, maxLength: 3 }),
    verb: fc.array(verb, { minLength: 1, maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 3 },
)
/** What happens in the cluster. */
const change = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant('role' as const),
      namespace: fc.constantFrom('t', 't', 'o'),
      name: roleName,
      permissions,
      isLarge: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('assignment' as const),
      namespace: fc.constantFrom('t', 't', 't', 'o', 'w'),
      name: fc.constantFrom('x', 'y'),
      spec: fc.record({
        subs: fc.array(fc.oneof(subject, fc.constantFrom('*', 'al*')), { minLength: 1, maxLength: 2 }),
        roles: fc.array(roleName, { minLength: 1, maxLength: 3 }),
        scopes: fc.array(scope, { minLength: 1, maxLength: 2 }),
      }),
    }),
  },
  fc.record({
    what: fc.constantFrom('remove' as const, 'mark' as const),
    kind: fc.constantFrom('Role', 'RoleAssignment'),
    namespace: fc.constantFrom('t', 'o'),
    name: fc.constantFrom('one', 'two', 'x', 'y'),
  }),
  fc.record({
    what: fc.constant('namespace' as const),
    claims: fc.constantFrom(['acme', 'other'], ['other', 'acme'], ['acme', 'seca'], ['nobody', 'other']),
    isShared: fc.boolean(),
  }),
)
const question = fc.record({
  subject,
  token: fc.record({ tenants: maybe('acme', 'other', '*'), regions: maybe('eu-1', '*'), workspaces: maybe('prod', '*') }),
  tenant,
  kind: fc.constantFrom('Instance', 'Subnet', 'InstanceSku', 'Image', 'Workspace', 'Role'),
  verb: fc.constantFrom('get', 'list', 'put', 'delete'),
  region: fc.constantFrom('eu-1', 'it-1'),
  workspace: fc.constantFrom('prod', 'dev'),
  parent: fc.constantFrom('n', 'm'),
  name: fc.constantFrom('a', 'ab', 'prod'),
})

interface Question {
  readonly tenant: string
  readonly kind: string
  readonly verb: string
  readonly region: string
  readonly workspace: string
  readonly parent: string
  readonly name: string
}

const attemptOf = ({ kind: kindName, verb: wanted, tenant: of, region, workspace, parent, name }: Question): Attempt => {
  const kind = kindNamed(kindName)!
  return {
    verb: wanted as Attempt['verb'],
    kind,
    region,
    tenant: of,
    ...(kind.scope === 'workspace' ? { workspace } : {}),
    ...(kind.parent === undefined ? {} : { parent }),
    ...(wanted === 'list' ? {} : { name }),
  }
}

/** A role of so many permissions that decisions on its holders are remembered. */
const enlarged = (list: RoleSpec['permissions']) => [
  ...Array.from({ length: 70 }, () => ({ provider: 'seca.compute', resources: [`instances/${NEVER_USED}`], verb: ['get'] })),
  ...list,
]

function apply(cache: Cache, step: typeof change extends fc.Arbitrary<infer C> ? C : never): void {
  switch (step.what) {
    case 'role':
      add(cache, 'Role', step.namespace, step.name, { permissions: step.isLarge ? enlarged(step.permissions) : step.permissions })
      return
    case 'assignment':
      add(cache, 'RoleAssignment', step.namespace, step.name, JSON.parse(JSON.stringify(step.spec)))
      return
    case 'namespace':
      addNamespace(cache, 't', { 'secapi.cloud/tenant': step.claims[0] ?? '', ...(step.isShared ? { 'secapi.cloud/shared': 'true' } : {}) })
      addNamespace(cache, 'o', { 'secapi.cloud/tenant': step.claims[1] ?? '' })
      return
    case 'mark':
    case 'remove': {
      const object = cache.get(step.kind, `${step.namespace}/${step.name}`)
      if (object === undefined) return
      if (step.what === 'mark')
        add(cache, step.kind, step.namespace, step.name, object.spec, undefined, { deletionTimestamp: '2026-01-01T00:00:00Z' })
      else {
        // The version of the deletion, and a new object of that name may come later.
        const version = String(Number(object.metadata.resourceVersion) + 0.5)
        cache.store(step.kind).remove({ ...object, metadata: { ...object.metadata, resourceVersion: version } })
      }
      return
    }
    default:
      step satisfies never
  }
}

describe('decisions by roles', () => {
  it('follow the rules, and every change at once', () => {
    const yes = { count: 0, all: 0 }
    fc.assert(
      fc.property(
        fc.array(fc.tuple(change, fc.array(question, { minLength: 2, maxLength: 6 })), { minLength: 2, maxLength: 12 }),
        fc.array(question, { maxLength: 3 }),
        (steps, standing) => {
          const cache = testCache()
          addNamespace(cache, 'o', { 'secapi.cloud/tenant': 'other' })
          const book = new RoleBook(cache)
          for (const [step, questions] of steps) {
            apply(cache, step)
            // Those who ask again and again are answered from memory.
            for (const { subject: who, token, ...rest } of [...questions, ...questions, ...standing]) {
              const held = JSON.parse(JSON.stringify(token)) as TokenScope
              const attempt = attemptOf(rest)
              const expected = model(cache, who, held, attempt)
              yes.all += 1
              if (expected) yes.count += 1
              expect(book.decide({ door: 'direct', subject: who, scope: held }, attempt).isAllowed).toBe(expected)
            }
          }
        },
      ),
      { numRuns: 700 },
    )
    // Neither yes nor no is rare among the questions.
    expect(yes.count / yes.all).toBeGreaterThan(0.05)
    expect(yes.count / yes.all).toBeLessThan(0.95)
  })

  const asking =
    (cache: Cache, book = new RoleBook(cache)) =>
    (name: string, who = 'mallory', workspace = 'prod') =>
      book.decide(
        { door: 'direct', subject: who, scope: {} },
        { verb: 'get', kind: kindNamed('Instance')!, region: 'eu-1', tenant: 'acme', workspace, name },
      )

  it('take no time for roles full of patterns', async () => {
    const cache = testCache()
    const patterns = (from: number) => Array.from({ length: 256 }, (_, index) => `instances/*${'a'.repeat(60)}${from + index}`)
    for (let role = 0; role < 4; role++)
      add(cache, 'Role', 't', `r${role}`, {
        permissions: Array.from({ length: 50 }, (_, index) => ({
          provider: 'seca.compute',
          resources: patterns(256 * index),
          verb: ['get'],
        })),
      })
    for (let index = 0; index < 4; index++)
      add(cache, 'RoleAssignment', 't', `ra${index}`, { subs: ['mallory'], roles: ['r0', 'r1', 'r2', 'r3'], scopes: [{}] })
    const ask = asking(cache)
    expect(ask('a'.repeat(120)).isAllowed).toBe(false)
    const spent = await cpuMs(() => {
      for (let index = 0; index < 100; index++) expect(ask('a'.repeat(100) + index).isAllowed).toBe(true)
      for (let index = 0; index < 100; index++) expect(ask(`${'a'.repeat(100)}x${index}`).isAllowed).toBe(false)
    })
    // It was more than a second for each.
    expect(spent).toBeLessThan(2_000)
  })

  it('read a role once, whoever holds it', () => {
    const cache = testCache()
    let reads = 0
    const counted = {
      provider: 'seca.compute',
      verb: ['get'],
      get resources() {
        reads++
        return ['instances/x']
      },
    }
    add(cache, 'Role', 't', 'r', { permissions: [counted] })
    for (let index = 0; index < 50; index++)
      add(cache, 'RoleAssignment', 't', `ra${index}`, { subs: [`u${index}`], roles: ['r'], scopes: [{}] })
    const ask = asking(cache)
    for (let index = 0; index < 50; index++) expect(ask('x', `u${index}`).isAllowed).toBe(true)
    expect(reads).toBe(1)
  })

  it('look at the assignments of the caller alone', () => {
    const cache = testCache()
    let reads = 0
    const spec = (subject: string) => ({
      subs: [subject],
      roles: ['seca.admin'],
      get scopes() {
        reads++
        return [{}]
      },
    })
    for (let index = 0; index < 1_000; index++) add(cache, 'RoleAssignment', 't', `ra${index}`, spec(`u${index}`))
    const ask = asking(cache)
    expect(ask('x', 'u7').isAllowed).toBe(true)
    expect(ask('y', 'u7', 'dev').isAllowed).toBe(true)
    expect(reads).toBe(1)
  })

  it('pause where a subject holds a lot', () => {
    const cache = testCache()
    add(cache, 'Role', 't', 'r', { permissions: enlarged([]) })
    for (let index = 0; index < 100; index++)
      add(cache, 'RoleAssignment', 't', `ra${index}`, { subs: ['mallory'], roles: ['r'], scopes: [{}] })
    const work = new RoleBook(cache).deciding(
      { door: 'direct', subject: 'mallory', scope: {} },
      { verb: 'get', kind: kindNamed('Instance')!, region: 'eu-1', tenant: 'acme', workspace: 'prod', name: 'x' },
    )
    let pauses = 0
    while (work.next().done !== true) pauses++
    expect(pauses).toBeGreaterThanOrEqual(100 + 70)
  })

  it('are remembered for the same question only', () => {
    const cache = testCache()
    const get = (provider: string, resources: string[]) => ({ provider, resources, verb: ['get'] })
    add(cache, 'Role', 't', 'r', {
      permissions: [
        ...enlarged([]),
        get('seca.compute', ['instances/web', 'skus/web']),
        get('seca.network', ['networks/main/subnets/*']),
        get('seca.storage', ['images/web']),
        { provider: 'seca.storage', resources: ['images/*'], verb: ['put'] },
      ],
    })
    add(cache, 'RoleAssignment', 't', 'ra', { subs: ['alice'], roles: ['r'], scopes: [{ regions: ['eu-1'], workspaces: ['prod'] }] })
    const questions = (['Instance', 'Image', 'Subnet', 'InstanceSku'] as const).flatMap((kind) =>
      (['get', 'put', 'list'] as const).flatMap((verb) =>
        ['eu-1', 'it-1'].flatMap((region) =>
          ['prod', 'dev'].flatMap((workspace) =>
            ['main', 'side'].flatMap((parent) =>
              ['web', 'db'].flatMap((name) =>
                ['alice', 'bob'].map((subject) => ({ kind, verb, region, workspace, parent, name, subject, tenant: 'acme' })),
              ),
            ),
          ),
        ),
      ),
    )
    const alone = questions.map(({ subject, ...rest }) => model(cache, subject, {}, attemptOf(rest)))
    expect(alone.filter(Boolean).length).toBeGreaterThan(10)
    const ask = (book: RoleBook, { subject, ...rest }: (typeof questions)[number]) =>
      book.decide({ door: 'direct', subject, scope: {} }, attemptOf(rest)).isAllowed
    const book = new RoleBook(cache)
    for (let run = 0; run < 2; run++) expect(questions.map((one) => ask(book, one))).toEqual(alone)
    const backwards = new RoleBook(cache)
    expect(questions.toReversed().map((one) => ask(backwards, one))).toEqual(alone.toReversed())
  })

  it('follow a namespace that changes hands', () => {
    const cache = testCache()
    add(cache, 'RoleAssignment', 't', 'ra', { subs: ['mallory'], roles: ['seca.admin'], scopes: [{ tenants: ['acme'] }] })
    const book = new RoleBook(cache)
    const ask = (tenant: string) =>
      book.decide(
        { door: 'direct', subject: 'mallory', scope: {} },
        { verb: 'get', kind: kindNamed('Instance')!, region: 'eu-1', tenant, workspace: 'prod', name: 'x' },
      ).isAllowed
    expect([ask('acme'), ask('other')]).toEqual([true, false])
    addNamespace(cache, 't', { 'secapi.cloud/tenant': 'other' })
    expect([ask('acme'), ask('other')]).toEqual([false, false])
    addNamespace(cache, 't', { 'secapi.cloud/tenant': 'acme' })
    expect([ask('acme'), ask('other')]).toEqual([true, false])
  })

  it('of who holds a lot are there at once when asked for again', () => {
    const cache = testCache()
    add(cache, 'Role', 't', 'r', { permissions: enlarged([]) })
    add(cache, 'RoleAssignment', 't', 'ra', { subs: ['mallory'], roles: ['r'], scopes: [{}] })
    const book = new RoleBook(cache)
    const pauses = () => {
      const work = book.deciding(
        { door: 'direct', subject: 'mallory', scope: {} },
        { verb: 'get', kind: kindNamed('Instance')!, region: 'eu-1', tenant: 'acme', workspace: 'prod', name: 'x' },
      )
      let count = 0
      while (work.next().done !== true) count++
      return count
    }
    expect(pauses()).toBeGreaterThan(70)
    expect(pauses()).toBe(0)
  })

  it('are not remembered across a change that comes during a pause', () => {
    const cache = testCache()
    add(cache, 'Role', 't', 'r', { permissions: [...enlarged([]), { provider: 'seca.compute', resources: ['*'], verb: ['*'] }] })
    add(cache, 'RoleAssignment', 't', 'ra', { subs: ['mallory'], roles: ['r'], scopes: [{}] })
    const book = new RoleBook(cache)
    const ask = asking(cache, book)
    const work = book.deciding(
      { door: 'direct', subject: 'mallory', scope: {} },
      { verb: 'get', kind: kindNamed('Instance')!, region: 'eu-1', tenant: 'acme', workspace: 'prod', name: 'x' },
    )
    for (let index = 0; index < 10; index++) work.next()
    add(cache, 'Role', 't', 'r', { permissions: enlarged([]) })
    while (work.next().done !== true);
    expect(ask('x').isAllowed).toBe(false)
  })
})
