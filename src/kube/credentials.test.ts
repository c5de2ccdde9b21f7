import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { Credentials, type Session } from './credentials.ts'

const folder = mkdtempSync(join(tmpdir(), 'seca-credentials-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'token')
const touch = (seconds: number) => {
  writeFileSync(file, 'x')
  utimesSync(file, seconds, seconds)
}

/** Each session has a number of its own. */
function rig({ expires = false, files = [file] }: { expires?: boolean; files?: string[] } = {}) {
  const state = { now: 0, loads: 0, isBroken: false }
  const load = async (): Promise<Session> => {
    state.loads++
    await Promise.resolve()
    if (state.isBroken) throw new Error('unreadable')
    return { server: String(state.loads), tls: {}, headers: {} }
  }
  const credentials = new Credentials({ load, files: () => files, expires }, () => state.now)
  const current = async () => (await credentials.current()).server
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  return { state, credentials, current, settle }
}

it('many who come first share one load', async () => {
  const { current, state } = rig()
  expect(await Promise.all([current(), current(), current()])).toEqual(['1', '1', '1'])
  expect(state.loads).toBe(1)
})

it('files are looked at every ten seconds, and read when they moved; nobody waits for that', async () => {
  touch(1)
  const { state, current, settle } = rig()
  expect(await current()).toBe('1')
  state.now = 10_001
  expect(await current()).toBe('1')
  await settle()
  expect(state.loads).toBe(1)
  touch(2)
  state.now = 20_002
  expect([await current(), state.loads]).toEqual(['1', 2])
  await settle()
  expect(await current()).toBe('2')
  // Not again before ten seconds are over.
  touch(3)
  state.now = 30_002
  expect([await current(), state.loads]).toEqual(['2', 2])
})

it('what is short-lived is loaded at each look', async () => {
  const { state, current, settle } = rig({ expires: true, files: [] })
  await current()
  state.now = 10_001
  await current()
  await settle()
  expect(await current()).toBe('2')
})

it('while it cannot be read, the old session serves on', async () => {
  touch(1)
  const { state, current, credentials, settle } = rig()
  await current()
  touch(2)
  ;[state.now, state.isBroken] = [10_001, true]
  expect(await current()).toBe('1')
  await settle()
  expect(await current()).toBe('1')
  await expect(credentials.refresh()).rejects.toThrow('unreadable')
  ;[state.now, state.isBroken] = [30_000, false]
  await current()
  await settle()
  expect(await current()).toBe('4')
})

it('what cannot be read at all is told to who asks, each time anew', async () => {
  const { state, current } = rig()
  state.isBroken = true
  await expect(current()).rejects.toThrow('unreadable')
  state.isBroken = false
  expect(await current()).toBe('2')
})

it('a file that moves while it is read is read again', async () => {
  touch(1)
  const { state, current, settle } = rig()
  await current()
  touch(2)
  state.now = 10_001
  await current()
  touch(3)
  await settle()
  state.now = 20_002
  await current()
  await settle()
  expect(state.loads).toBe(3)
})
