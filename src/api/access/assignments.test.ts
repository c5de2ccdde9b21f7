import { describe, expect, it } from 'vitest'
import { add, testCache } from '../../cache/testing.ts'
import { Assignments } from './assignments.ts'

const spec = (...subs: string[]) => ({ subs, roles: ['r'], scopes: [{}] })

describe('role assignments', () => {
  const cache = testCache()
  const assign = (name: string, subs: string[], namespace = 't', metadata: object = {}) =>
    add(cache, 'RoleAssignment', namespace, name, spec(...subs), undefined, metadata)
  assign('before', ['alice'])
  const assignments = new Assignments(cache)
  const of = (subject: string, namespace = 't') => [...assignments.of(namespace, subject)].map(({ assignment }) => assignment)

  it('are found by subject, those from before too, and everyone is a subject like others', () => {
    assign('both', ['alice', 'bob'])
    assign('all', ['*'])
    expect([of('alice'), of('bob'), of('*'), of('carol')]).toEqual([['before', 'both'], ['both'], ['all'], []])
  })

  it('count in their own namespace', () => {
    assign('elsewhere', ['alice'], 'other')
    expect([of('alice', 'other'), of('alice', 'nowhere')]).toEqual([['elsewhere'], []])
    expect(of('alice')).not.toContain('elsewhere')
  })

  it('say what they say now', () => {
    assign('both', ['bob', 'carol'])
    expect([of('alice'), of('bob'), of('carol')]).toEqual([['before'], ['both'], ['both']])
  })

  it('grant nothing from the moment when their deletion is asked for', () => {
    assign('both', ['bob', 'carol'], 't', { deletionTimestamp: '2026-01-02T00:00:00Z' })
    expect([of('bob'), of('carol')]).toEqual([[], []])
  })

  it('are forgotten when they go, and others of the subject stay', () => {
    const second = assign('second', ['alice'])
    cache.store('RoleAssignment').remove(second)
    expect(of('alice')).toEqual(['before'])
    cache.store('RoleAssignment').remove(cache.get('RoleAssignment', 't/before')!)
    expect(of('alice')).toEqual([])
    assign('again', ['alice'])
    expect(of('alice')).toEqual(['again'])
  })

  it('hold their roles and scopes, read once', () => {
    const [one] = assignments.of('t', 'alice')
    expect(one).toEqual({ assignment: 'again', roles: ['r'], reaches: [{ tenants: undefined, regions: undefined, workspaces: undefined }] })
    expect([...assignments.of('t', 'alice')][0]).toBe(one)
  })
})
