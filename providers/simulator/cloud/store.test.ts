import { describe, expect, it } from 'vitest'
import type { CloudObject } from '../../stand-in/model.ts'
import { Store } from '../../stand-in/store.ts'
import { TYPES } from './types.ts'

let seq = 0
const object = (type: string, id: string, fields: object, more: Partial<CloudObject> = {}): CloudObject => ({
  id,
  type,
  seq: ++seq,
  tag: '',
  name: id,
  labels: {},
  metadata: {},
  clientToken: '',
  createdAt: 0,
  state: 'ready',
  fields: { ...fields },
  ...more,
})
const server = (id: string, fields: object = {}, more: Partial<CloudObject> = {}) =>
  object('servers', id, { project: 'prj', boot_volume: 'boot', data_volumes: [], ports: [], firewall: null, ...fields }, more)
const ids = (objects: readonly CloudObject[]) => objects.map(({ id }) => id)

describe('a store', () => {
  it('finds by id, type, tag, client token, and who uses what', () => {
    const store = new Store(TYPES)
    store.put(server('s1', { data_volumes: ['d1', 'd2'] }, { tag: 'a', clientToken: 'c' }))
    store.put(object('volumes', 'v1', { project: 'prj' }, { tag: 'a', clientToken: 'c' }))
    expect([store.get('s1')?.id, [...store.all('servers').keys()], [...store.all('ports').keys()]]).toEqual(['s1', ['s1'], []])
    expect([ids(store.tagged('servers', 'a')), ids(store.tagged('ports', 'a')), ids(store.tagged('servers', ''))]).toEqual([['s1'], [], []])
    expect([store.withToken('volumes', 'c')?.id, store.withToken('ports', 'c')]).toEqual(['v1', undefined])
    expect([ids(store.users('d2')), ids(store.users('prj')), ids(store.users('none'))]).toEqual([['s1'], ['s1', 'v1'], []])
    expect(store.lastSeq).toBe(seq)
    store.put({ ...store.get('s1')!, tag: 'b', clientToken: '', fields: server('x').fields })
    expect([ids(store.tagged('servers', 'a')), ids(store.tagged('servers', 'b')), ids(store.users('d2'))]).toEqual([[], ['s1'], []])
    expect(new Store(TYPES).linksOf('servers', server('x', { ports: ['p', 7] }).fields).map(({ id, field }) => `${field} ${id}`)).toEqual([
      'project prj',
      'boot_volume boot',
      'ports p',
    ])
  })

  it('knows what is occupied, by others', () => {
    const store = new Store(TYPES)
    store.put(object('ports', 'p1', { segment: 's', addresses: ['10.0.0.5'], firewalls: [], floating_ips: [] }))
    const at = (pool: string, key: string, self?: string) => store.isOccupied(pool, key, self)
    expect([at('s', '10.0.0.5'), at('s', '10.0.0.5', 'p1'), at('s', '10.0.0.5', 'p2'), at('s', '10.0.0.6'), at('t', '10.0.0.5')]).toEqual([
      true,
      false,
      true,
      false,
      false,
    ])
    store.remove('p1')
    expect(at('s', '10.0.0.5')).toBe(false)
  })

  it('empties fields that named what is gone, where the type says so', () => {
    const store = new Store(TYPES)
    store.put(object('firewalls', 'f', { project: 'prj', rules: [], filters: [] }))
    const operation = { name: 'change', endsAt: 9, fields: server('x', { firewall: 'f' }).fields }
    store.put(server('s1', { firewall: 'f' }, { operation }))
    store.put(object('ports', 'p', { segment: 's', addresses: [], firewalls: ['e', 'f'], floating_ips: [] }))
    store.put(object('templates', 't', { source_volume: 'f' }))
    store.remove('f')
    store.remove('f')
    expect(store.get('s1')).toMatchObject({ fields: { firewall: null }, operation: { fields: { firewall: null } } })
    expect([store.get('p')?.fields['firewalls'], store.get('t')?.fields['source_volume']]).toEqual([['e'], 'f'])
    expect([ids(store.users('f')), store.get('f'), [...store.all('firewalls').keys()]]).toEqual([['t'], undefined, []])
  })

  it('ends operations when they are due: done, failed, or gone', () => {
    const store = new Store(TYPES)
    const work = (id: string, more: object) =>
      store.put(server(id, {}, { state: 'changing', operation: { name: 'x', endsAt: 5, ...more }, error: 'old', metadata: { a: '1' } }))
    work('done', { fields: server('x', { firewall: 'f' }).fields, metadata: { b: '2' } })
    work('failed', { fields: {}, fails: 'no' })
    work('gone', {})
    store.settle(4)
    expect(['done', 'failed', 'gone'].map((id) => store.get(id)?.state)).toEqual(['changing', 'changing', 'changing'])
    // Users of what will be, already.
    expect(ids(store.users('f'))).toEqual(['done'])
    store.settle(5)
    expect(store.get('done')).toMatchObject({ state: 'ready', fields: { firewall: 'f' }, metadata: { a: '1', b: '2' } })
    expect(store.get('done')).not.toHaveProperty('error')
    expect(store.get('done')).not.toHaveProperty('operation')
    expect(store.get('failed')).toMatchObject({ state: 'failed', error: 'no', fields: { firewall: null } })
    expect(store.get('gone')).toBeUndefined()
  })

  it('an operation that was put off ends at its new time', () => {
    const store = new Store(TYPES)
    const at = (endsAt: number) => ({ state: 'changing', operation: { name: 'x', endsAt, fields: {} } }) as const
    store.put(server('s', {}, at(5)))
    store.put({ ...store.get('s')!, ...at(9) })
    store.settle(6)
    expect(store.get('s')?.state).toBe('changing')
    store.settle(9)
    expect(store.get('s')?.state).toBe('ready')
  })
})
