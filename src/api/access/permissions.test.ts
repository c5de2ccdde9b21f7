import { describe, expect, it } from 'vitest'
import { kindNamed } from '../../kinds/index.ts'
import type { Attempt } from '../contract.ts'
import { ended } from '../turns.ts'
import { permissionsOf } from './permissions.ts'

const attempt = (verb: Attempt['verb'], action?: string): Attempt => ({
  verb,
  ...(action === undefined ? {} : { action }),
  kind: kindNamed('Instance')!,
  region: 'eu-1',
  tenant: 'acme',
  workspace: 'prod',
  name: 'web',
})
type Permission = Partial<Parameters<typeof permissionsOf>[0]['permissions'][number]>
const roleOf = (...permissions: Permission[]) => ({
  permissions: permissions.map((one) => ({ provider: 'seca.compute', resources: ['instances/*'], verb: ['get'], ...one })),
})
const may = (one: Permission, verb: Attempt['verb'] = 'get', action?: string) =>
  ended(permissionsOf(roleOf(one)).permit(attempt(verb, action)))

describe('a permission', () => {
  it.each<[string, Permission, boolean]>([
    ['its provider, without version', {}, true],
    ['its provider with the version', { provider: 'seca.compute/v1' }, true],
    ['another version', { provider: 'seca.compute/v2' }, false],
    ['another provider', { provider: 'seca.storage' }, false],
    ['the provider in other case', { provider: 'Seca.Compute' }, false],
    ['the start of the provider', { provider: 'seca' }, false],
    ['another resource', { resources: ['instances/db'] }, false],
    ['one of several resources', { resources: ['instances/db', 'instances/web'] }, true],
    ['no resource', { resources: [] }, false],
    ['another verb', { verb: ['put'] }, false],
    ['one of several verbs', { verb: ['put', 'get'] }, true],
    ['the verb in other case', { verb: ['GET'] }, true],
    ['every verb', { verb: ['*'] }, true],
    ['a pattern of verbs, which there is none of', { verb: ['g*'] }, false],
    ['no verb', { verb: [] }, false],
  ])('for %s', (_, permission, expected) => expect(may(permission)).toBe(expected))

  it.each<[string[], string, boolean]>([
    [['post'], 'start', true],
    [['post.start'], 'start', true],
    [['POST.Start'], 'start', true],
    [['post.stop'], 'start', false],
    [['start'], 'start', false],
    [['*'], 'start', true],
    [['get'], 'start', false],
  ])('of %j for the action %s: %j', (verb, action, expected) => expect(may({ verb }, 'post', action)).toBe(expected))

  it('for an action alone is none for the verb', () => {
    expect(may({ verb: ['post.undefined', 'get.start'] })).toBe(false)
  })
})

describe('permissions', () => {
  it('help one another: any one is enough, and a pause follows each that does not', () => {
    const both = roleOf({ verb: ['put'] }, { verb: ['delete'] }, { provider: 'seca.compute/v1', verb: ['get'] }, { resources: ['x'] })
    const steps = permissionsOf(both).permit(attempt('get'))
    expect([steps.next(), steps.next()]).toEqual([{ done: true, value: true }, { done: true }])
    const none = permissionsOf(both).permit(attempt('post', 'start'))
    expect(Array.from({ length: 5 }, () => none.next().done)).toEqual([false, false, false, false, true])
    expect(permissionsOf(both).size).toBe(4)
  })

  it('are read once for each version of a role', () => {
    const spec = roleOf({})
    expect(permissionsOf(spec)).toBe(permissionsOf(spec))
    expect(permissionsOf(roleOf({}))).not.toBe(permissionsOf(spec))
  })
})
