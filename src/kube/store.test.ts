import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { type Change, keyOf, Store } from './store.ts'
import { type ConfigMap, configMap } from './testing.ts'

const make = () => {
  const store = new Store<ConfigMap>({ indexes: { label: (obj) => Object.values(obj.metadata.labels ?? {}) } })
  const changes: string[] = []
  store.onChange((change: Change<ConfigMap>) =>
    changes.push(
      `${change.type} ${keyOf(change.object)} ${change.object.metadata.uid}@${change.object.metadata.resourceVersion}${change.initial ? ' initial' : ''}`,
    ),
  )
  return { store, changes }
}

test('goes only forward', () => {
  const { store, changes } = make()
  expect(store.set(configMap('a', 5))).toBe(true)
  expect(store.set(configMap('a', 5))).toBe(false)
  expect(store.set(configMap('a', 4))).toBe(false)
  // Integers, not strings.
  expect(store.set(configMap('a', 10))).toBe(true)
  expect(store.get('ns/a')?.metadata.resourceVersion).toBe('10')
  expect(changes).toEqual(['added ns/a uid-a@5 initial', 'updated ns/a uid-a@10 initial'])
})

test('a late answer cannot bring back what was deleted', () => {
  const { store } = make()
  store.set(configMap('a', 5))
  expect(store.remove(configMap('a', 9))).toBe(true)
  expect(store.set(configMap('a', 9))).toBe(false)
  expect(store.size).toBe(0)
  // The event of a deletion may come before the object was ever here.
  store.remove(configMap('b', 12))
  expect(store.set(configMap('b', 11))).toBe(false)
  // The next incarnation is welcome, and so is one that comes back into the selector.
  expect(store.set(configMap('a', 13, { uid: 'second' }))).toBe(true)
  expect(store.set(configMap('b', 14))).toBe(true)
})

test('parts have lists of their own, which say nothing of others', () => {
  const { store, changes } = make()
  const [one, other] = [store.part('one'), store.part('other')]
  const inPart = (namespace: string, name: string, version: number) => configMap(name, version, { namespace, uid: `${namespace}-${name}` })
  for (const [part, name] of [
    [one, 'one'],
    [other, 'other'],
  ] as const) {
    const list = part.relist()
    list.add(inPart(name, 'a', 5))
    list.add(inPart(name, 'b', 6))
    list.finish('10')
  }
  const again = one.relist()
  again.add(inPart('one', 'b', 6))
  again.finish('20')
  expect([...store.values()].map(keyOf)).toEqual(['one/b', 'other/a', 'other/b'])
  expect(changes.at(-1)).toContain('deleted one/a')
  // Gone before the list of its own part, and yet to come for the other's.
  expect([store.set(inPart('one', 'late', 15)), store.set(inPart('other', 'late', 15))]).toEqual([false, true])
  const rewound = other.relistRewound()
  rewound.add(inPart('other', 'a', 2))
  rewound.finish('3')
  expect([...store.values()].map((obj) => `${keyOf(obj)}@${obj.metadata.resourceVersion}`)).toEqual(['one/b@6', 'other/a@2'])
  // Gone for good in the part whose history is another's business.
  expect([store.isGone('one-a'), store.isGone('other-b')]).toEqual([true, true])
})

test('delete and create unseen surfaces as two changes', () => {
  const { store, changes } = make()
  store.set(configMap('a', 5, { uid: 'one' }))
  store.set(configMap('a', 9, { uid: 'two' }))
  expect(changes).toEqual(['added ns/a one@5 initial', 'deleted ns/a one@5 initial', 'added ns/a two@9 initial'])
  expect(store.set(configMap('a', 8, { uid: 'one' }))).toBe(false)
  // The late event of the first one's deletion leaves the second alone.
  expect(store.remove(configMap('a', 8, { uid: 'one' }))).toBe(false)
  expect(store.get('ns/a')?.metadata.uid).toBe('two')
})

test('a list removes what it lacks, but nothing newer than itself', () => {
  const { store, changes } = make()
  store.set(configMap('gone', 5))
  store.set(configMap('kept', 6))
  store.set(configMap('written', 30))
  store.set(configMap('updated', 31))
  const list = store.relist()
  list.add(configMap('kept', 6))
  list.add(configMap('updated', 10))
  list.add(configMap('new', 11))
  list.finish('20')
  expect([...store.values()].map((obj) => `${obj.metadata.name}@${obj.metadata.resourceVersion}`).toSorted()).toEqual([
    'kept@6',
    'new@11',
    'updated@31',
    'written@30',
  ])
  expect(changes.at(-1)).toBe('deleted ns/gone uid-gone@5 initial')
  // What the list did not hold, and is not newer, was deleted before it: its creation's answer comes too late.
  expect(store.set(configMap('flash', 15))).toBe(false)
  expect(store.set(configMap('later', 21))).toBe(true)
  expect(changes.at(-1)).toBe('added ns/later uid-later@21')
})

test('strips by assignment', () => {
  const { store } = make()
  const obj = configMap('a', 1)
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', mine: 'yes' }
  store.set({ ...obj, metadata: { ...obj.metadata, annotations } })
  const { metadata } = store.get('ns/a') as ConfigMap
  expect(metadata.managedFields).toBeUndefined()
  expect('managedFields' in metadata).toBe(true)
  expect(JSON.parse(JSON.stringify(metadata.annotations))).toEqual({ mine: 'yes' })
})

test('a listener that throws costs the others nothing', () => {
  const { store, changes } = make()
  const errors: unknown[] = []
  store.hearListenerErrors((error) => errors.push(error))
  const off = store.onChange(() => {
    throw new Error('mine')
  })
  store.onChange((change) => changes.push(`second ${change.type}`))
  store.set(configMap('a', 1))
  off()
  store.set(configMap('a', 2))
  expect(errors).toHaveLength(1)
  expect(changes.filter((line) => line.startsWith('second'))).toEqual(['second added', 'second updated'])
})

test('indexes follow every change, whatever the order of events', () => {
  const step = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    uid: fc.constantFrom('1', '2'),
    version: fc.integer({ min: 1, max: 40 }),
    labels: fc.dictionary(fc.constantFrom('k', 'l'), fc.constantFrom('x', 'y', 'z')),
    verb: fc.constantFrom('set', 'remove', 'list' as const),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { store } = make()
      const mirror = new Map<string, ConfigMap>()
      store.onChange(({ type, object, previous }) => {
        const key = keyOf(object)
        expect(mirror.get(key)).toBe(previous)
        if (type === 'deleted') mirror.delete(key)
        else mirror.set(key, object)
      })
      for (const { name, uid, version, labels, verb } of steps) {
        const obj = configMap(name, version, { uid: `${name}${uid}`, labels })
        const before = store.get(keyOf(obj))
        if (verb === 'set') store.set(obj)
        else if (verb === 'remove') store.remove(obj)
        else {
          const list = store.relist()
          list.add(obj)
          list.finish(String(version))
        }
        const after = store.get(keyOf(obj))
        const wentBack = before && after && Number(after.metadata.resourceVersion) < Number(before.metadata.resourceVersion)
        expect(wentBack ?? false).toBe(false)
      }
      expect([...store.values()]).toEqual([...mirror.values()])
      for (const value of ['x', 'y', 'z']) {
        const expected = [...mirror.values()].filter((obj) => Object.values(obj.metadata.labels ?? {}).includes(value))
        expect(new Set(store.by('label', value))).toEqual(new Set(expected))
      }
    }),
  )
  expect(() => make().store.by('nope', 'x')).toThrow('nope')
})

describe('a history that went back', () => {
  /** What was there in the future that never was: `a` and `b`, and `gone`, deleted. */
  function fill() {
    const made = make()
    made.store.set(configMap('a', 50))
    made.store.set(configMap('b', 51))
    made.store.set(configMap('gone', 52))
    made.store.remove(configMap('gone', 53))
    made.store.relist().finish('1')
    made.changes.length = 0
    return made
  }

  it('replaces what is older here than there, brings back the dead, and ends what it does not know', () => {
    const { store, changes } = fill()
    const list = store.relistRewound()
    list.add(configMap('a', 3))
    list.add(configMap('gone', 4))
    expect(store.get('ns/b')).toBeDefined()
    list.finish('9')
    expect(changes).toEqual(['updated ns/a uid-a@3', 'added ns/gone uid-gone@4', 'deleted ns/b uid-b@51'])
    expect(store.set(configMap('c', 8))).toBe(false)
    expect(store.set(configMap('c', 10))).toBe(true)
  })

  it('keeps what was written since', () => {
    const { store } = fill()
    const list = store.relistRewound()
    // The answers of two writes overtake the list.
    store.set(configMap('new', 12))
    store.remove(configMap('a', 54))
    store.set(configMap('a', 13, { uid: 'second' }))
    list.add(configMap('a', 3))
    list.finish('9')
    expect([...store.values()].map(({ metadata }) => `${metadata.name} ${metadata.uid}`)).toEqual(['new uid-new', 'a second'])
  })

  it('that is another object of the name is one deletion and one creation', () => {
    const { store, changes } = fill()
    const list = store.relistRewound()
    list.add(configMap('a', 3, { uid: 'before' }))
    list.add(configMap('b', 4))
    list.finish('9')
    expect(changes).toEqual(['deleted ns/a uid-a@50', 'added ns/a before@3', 'updated ns/b uid-b@4'])
  })
})
