import { describe, expect, it } from 'vitest'
import { add, addNamespace, testCache } from '../../cache/testing.ts'
import type { DirectCaller } from '../contract.ts'
import { explain, parseAttempt } from './explain.ts'

const INSTANCE = 'seca.compute/v1/tenants/acme/workspaces/prod/instances/web'

function world() {
  const cache = testCache()
  const role = (name: string, verb: string) =>
    add(cache, 'Role', 't', name, { permissions: [{ provider: 'seca.compute', resources: ['*'], verb: [verb] }] })
  const assign = (name: string, roles: string[], scopes: object[] = [{}], subs = ['alice']) =>
    add(cache, 'RoleAssignment', 't', name, { subs, roles, scopes })
  role('reader', 'get')
  role('writer', 'put')
  const why = (resource = INSTANCE, scope: DirectCaller['scope'] = {}) =>
    explain(cache, { door: 'direct', subject: 'alice', scope }, parseAttempt(cache, 'get', resource))
  return { cache, assign, why }
}

describe('an explanation', () => {
  it('tells for each assignment of the subject, and of everyone, what comes of it', () => {
    const { assign, why } = world()
    assign('a1', ['writer', 'reader'])
    assign('a2', ['writer'])
    assign('a3', ['gone', 'writer', 'lost'])
    assign('b1', ['reader'], [{ tenants: ['other'] }])
    assign('b2', ['reader'], [{ regions: ['mars'] }])
    assign('b3', ['reader'], [{ regions: ['mars'] }, { workspaces: ['test'] }])
    assign('b4', ['reader'], [{ workspaces: ['test'] }, {}, { regions: ['mars'] }])
    assign('c', ['reader'], [{}], ['*'])
    assign('d', ['reader'], [{}], ['bob'])
    const { decision, attempt, lines } = why()
    expect(decision.isAllowed).toBe(true)
    expect(attempt).toBe('get seca.compute/v1 instances/web in workspace prod of region eu-1')
    expect(lines).toEqual([
      'role assignment a1 (subject alice; roles writer, reader): role reader permits it',
      'role assignment a2 (subject alice; roles writer): none of its roles permits this',
      'role assignment a3 (subject alice; roles gone, writer, lost): roles gone, lost do not exist, the others do not permit this',
      'role assignment b1 (subject alice; roles reader): its scopes do not name this tenant',
      'role assignment b2 (subject alice; roles reader): its scopes leave the region out (or the resource has none)',
      'role assignment b3 (subject alice; roles reader): its scopes leave the workspace out (or the resource is in none)',
      'role assignment b4 (subject alice; roles reader): role reader permits it',
      'role assignment c (subject *; roles reader): role reader permits it',
    ])
  })

  it('says where nobody is named, and where there is no tenant', () => {
    const { why } = world()
    expect(why()).toMatchObject({
      decision: { isAllowed: false },
      lines: ['no role assignment of tenant acme names alice or everyone'],
    })
    expect(why(INSTANCE.replace('acme', 'nowhere'))).toMatchObject({
      decision: { isAllowed: false },
      lines: ['there is no tenant nowhere: no namespace has the label for it'],
    })
  })

  it('names no roles where none are asked', () => {
    const { assign, why, cache } = world()
    addNamespace(cache, 's', { 'secapi.cloud/tenant': 'seca' })
    assign('a', ['reader'])
    expect(why('seca.compute/v1/tenants/seca/skus/ds')).toMatchObject({ decision: { isAllowed: true }, lines: [] })
    expect(why(INSTANCE, { tenants: ['other'] })).toMatchObject({ decision: { isAllowed: false }, lines: [] })
  })
})

describe('what is asked about', () => {
  const { cache } = world()
  add(cache, 'Instance', 'w', 'web', {})

  it.each([
    [INSTANCE],
    [`providers/${INSTANCE}`],
    [`/providers/${INSTANCE}`],
    [`regions/eu-1/providers/${INSTANCE}`],
    ['apis/seca.compute/v1/tenants/acme/workspaces/prod/instances/web'],
    ['/apis/eu-1.seca.compute/v1/tenants/acme/workspaces/prod/instances/web'],
  ])('%s', (resource) => {
    expect(parseAttempt(cache, 'get', resource)).toMatchObject({
      verb: 'get',
      kind: { kind: 'Instance' },
      region: 'eu-1',
      tenant: 'acme',
      workspace: 'prod',
      namespace: 'w',
      name: 'web',
    })
  })

  it('says whether a put would make or change something, and nothing else does', () => {
    expect(parseAttempt(cache, 'put', INSTANCE)).toMatchObject({ verb: 'put', isUpdate: true })
    expect(parseAttempt(cache, 'put', `${INSTANCE}2`)).toMatchObject({ verb: 'put', isUpdate: false })
    expect(parseAttempt(cache, 'get', INSTANCE)).not.toHaveProperty('isUpdate')
    expect(parseAttempt(cache, 'delete', INSTANCE)).not.toHaveProperty('action')
    expect(parseAttempt(cache, 'post', `${INSTANCE}/start`)).toMatchObject({ verb: 'post', action: 'start', name: 'web' })
  })

  it.each(['get', 'put', 'delete', 'list', 'post'] as const)('%s fits only its own places', (verb) => {
    const fits = (resource: string) => {
      try {
        return parseAttempt(cache, verb, resource) !== undefined
      } catch (error) {
        return (error as Error).message.startsWith(`--verb ${verb} does not fit ${resource}`) ? false : error
      }
    }
    const isOf = (...verbs: string[]) => verbs.includes(verb)
    expect([fits(INSTANCE), fits(INSTANCE.replace('/web', '')), fits(`${INSTANCE}/start`)]).toEqual([
      isOf('get', 'put', 'delete'),
      isOf('list'),
      isOf('post'),
    ])
  })

  it.each(['', 'x', 'seca.compute/v1', `${INSTANCE}/fly`, 'apis/seca.compute/v9/tenants/acme/skus/x'])('"%s" is nowhere', (resource) => {
    expect(() => parseAttempt(cache, 'get', resource)).toThrow(/is no path of the API; write seca\.compute/)
  })
})
