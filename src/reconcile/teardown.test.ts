import { expect, test } from 'vitest'
import type { Resource } from '../kinds/resource.ts'
import type { Desired, Observed } from '../provider/contract.ts'
import { Memories } from './memory.ts'
import { type Removal, type Teardown, teardown } from './teardown.ts'

const deletionTimestamp = '2026-01-01T00:00:00Z'
const later = Date.parse(deletionTimestamp) + 60_000

function work(extra: Partial<Teardown> = {}, goneAfter = 1, seen: Partial<Observed> = {}, doubtMs = 0) {
  const log: string[] = []
  let left = goneAfter
  const target: Removal = {
    desired: {} as Desired,
    observe: () => Promise.resolve(left > 0 ? { externalId: 'id-1', status: {}, drift: [], ...seen } : undefined),
    delete: ({ externalId }) => {
      log.push(externalId === 'id-1' ? 'delete' : `delete ${externalId}`)
      left -= 1
      return Promise.resolve()
    },
    doubtMs: () => doubtMs,
  }
  const it: Teardown = {
    object: { metadata: { deletionTimestamp } } as Resource,
    memory: new Memories(() => 0).of('k', 'n'),
    now: () => later,
    blockers: () => Promise.resolve({ staying: [], going: [] }),
    isOrphaned: () => Promise.resolve(false),
    confirm: () => Promise.resolve(),
    target: () => Promise.resolve(target),
    after: () => Promise.resolve(undefined),
    release: (reason) => Promise.resolve(void log.push(reason)),
    ...extra,
  }
  return { it, log }
}

test('deletes, sees that it is gone, lets go', async () => {
  const { it, log } = work()
  expect(await teardown(it)).toBeUndefined()
  expect(log).toEqual(['delete', 'Deleted'])
})

test('a slow cloud is polled before the finalizer goes', async () => {
  const { it, log } = work({}, 2)
  expect(await teardown(it)).toMatchObject({ state: 'deleting', isPolled: true })
  expect(log).toEqual(['delete'])
  expect(await teardown(it)).toBeUndefined()
})

test('a user of the object blocks, and is named; right after the deletion nobody is warned yet', async () => {
  const blockers = () => Promise.resolve({ staying: ['Instance "web"'], going: ['Nic "a"'] })
  const { it, log } = work({ blockers })
  expect(await teardown(it)).toMatchObject({ reason: 'DeletionBlocked', message: 'in use by Instance "web"' })
  expect(await teardown({ ...it, now: () => Date.parse(deletionTimestamp) + 500 })).toMatchObject({ reason: 'Deleting' })
  expect(log).toEqual([])
})

test('an orphan is left in the cloud, however late that is decided', async () => {
  const { it, log } = work({ isOrphaned: () => Promise.resolve(true) })
  expect(await teardown(it)).toBeUndefined()
  let asked = 0
  const second = work({ isOrphaned: () => Promise.resolve(asked++ > 0) })
  expect(await teardown(second.it)).toBeUndefined()
  expect([...log, ...second.log]).toEqual(['Orphaned', 'Orphaned'])
})

test('what has to happen afterwards holds the object', async () => {
  const { it, log } = work({ after: () => Promise.resolve({ reason: 'Deleting', message: 'namespace x is being deleted' }) })
  expect(await teardown(it)).toMatchObject({ state: 'deleting', message: 'namespace x is being deleted' })
  expect(log).toEqual(['delete'])
})

test('nor does one with nothing behind it do what has to happen afterwards', async () => {
  let isAfter = false
  const { it, log } = work({
    target: () => Promise.resolve(undefined),
    confirm: () => Promise.reject(new Error('gone')),
    after: () => Promise.resolve(void (isAfter = true)) as Promise<undefined>,
  })
  await expect(teardown(it)).rejects.toThrow('gone')
  expect([log, isAfter]).toEqual([[], false])
})

test('an object that only the store still knows deletes nothing', async () => {
  const { it, log } = work({ confirm: () => Promise.reject(new Error('gone')) })
  await expect(teardown(it)).rejects.toThrow('gone')
  expect(log).toEqual([])
})

test('"not found" is no end while a create may be on the road', async () => {
  const { it, log } = work({}, 0, {}, 30_000)
  expect(await teardown(it)).toMatchObject({ state: 'deleting', isPolled: true, againMs: 5_000 })
  expect(log).toEqual([])
})

test('what is going already is not deleted twice', async () => {
  const { it, log } = work({}, 1, { going: true })
  expect(await teardown(it)).toMatchObject({ state: 'deleting', isPolled: true })
  expect(log).toEqual([])
})

test('a part has nothing of its own to go', async () => {
  const { it, log } = work({}, 1, { part: 'made with its instance' })
  expect(await teardown(it)).toBeUndefined()
  expect(log).toEqual(['Deleted'])
})

test('what in the cloud holds it is named', async () => {
  const { it } = work({}, 9, { heldBy: 'snapshot snp-1' })
  expect(await teardown(it)).toMatchObject({ reason: 'DeletionBlocked', message: 'the cloud keeps it: snapshot snp-1' })
})

test('twins go along', async () => {
  const { it, log } = work({}, 2, { twins: ['id-2'] })
  expect(await teardown(it)).toBeUndefined()
  expect(log).toEqual(['delete id-2', 'delete', 'Deleted'])
})
