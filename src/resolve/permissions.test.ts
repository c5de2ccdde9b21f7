import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { createAuthorizer } from '../api/access/authz.ts'
import type { Attempt } from '../api/contract.ts'
import { add, testCache } from '../cache/testing.ts'
import { SYSTEM_ROLES } from '../kinds/authorization/system-roles.ts'
import { KINDS, kindNamed } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import { violationsOf } from './guards.ts'

const role = kindNamed('Role') as Kind

/** Paths of what is wrong with a role, and what is said of it. */
function wrong(...permissions: object[]): string[] {
  const cache = testCache()
  const object = add(cache, 'Role', 't', 'r', { permissions })
  return [...violationsOf(cache, role, object)].map(({ path, message }) => `${path}: ${message}`)
}
const pathsOf = (...permissions: object[]) => wrong(...permissions).map((text) => text.split(':')[0])

describe('provider', () => {
  const of = (provider: string) => pathsOf({ provider, resources: ['*'], verb: ['get'] })
  const served = [...new Set(KINDS.map(({ api }) => api).filter((api) => api.startsWith('seca.')))]
  const extensions = ['activity-log', 'kubernetes', 'load-balancer', 'nat-gateway', 'object-storage'].map((name) => `seca.${name}/v1beta1`)
  it.each([...served, ...extensions].flatMap((api) => [api, api.split('/')[0] ?? '']))('%s', (provider) => expect(of(provider)).toEqual([]))
  it.each(
    [
      '*|seca.*|seca.compute/*|seca.compute/v9|seca.compute/v1beta1|seca.compute/v1/x|seca.compute/|/v1|compute|seca.kubernetes/v1',
      'seca.unknown|SECA.compute| seca.compute|seca.compute/V1|operator/v1alpha1|operator|__proto__',
    ].flatMap((texts) => texts.split('|')),
  )('%s: no API is called so', (provider) => expect(of(provider)).toEqual(['permissions[0].provider']))
})

test('verbs, in any case', () => {
  const verb = ['GET', 'List', 'put', 'delete', 'post', '*', 'fly', 'CONNECT', 'get ', 'create', '**', '']
  expect(pathsOf({ provider: 'seca.compute', resources: ['*'], verb })).toEqual(
    [6, 7, 8, 9, 10, 11].map((at) => `permissions[0].verb[${at}]`),
  )
})

describe('resources', () => {
  it.each([
    [
      'seca.compute/v1',
      ['*', '**', 'instances', 'instances/*', 'instances/web-1', 'inst*/*', '*/*', '*/web', 'skus/*', 'skus/D2XS', 'instances/a.b'],
    ],
    [
      'seca.network/v1',
      [
        'subnets/*',
        'networks/subnets/*',
        'networks/n/subnets',
        'networks/*/subnets/x',
        'networks/subnets',
        'networks/n',
        'route-tables/rt',
      ],
    ],
    ['seca.storage', ['images/image-481516', 'block-storages', 'skus/rd100']],
    ['seca.region/v1', ['regions', 'regions/*']],
    ['seca.kubernetes/v1beta1', ['clusters/*', 'clusters/c/node-pools/*', 'anything']],
  ])('%s: %j', (provider, resources) => expect(wrong({ provider, resources, verb: ['get'] })).toEqual([]))

  it.each([
    [
      'seca.compute/v1',
      ['networks/*', 'instance/*', 'Instances/*', '', '/', '/instances', 'instances/', 'instances/*/x', 'instances//x', 'x*'],
    ],
    [
      'seca.compute/v1',
      [
        'instances/Web',
        'instances/-a',
        'instances/a b',
        'instances/*-',
        'instances/a..b',
        'instances/../x',
        `instances/${'a'.repeat(129)}`,
      ],
    ],
    ['seca.compute/v1', ['workspaces/w/instances/*', 'tenants/acme/skus/*', '.*', 'nstances*']],
    [
      'seca.network/v1',
      [
        'networks/*/*',
        'nets/n/subnets/x',
        'networks/n.b/subnets/x',
        'networks/n/subnets/x/y',
        'networks//subnets',
        'networks/n/sub*',
        'nics/n/subnets',
        'networks/n.b',
      ],
    ],
    ['seca.storage/v1', ['tenants/t/images/x', 'skus/rd 100']],
    ['seca.kubernetes', ['clusters//x', '/clusters', 'clusters/']],
  ])('%s: nothing is called %j', (provider, resources) => {
    expect(pathsOf({ provider, resources: ['*', ...resources], verb: ['get'] })).toEqual(
      resources.map((_pattern, at) => `permissions[0].resources[${at + 1}]`),
    )
  })

  it('the system roles pass', () => {
    for (const { permissions } of SYSTEM_ROLES.values()) expect(wrong(...permissions)).toEqual([])
  })

  it('says what there is', () => {
    expect(wrong({ provider: 'seca.compute', resources: ['networks/*'], verb: ['get'] })).toEqual([
      'permissions[0].resources[0]: "networks/*" matches nothing of seca.compute; write *, or <type>, <type>/*, <type>/<name> with a type of skus, instances',
    ])
  })
})

describe('a pattern is refused exactly when no request could be permitted by it', () => {
  const APIS = ['seca.compute', 'seca.network', 'seca.storage/v1', 'seca.authorization/v1', 'seca.workspace/v1']
  const word = fc.oneof(
    fc.constantFrom('*', '', 'a', 'x', 'web-1', 'a*', '*-', 'a.b', '-', 'sub*'),
    fc.constantFrom(...new Set(KINDS.map(({ collection }) => collection))),
  )
  const pattern = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join('/'))

  /** All requests that such a pattern could be about, on names that it spells out and on some others. */
  function requests(api: string, text: string): Attempt[] {
    const spelled = text.split('/').map((step) => step.replaceAll(/\*+/g, 'x'))
    const names = [...new Set([...spelled, 'a', 'some'])].filter((name) => /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(name))
    const parents = names.filter((name) => !name.includes('.'))
    return KINDS.filter((kind) => kind.api === api || kind.api.startsWith(`${api}/`)).flatMap((kind) =>
      (kind.parent === undefined ? [undefined] : parents).flatMap((parent) =>
        [undefined, ...(KINDS.some((one) => one.parent?.kind === kind.kind) ? parents : names)].map((name): Attempt => ({
          verb: name === undefined ? 'list' : 'get',
          kind,
          region: 'eu-1',
          tenant: 'acme',
          ...(kind.scope === 'workspace' ? { workspace: 'prod' } : {}),
          ...(parent === undefined ? {} : { parent }),
          ...(name === undefined ? {} : { name }),
        })),
      ),
    )
  }

  it('asked of the authorizer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...APIS), pattern, async (provider, text) => {
        const cache = testCache()
        const object = add(cache, 'Role', 't', 'mine', { permissions: [{ provider, resources: [text], verb: ['*'] }] })
        add(cache, 'RoleAssignment', 't', 'a', { subs: ['alice'], roles: ['mine'], scopes: [{}] })
        const authorizer = createAuthorizer({ cache, isSynced: () => true })
        const caller = { door: 'direct', subject: 'alice', scope: {} } as const
        const decisions = await Promise.all(
          requests(provider, text).map((attempt) => authorizer.authorize(caller, attempt, AbortSignal.timeout(1_000))),
        )
        expect([...violationsOf(cache, role, object)].length === 0).toBe(decisions.some(({ isAllowed }) => isAllowed))
      }),
      { numRuns: 500 },
    )
  })
})
