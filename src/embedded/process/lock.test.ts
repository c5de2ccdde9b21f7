import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type Lock, tryLock, waitForLock } from './lock.ts'

const file = () => join(mkdtempSync(join(tmpdir(), 'seca-lock-')), 'a.lock')

it('has one holder at a time, and names it', () => {
  const path = file()
  const first = tryLock(path) as Lock
  expect(tryLock(path)).toEqual({ heldBy: process.pid })
  first.release()
  expect(tryLock(path)).toHaveProperty('release')
})

it('is taken over from a process that is gone, also when another process has its id now', () => {
  const path = file()
  writeFileSync(path, JSON.stringify({ pid: process.pid, command: 'something else ' }))
  expect(tryLock(path)).toHaveProperty('release')
})

it('can be waited for', async () => {
  const path = file()
  const first = tryLock(path) as Lock
  const told: number[] = []
  const second = waitForLock(path, (pid) => {
    told.push(pid)
    first.release()
  })
  expect(await second).toHaveProperty('release')
  expect(told).toEqual([process.pid])
})
