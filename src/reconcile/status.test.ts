import { expect, test } from 'vitest'
import type { Resource } from '../kinds/resource.ts'
import { failed, type Outcome } from './outcome.ts'
import { nextStatus } from './status.ts'
import { ProviderError } from '../provider/errors.ts'

const NOW = Date.parse('2026-01-01T00:00:10.500Z')
const fresh = {
  metadata: { name: 'a', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: {},
  status: { observedGeneration: -1 },
} as unknown as Resource
const active: Outcome = { state: 'active', reason: 'Available', message: '', isSynced: true, externalId: 'vol-1', own: { sizeGB: 5 } }

function after(object: Resource, outcome: Outcome, now = NOW): Resource {
  const status = nextStatus(object, outcome, now)
  return status === undefined ? object : ({ ...object, status } as Resource)
}
const states = (object: Resource) => object.status?.history?.map(({ state }) => state)
const conditions = (object: Resource) => Object.fromEntries((object.status?.conditions ?? []).map(({ type, status }) => [type, status]))

test('a new object goes through pending, creating, active; each with its conditions', () => {
  const creating = after(fresh, { state: 'creating', reason: 'Creating', message: '', isSynced: false, incarnation: 'n' })
  expect(creating.status).toMatchObject({
    observedGeneration: 1,
    state: 'creating',
    incarnation: 'n',
    lastModifiedAt: '2026-01-01T00:00:00.000Z',
  })
  expect(conditions(creating)).toEqual({ Ready: 'False', Synced: 'False', Reconciling: 'True' })
  const done = after(creating, active, NOW + 1)
  expect(states(done)).toEqual(['active', 'creating', 'pending'])
  expect(conditions(done)).toEqual({ Ready: 'True', Synced: 'True' })
  expect(done.status).toMatchObject({ externalId: 'vol-1', sizeGB: 5, incarnation: 'n' })
})

test('the same outcome again writes nothing, whenever it comes', () => {
  const done = after(fresh, active)
  expect(nextStatus(done, active, NOW + 100_000)).toBeUndefined()
})

test('a change that made no difference in the cloud is still recorded as updating, active', () => {
  const done = after(fresh, active)
  const edited = { ...done, metadata: { ...done.metadata, generation: 2 } } as Resource
  const again = after(edited, active, NOW + 5)
  expect(states(again)).toEqual(['active', 'updating', 'active', 'creating', 'pending'])
  expect(again.status?.lastModifiedAt).toBe(new Date(NOW + 5).toISOString())
  const poked = { ...again, metadata: { ...again.metadata, annotations: { 'secapi.cloud/requested': 'x' } } } as Resource
  expect(after(poked, active, NOW + 9).status).toMatchObject({ lastHandledRequest: 'x' })
  expect(states(after(poked, active, NOW + 9))?.length).toBe(7)
})

test('requests that come faster than they are handled get a pair each', () => {
  const asked = (object: Resource, token: string) =>
    ({ ...object, metadata: { ...object.metadata, annotations: { 'secapi.cloud/requested': token } } }) as Resource
  const done = after(fresh, active)
  const pairs = (object: Resource) => states(object)?.slice(0, -3).join(' ')
  expect(pairs(after(asked(done, '3@x'), active))).toBe('active updating active updating active updating')
  const busy = after(asked(done, '2@x'), { ...active, state: 'updating', isSynced: false })
  expect(pairs(busy)).toBe('updating active updating')
  const busier = after(asked(busy, '4@x'), { ...active, state: 'updating', isSynced: false })
  expect(pairs(after(busier, active))).toBe('active updating active updating active updating active updating')
  expect(pairs(after(asked(done, 'by hand'), active))).toBe('active updating')
  expect(states(after(asked(done, '999999@x'), active))?.length).toBe(32)
})

test('history keeps 32 entries, newest first', () => {
  let object = fresh
  for (let turn = 0; turn < 40; turn++)
    object = after(object, turn % 2 === 0 ? active : { ...active, state: 'updating', isSynced: false }, NOW + turn)
  expect(object.status?.history?.length).toBe(32)
  expect(object.status?.history?.[0]?.lastTransitionAt).toBe(new Date(NOW + 39).toISOString())
})

test('a pause leaves everything but Synced, and handles nothing', () => {
  const done = after(fresh, active)
  const edited = { ...done, metadata: { ...done.metadata, generation: 2 } } as Resource
  const paused = after(edited, { state: 'active', reason: 'ReconcilePaused', message: 'm', isSynced: false, isUnhandled: true })
  expect(conditions(paused)).toEqual({ Ready: 'True', Synced: 'False' })
  expect(paused.status?.observedGeneration).toBe(1)
})

test('a refusal stalls; an outage of the cloud leaves a settled object ready and is told late', () => {
  const done = after(fresh, active)
  const refused = after(done, failed(done, new ProviderError('rejected', 'quota of 5 volumes reached'), 1))
  expect(conditions(refused)).toEqual({ Ready: 'False', Synced: 'False', Stalled: 'True' })
  expect(refused.status?.conditions?.[0]?.message).toBe('quota of 5 volumes reached')
  expect(nextStatus(done, failed(done, new ProviderError('transient', 'no answer'), 1), NOW)).toBeUndefined()
  expect(conditions(after(done, failed(done, new ProviderError('transient', 'no answer'), 5)))).toEqual({ Ready: 'True', Synced: 'False' })
})

test('own fields stay until they are cleared', () => {
  const attached = after(fresh, { ...active, own: { attachedTo: { resource: 'x' } } })
  expect(after(attached, { ...active, own: {} }).status).toMatchObject({ attachedTo: { resource: 'x' } })
  expect(after(attached, { ...active, own: { attachedTo: undefined } }).status).not.toHaveProperty('attachedTo')
})

test('a message that was cut in half, or has controls, is stored as it will be read, and written once', () => {
  const broken: Outcome = { ...active, state: 'error', message: `no\u0092 ${'x'.repeat(5_000)}😀 \ud83d`, isSynced: false, isStalled: true }
  const done = after(fresh, broken)
  expect(done.status?.conditions?.map(({ message }) => message?.length)).toEqual([4_096, 4_096, 4_096])
  expect(JSON.stringify(done.status)).not.toMatch(/\u0092|\\ud/)
  const short: Outcome = { ...broken, message: 'cut \ud83d' }
  const stored = JSON.parse(JSON.stringify(after(fresh, short))) as Resource
  expect(nextStatus(stored, short, NOW + 1_000)).toBeUndefined()
})
