import { describe, expect, it } from 'vitest'
import type { Resource } from '../../kinds/resource.ts'
import { trackOf } from './read.ts'
import { Recorder } from './track.ts'

const resource = (state: string | undefined, reason = '', message = '', isStalled = false): Resource =>
  ({
    kind: 'Nic',
    metadata: { name: 'web', namespace: 'seca-a--p', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' },
    status: state && {
      state,
      observedGeneration: 1,
      conditions: [
        { type: 'Ready', status: state === 'active' ? 'True' : 'False', reason, message },
        ...(isStalled ? [{ type: 'Stalled', status: 'True', reason, message }] : []),
      ],
    },
  }) as unknown as Resource
const recorder = (needs: readonly Recorder[] = [], isClaimed = true, atMs = 100) =>
  new Recorder({ kind: 'Nic', name: 'web', needs, isClaimed }, atMs)
const concluded = (one: Recorder) => {
  one.conclude()
  return one.track()
}

describe('a recorder', () => {
  it('keeps what was seen, times from when it was asked for, and words of trouble alone', () => {
    const one = recorder()
    one.see(resource(undefined), 110)
    one.see(resource('pending', 'ReferenceNotReady', 'Subnet "x" is not ready'), 150)
    one.see(resource('creating', 'Creating'), 200)
    one.see(resource('creating', 'Throttled', 'slow down'), 300)
    one.see(resource('creating', 'Throttled', 'slow down'), 400)
    expect([one.isReady, one.isMoving]).toEqual([false, true])
    one.see(resource('active', 'Available'), 600)
    one.conclude()
    one.delete(700)
    one.see(resource('deleting', 'Deleting'), 720)
    one.gone(900)
    expect(one.track()).toEqual({
      kind: 'Nic',
      name: 'web',
      verdict: 'ready',
      readyMs: 500,
      goneMs: 200,
      troubles: [{ when: 'making', reason: 'Throttled', message: 'slow down' }],
      steps: [
        { atMs: 100, state: 'asked' },
        { atMs: 150, state: 'pending', reason: 'ReferenceNotReady', message: 'Subnet "x" is not ready' },
        { atMs: 200, state: 'creating', reason: 'Creating' },
        { atMs: 300, state: 'creating', reason: 'Throttled', message: 'slow down' },
        { atMs: 600, state: 'active', reason: 'Available' },
        { atMs: 720, state: 'deleting', reason: 'Deleting' },
        { atMs: 900, state: 'gone' },
      ],
    })
  })

  it('says how it went, and why', () => {
    const late = recorder()
    late.see(resource('creating', 'Creating'), 200)
    expect(concluded(late)).toMatchObject({ verdict: 'late', troubles: [{ when: 'end', reason: 'Creating', message: '' }] })
    const failed = recorder()
    failed.see(resource('error', 'Rejected', 'no valid host', true), 200)
    expect([failed.isMoving, concluded(failed).verdict]).toEqual([false, 'failed'])
    const refused = recorder([], false)
    refused.see(resource('error', 'Unsupported', 'no', true), 200)
    expect(concluded(refused).verdict).toBe('refused')
    const waits = recorder([refused])
    waits.see(resource('pending', 'ReferenceNotReady', 'it is not ready'), 200)
    expect([waits.isMoving, concluded(waits)]).toMatchObject([false, { verdict: 'waits' }])
    const lost = recorder()
    lost.see(resource('pending', 'ReferenceNotFound', 'StorageSku "x" does not exist'), 200)
    expect(concluded(lost).verdict).toBe('failed')
    const invalid = recorder()
    invalid.refuse({ reason: 'Invalid', message: 'spec.sizeGB: must be at least 1' })
    expect([invalid.isMoving, concluded(invalid)]).toMatchObject([false, { verdict: 'failed', troubles: [{ reason: 'Invalid' }] }])
  })

  it('has something to come while what it waits for is there', () => {
    const [target, other] = [recorder(), recorder()]
    const one = recorder([target])
    one.see(resource('pending', 'ReferenceNotReady', 'it is not ready'), 200)
    expect(one.isMoving).toBe(false)
    target.see(resource('active', 'Available'), 300)
    expect([one.isMoving, other.isMoving]).toEqual([true, true])
  })

  it('tells what is only partly there if it stays so', () => {
    const [passing, staying] = [recorder(), recorder()]
    for (const one of [passing, staying]) one.see(resource('active', 'PartlyApplied', 'rule "x" does not exist'), 200)
    passing.see(resource('active', 'Available'), 300)
    expect([passing, staying].map((one) => concluded(one).troubles.map(({ when, reason }) => [when, reason]))).toEqual([
      [],
      [['end', 'PartlyApplied']],
    ])
  })

  it('does not take trouble in a deletion for one before', () => {
    const one = recorder()
    one.see(resource('creating', 'Creating'), 200)
    one.conclude()
    one.delete(300)
    one.see(resource('active', 'Available'), 320)
    one.see(resource('deleting', 'Waiting', 'in use'), 330)
    one.see(resource('deleting', 'PartlyApplied', 'Workspace "p" is being deleted'), 340)
    one.gone(400)
    expect(one.track()).toMatchObject({
      verdict: 'late',
      goneMs: 100,
      troubles: [
        { when: 'end', reason: 'Creating' },
        { when: 'deleting', reason: 'Waiting', message: 'in use' },
      ],
    })
    expect(one.track().readyMs).toBeUndefined()
  })
})

describe('what is there already', () => {
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString()
  const withHistory = (...entries: [string, number][]) => {
    const ready = resource('active', 'Available')
    const history = entries.map(([state, second]) => ({ state, lastTransitionAt: at(second) })).toReversed()
    return trackOf({ ...ready, status: { ...ready.status, history } } as Resource)
  }

  it('is told from its history, until it was first ready', () => {
    expect(withHistory(['pending', 0], ['creating', 1], ['active', 4], ['updating', 60], ['active', 61])).toMatchObject({
      name: 'seca-a--p/web',
      verdict: 'ready',
      readyMs: 4_000,
      steps: [
        { state: 'asked', atMs: 0 },
        { state: 'pending', atMs: 0 },
        { state: 'creating', atMs: 1_000 },
        { state: 'active', atMs: 4_000 },
      ],
    })
  })

  it('has no time where the beginning is forgotten', () => {
    const track = withHistory(['updating', 60], ['active', 61])
    expect([track.verdict, track.readyMs, track.steps]).toEqual(['ready', undefined, [{ atMs: 0, state: 'asked' }]])
  })
})
