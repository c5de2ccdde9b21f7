import { describe, expect, it } from 'vitest'
import { claimOf, Directory, type Namespace } from './directory.ts'

const namespace = (name: string, labels?: Record<string, string>, more: Partial<Namespace['metadata']> = {}): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name,
    uid: name,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    ...(labels === undefined ? {} : { labels }),
    ...more,
  },
})
const tenant = (name: string) => ({ 'secapi.cloud/tenant': name })
const workspace = (name: string, of: string) => ({ 'secapi.cloud/tenant': of, 'secapi.cloud/workspace': name })

function directory(...namespaces: Namespace[]): Directory {
  const made = new Directory()
  for (const one of namespaces) made.set(one)
  return made
}

describe('the directory of namespaces', () => {
  it('goes by labels', () => {
    const all = directory(namespace('t', tenant('acme')), namespace('w', workspace('prod', 'acme')), namespace('x'))
    expect([all.namespaceOf({ tenant: 'acme' }), all.namespaceOf({ tenant: 'acme', workspace: 'prod' })]).toEqual(['t', 'w'])
    expect([all.scopeOf('t'), all.scopeOf('w')]).toEqual([{ tenant: 'acme' }, { tenant: 'acme', workspace: 'prod' }])
    all.set(namespace('v', workspace('test', 'acme')))
    expect([all.namespaceOf({ tenant: 'acme', workspace: 'prod' }), all.namespaceOf({ tenant: 'acme', workspace: 'test' })]).toEqual([
      'w',
      'v',
    ])
    expect([all.scopeOf('x'), all.scopeOf('nowhere'), all.namespaceOf({ tenant: 'prod' })]).toEqual([undefined, undefined, undefined])
    expect(all.get('x')?.metadata.name).toBe('x')
    expect(claimOf(namespace('y', { 'secapi.cloud/workspace': 'prod' }))).toBeUndefined()
  })

  it('the older claim wins, by name where both are as old, in whatever order they come', () => {
    const old = namespace('old', tenant('acme'), { creationTimestamp: '2025-01-01T00:00:00Z' })
    const [a, b] = [namespace('a', tenant('acme')), namespace('b', tenant('acme'))]
    for (const order of [
      [old, a, b],
      [b, a, old],
      [a, old, b],
    ]) {
      const all = directory(...order)
      expect(all.namespaceOf({ tenant: 'acme' })).toBe('old')
      expect([all.scopeOf('old'), all.scopeOf('a'), all.scopeOf('b')]).toEqual([{ tenant: 'acme' }, undefined, undefined])
      all.remove('old')
      expect([all.namespaceOf({ tenant: 'acme' }), all.scopeOf('b')]).toEqual(['a', undefined])
      all.remove('a')
      expect(all.namespaceOf({ tenant: 'acme' })).toBe('b')
      all.remove('b')
      all.remove('b')
      expect(all.namespaceOf({ tenant: 'acme' })).toBeUndefined()
    }
  })

  it('tells who claims the same, and of a tenant what its workspaces have', () => {
    const all = directory(
      namespace('t', tenant('acme')),
      namespace('w', workspace('prod', 'acme')),
      namespace('twin', workspace('prod', 'acme'), { creationTimestamp: '2026-02-01T00:00:00Z' }),
      namespace('v', workspace('dev', 'acme')),
      namespace('o', tenant('other')),
    )
    expect(all.claimants({ tenant: 'acme', workspace: 'prod' })).toEqual(['w', 'twin'])
    expect(all.claimants({ tenant: 'acme' }).toSorted()).toEqual(['t', 'twin', 'v', 'w'])
    expect([all.claimants({ tenant: 'none' }), all.claimants({ tenant: 'acme', workspace: 'none' })]).toEqual([[], []])
  })

  it('labels that change move the claim', () => {
    const all = directory(namespace('t', tenant('acme')))
    all.set(namespace('t', tenant('other')))
    expect([all.namespaceOf({ tenant: 'acme' }), all.namespaceOf({ tenant: 'other' })]).toEqual([undefined, 't'])
    all.set(namespace('t'))
    expect([all.namespaceOf({ tenant: 'other' }), all.scopeOf('t'), all.get('t')?.metadata.name]).toEqual([undefined, undefined, 't'])
    // The same namespace twice is one claim.
    all.set(namespace('t', tenant('acme')))
    all.set(namespace('t', tenant('acme')))
    all.remove('t')
    expect([all.namespaceOf({ tenant: 'acme' }), all.get('t')]).toEqual([undefined, undefined])
  })

  it('flags are the word "true" alone, and of the namespace that stands for the tenant', () => {
    const shared = (value: string) => directory(namespace('t', { ...tenant('acme'), 'secapi.cloud/shared': value })).isShared('acme')
    expect([shared('true'), shared('false'), shared('')]).toEqual([true, false, false])
    const younger = namespace('u', { ...tenant('acme'), 'secapi.cloud/shared': 'true' }, { creationTimestamp: '2026-02-01T00:00:00Z' })
    expect(directory(namespace('t', tenant('acme')), younger).isShared('acme')).toBe(false)
    expect(directory().isShared('acme')).toBe(false)
    const managed = directory(namespace('t', { 'secapi.cloud/managed': 'true' }), namespace('u', { 'secapi.cloud/managed': 'yes' }))
    expect(['t', 'u', 'v'].map((name) => managed.isManaged(name))).toEqual([true, false, false])
    const going = directory(namespace('t', {}, { deletionTimestamp: '2026-01-02T00:00:00Z' }), namespace('u'))
    expect(['t', 'u', 'v'].map((name) => going.isTerminating(name))).toEqual([true, false, false])
  })
})
