import { describe, expect, it } from 'vitest'
import { KINDS } from '../kinds/index.ts'
import type { Scope } from '../resolve/lookup.ts'
import { Cache } from './cache.ts'
import { add, addNamespace, testCache } from './testing.ts'

describe('the cache', () => {
  it('finds objects by key, namespace, and nested ones by their SECA name', () => {
    const cache = testCache()
    const [one, other] = [add(cache, 'Subnet', 'w', 'n.a', { network: 'n' }), add(cache, 'Subnet', 'w', 'm.a', { network: 'm' })]
    const deep = add(cache, 'Subnet', 'w', 'n.a.b', { network: 'n' })
    add(cache, 'Subnet', 'x', 'n.a', { network: 'n' })
    expect(cache.get('Subnet', 'w/n.a')).toBe(one)
    expect(new Set(cache.inNamespace('Subnet', 'w'))).toEqual(new Set([one, other, deep]))
    expect(new Set(cache.nestedNamed('Subnet', 'w', 'a'))).toEqual(new Set([one, other]))
    expect(cache.nestedNamed('Subnet', 'w', 'a.b')).toEqual([deep])
    expect([...cache.all('Subnet')]).toHaveLength(4)
  })

  it('has nothing of kinds that it does not know', () => {
    const cache = testCache()
    expect([cache.get('Pod', 'a'), cache.inNamespace('Pod', 'a'), cache.nestedNamed('Pod', 'a', 'b'), [...cache.all('Pod')]]).toEqual([
      undefined,
      [],
      [],
      [],
    ])
    expect([cache.kindNamed('Pod'), cache.kindNamed('Image')?.kind]).toEqual([undefined, 'Image'])
    expect(() => cache.store('Pod')).toThrow('no store for kind Pod')
    expect([...cache.kinds()]).toEqual(KINDS)
  })

  it('knows of namespaces as they come, change and go', () => {
    const cache = testCache()
    expect([cache.namespaceOf({ tenant: 'acme' }), cache.scopeOf('w'), cache.isShared('acme')]).toEqual([
      't',
      { tenant: 'acme', workspace: 'prod' },
      false,
    ])
    addNamespace(cache, 't', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/shared': 'true' })
    expect(cache.isShared('acme')).toBe(true)
    cache.namespaces.remove(cache.namespaces.get('t')!)
    expect([cache.namespaceOf({ tenant: 'acme' }), cache.scopeOf('t')]).toEqual([undefined, undefined])
  })

  it('shows each object to the digest', () => {
    const seen: string[] = []
    const cache = new Cache(KINDS, 'eu-1', { digest: ({ metadata }) => void seen.push(metadata.name) })
    add(cache, 'Image', 't', 'debian', {})
    expect(seen).toEqual(['debian'])
  })

  it('tells what hangs on a namespace: all in it, what claims the same has, of a tenant all, and the workspace itself', () => {
    const cache = testCache()
    add(cache, 'BlockStorage', 'w', 'disk', {})
    add(cache, 'Image', 't', 'debian', {})
    addNamespace(cache, 'twin', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'prod' }, '2026-02-01T00:00:00Z')
    add(cache, 'Nic', 'twin', 'stray', {})
    addNamespace(cache, 'o', { 'secapi.cloud/tenant': 'other' })
    add(cache, 'Image', 'o', 'other', {})
    const names = (name: string, ...claims: Scope[]) =>
      [...new Set([...cache.placedBy(name, claims)].map(({ kind, object }) => `${kind.kind} ${object.metadata.name}`))].toSorted()
    expect(names('t', { tenant: 'acme' })).toEqual(['BlockStorage disk', 'Image debian', 'Nic stray', 'Workspace prod'])
    expect(names('w', { tenant: 'acme', workspace: 'prod' })).toEqual(['BlockStorage disk', 'Nic stray', 'Workspace prod'])
    expect(names('o', { tenant: 'other' })).toEqual(['Image other'])
    // Its claim is gone already, or none.
    expect([names('w'), names('plain', { tenant: 'nobody', workspace: 'x' })]).toEqual([['BlockStorage disk'], []])
  })
})
