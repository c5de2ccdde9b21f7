import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Cache } from '../../cache/cache.ts'
import { testCache } from '../../cache/testing.ts'
import { serve } from '../../kube/testing.ts'
import type { Attempt } from '../contract.ts'
import { parseAttempt } from './explain.ts'
import { AccessReviews, attributesOf } from './access-review.ts'
import { TokenReviews } from '../identity/token-review.ts'

const CALLER = { door: 'aggregated', username: 'alice', groups: ['dev'], extra: { scopes: ['x'] } } as const
let cache: Cache
let kube: Awaited<ReturnType<typeof serve>>
let answer: { status: number; body: unknown }

beforeEach(async () => {
  cache = testCache()
  answer = { status: 201, body: { status: { allowed: true, reason: 'RBAC' } } }
  kube = await serve((seen) => seen.json(answer.status, answer.body))
})
afterEach(() => kube.close())

const attempt = (verb: Attempt['verb'], resource: string, more: Partial<Attempt> = {}) => ({
  ...parseAttempt(cache, verb, resource),
  ...more,
})
const W = 'tenants/acme/workspaces/prod'

describe('what Kubernetes is asked', () => {
  it.each([
    ['get', `seca.compute/v1/${W}/instances/web`, {}, { verb: 'get', resource: 'instances', namespace: 'w', name: 'web' }],
    ['list', `seca.compute/v1/${W}/instances`, {}, { verb: 'list', resource: 'instances', namespace: 'w' }],
    ['put', `seca.compute/v1/${W}/instances/web`, {}, { verb: 'create', resource: 'instances', namespace: 'w' }],
    [
      'put',
      `seca.compute/v1/${W}/instances/web`,
      { isUpdate: true },
      { verb: 'update', resource: 'instances', namespace: 'w', name: 'web' },
    ],
    ['delete', `seca.compute/v1/${W}/instances/web`, {}, { verb: 'delete', resource: 'instances', namespace: 'w', name: 'web' }],
    ['post', `seca.compute/v1/${W}/instances/web/start`, {}, { verb: 'update', resource: 'instances', namespace: 'w', name: 'web' }],
    ['get', `seca.network/v1/${W}/networks/net/subnets/a`, {}, { verb: 'get', resource: 'subnets', namespace: 'w', name: 'net.a' }],
    ['put', 'seca.workspace/v1/tenants/acme/workspaces/new', {}, { verb: 'create', resource: 'workspaces', namespace: 't' }],
    ['get', 'seca.compute/v1/tenants/acme/skus/DXS', {}, { verb: 'get', resource: 'instanceskus', name: 'eu-1.dxs' }],
    ['list', 'seca.region/v1/regions', {}, { verb: 'list', resource: 'regions' }],
    // No namespace of its own: only rights that hold everywhere count.
    ['get', 'seca.compute/v1/tenants/nowhere/workspaces/x/instances/web', {}, { verb: 'get', resource: 'instances', name: 'web' }],
  ] as const)('%s %s', (verb, resource, more, expected) => {
    const attributes = attributesOf(cache, attempt(verb, resource, more))
    expect(attributes).toEqual({ group: expect.stringContaining('.secapi.cloud'), version: 'v1', ...expected })
    // The same when the application has not looked the object up.
    const { objectName: _, namespace: __, ...bare } = attempt(verb, resource, more)
    expect(attributesOf(cache, { ...bare, ...(bare.name === undefined ? {} : { name: bare.name.toLowerCase() }) })).toEqual(attributes)
  })
})

describe('answers of Kubernetes', () => {
  const decide = (reviews: AccessReviews, caller: typeof CALLER = CALLER) =>
    reviews.decide(caller, attempt('get', `seca.compute/v1/${W}/instances/web`))

  it('are kept, yes and no alike, for the one who was asked about', async () => {
    const reviews = new AccessReviews(kube.client, cache)
    expect(await decide(reviews)).toEqual({ isAllowed: true, why: 'RBAC' })
    answer = { status: 201, body: { status: { allowed: false } } }
    expect((await decide(reviews)).isAllowed).toBe(true)
    expect((await decide(reviews, { ...CALLER, groups: [] as never })).isAllowed).toBe(false)
    expect(kube.seen).toHaveLength(2)
    expect(JSON.parse(kube.seen[0]?.body ?? '')).toMatchObject({
      spec: { user: 'alice', groups: ['dev'], extra: { scopes: ['x'] }, resourceAttributes: { resource: 'instances', name: 'web' } },
    })
  })

  it('are asked for once by all who want to know the same at the same time', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    const slow = await serve(async (seen) => {
      await held
      seen.json(201, { status: { allowed: true, reason: 'RBAC' } })
    })
    const reviews = new AccessReviews(slow.client, cache)
    const impatient = new AbortController()
    const given = reviews.decide(CALLER, attempt('put', `seca.compute/v1/${W}/instances/a`), impatient.signal)
    // Creations differ in the name alone, which Kubernetes is not told.
    const others = ['a', 'b', 'c'].map((name) => reviews.decide(CALLER, attempt('put', `seca.compute/v1/${W}/instances/${name}`)))
    const another = reviews.decide({ ...CALLER, username: 'bob' } as never, attempt('put', `seca.compute/v1/${W}/instances/a`))
    impatient.abort(new DOMException('too late', 'TimeoutError'))
    await expect(given).rejects.toMatchObject({ code: 'AccessUndecided' })
    release()
    expect((await Promise.all([...others, another])).every(({ isAllowed }) => isAllowed)).toBe(true)
    expect(slow.seen).toHaveLength(2)
    await slow.close()
  })

  it('that did not come are asked for again', async () => {
    const reviews = new AccessReviews(kube.client, cache)
    answer = { status: 403, body: { kind: 'Status', code: 403 } }
    await expect(Promise.all([decide(reviews), decide(reviews)])).rejects.toMatchObject({ code: 'AccessUndecided' })
    answer = { status: 201, body: { status: { allowed: true } } }
    expect((await decide(reviews)).isAllowed).toBe(true)
    expect(kube.seen).toHaveLength(2)
  })

  it.each([
    [403, { kind: 'Status', code: 403, message: 'no review for you' }],
    [500, { kind: 'Status', code: 500 }],
    [201, {}],
    [201, { status: { allowed: false, evaluationError: 'the webhook is down' } }],
  ])('trouble is neither yes nor no (%s %j)', async (status, body) => {
    answer = { status, body }
    await expect(decide(new AccessReviews(kube.client, cache))).rejects.toMatchObject({ code: 'AccessUndecided' })
  })

  it('a denial counts even beside a permission, and with an error', async () => {
    answer = { status: 201, body: { status: { allowed: true, denied: true, evaluationError: 'x' } } }
    expect((await decide(new AccessReviews(kube.client, cache))).isAllowed).toBe(false)
  })

  it('no says nothing of whether there is such a place', async () => {
    answer = { status: 201, body: { status: { allowed: false } } }
    const reviews = new AccessReviews(kube.client, cache)
    const why = async (verb: Attempt['verb'], tenant: string, workspace: string, path: string, isUpdate: boolean) => {
      const resource = path.replace('T', `tenants/${tenant}`).replace('W', `workspaces/${workspace}`)
      const { why: words } = await reviews.decide(CALLER, attempt(verb, resource, { isUpdate }))
      return words.replace(`tenant ${tenant}`, 'T').replace(`workspace ${workspace}`, 'W')
    }
    for (const [path, place] of [
      ['seca.compute/v1/T/W/instances/web', 'W of T'],
      ['seca.network/v1/T/W/networks/n/subnets/a', 'W of T'],
      ['seca.storage/v1/T/images/ubuntu', 'T'],
    ] as const)
      for (const verb of ['get', 'put', 'delete'] as const) {
        const said = await why(verb, 'acme', 'prod', path, true)
        expect(said).toMatch(new RegExp(` in ${place}$`))
        for (const [tenant, workspace] of [
          ['acme', 'prod'],
          ['acme', 'lab'],
          ['none', 'prod'],
        ] as const)
          expect(await why(verb, tenant, workspace, path, false)).toBe(said)
      }
    expect((await reviews.decide(CALLER, attempt('put', `seca.compute/v1/${W}/instances/web`))).why).toBe(
      'Kubernetes user "alice" may not create or update instances.compute.secapi.cloud "web" in workspace prod of tenant acme',
    )
  })

  it('say whose a token is', async () => {
    answer = {
      status: 201,
      body: { status: { authenticated: true, user: { username: 'bob', uid: 'u', groups: ['g'], extra: { a: ['b'] } } } },
    }
    const reviews = new TokenReviews(kube.client)
    expect(await reviews.authenticate('one')).toEqual({ door: 'aggregated', username: 'bob', uid: 'u', groups: ['g'], extra: { a: ['b'] } })
    await reviews.authenticate('one')
    expect(kube.seen).toHaveLength(1)
    for (const body of [{ status: { authenticated: false } }, { status: { authenticated: true, user: {} } }, {}]) {
      answer = { status: 201, body }
      await expect(reviews.authenticate(JSON.stringify(body))).rejects.toMatchObject({ code: 'Unauthenticated' })
    }
    answer = { status: 500, body: {} }
    await expect(reviews.authenticate('two')).rejects.toMatchObject({ code: 'IdentityUnavailable' })
  })
})
