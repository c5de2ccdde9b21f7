import { expect, it } from 'vitest'
import { servers } from './compute.ts'
import type { CloudObject, Fields } from '../../stand-in/model.ts'
import type { Surroundings } from './model.ts'

const WANTED = { boot_volume: 'boot', data_volumes: ['d1', 'd2'], ports: ['p'] }
const cloudOf = (isStrict: boolean, used: Record<string, string> = {}) =>
  ({ isStrict, users: (id: string) => (used[id] === undefined ? [] : [{ id: used[id] }]) }) as unknown as Surroundings
const before = (fields: Fields) => ({ id: 'srv-1', fields: { ...WANTED, ...fields } }) as unknown as CloudObject

it('a server begins off, and is on as soon as it is built', () => {
  expect(servers.complete!(WANTED, cloudOf(true), undefined)).toEqual({ ...WANTED, power: 'off', power_changed_at: null, boots: 0 })
  expect(servers.complete!(WANTED, cloudOf(true), before({ power: 'on' }))).toBe(WANTED)
  expect([servers.built!({ boots: 0 }, 7), servers.built!({ boots: 1 }, 7)]).toEqual([{ power: 'on', power_changed_at: 7, boots: 1 }, {}])
})

it('its boot volume changes while it is off', () => {
  const change = (power: string, boot_volume: string) => servers.complete!({ ...WANTED, boot_volume }, cloudOf(true), before({ power }))
  expect([change('off', 'other'), change('on', 'boot')]).toMatchObject([{ boot_volume: 'other' }, { boot_volume: 'boot' }])
  expect(() => change('on', 'other')).toThrow('server srv-1 must be off')
})

it.each(['boot', 'd2', 'p'])('a strict cloud gives %s to one server', (part) => {
  const complete = (isStrict: boolean, user: string, self?: CloudObject) => () =>
    servers.complete!(WANTED, cloudOf(isStrict, { [part]: user }), self)
  expect(complete(true, 'srv-2')).toThrow(`${part} is attached to srv-2 already`)
  expect(complete(true, 'srv-2', before({}))).toThrow(`${part} is attached to srv-2 already`)
  expect(complete(true, 'srv-1', before({}))()).toBe(WANTED)
  expect(complete(false, 'srv-2')()).toMatchObject({ power: 'off' })
})
