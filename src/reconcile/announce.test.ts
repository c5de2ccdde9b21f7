import { describe, expect, it } from 'vitest'
import { add, addNamespace, testCache } from '../cache/testing.ts'
import type { Resource } from '../kinds/resource.ts'
import type { EventRecorder } from '../kube/events.ts'
import { silentLog } from '../kube/testing.ts'
import { createMetrics } from '../observe/metrics.ts'
import { Announcer } from './announce.ts'

type Ready = { status?: string; reason: string; message?: string }
const ready = ({ status = 'False', reason, message = 'm' }: Ready, ...others: string[]) => ({
  conditions: [{ type: 'Ready', status, reason, message }, ...others.map((type) => ({ type, status: 'True', reason: 'x', message: '' }))],
})

function rig() {
  const cache = testCache()
  const metrics = createMetrics()
  const events: string[] = []
  const recorder = {
    record: ({ kind, metadata }: Resource, note: { type: string; reason: string; message: string }) =>
      void events.push(`${kind}/${metadata.name} ${note.type} ${note.reason}: ${note.message}`),
  }
  const now = () => Date.parse('2026-01-01T00:00:07Z')
  const announcer = new Announcer({ recorder: recorder as unknown as EventRecorder, log: silentLog, metrics, cache, now })
  const disk = (status?: object) => add(cache, 'BlockStorage', 'w', 'disk', {}, status)
  /** Events of one transition. */
  const told = (before: object | undefined, after: object) => {
    events.length = 0
    announcer.transition(disk(before), after as Record<string, unknown>)
    return events.map((event) => event.replace('BlockStorage/disk ', ''))
  }
  return { cache, metrics, events, announcer, disk, told }
}

describe('a transition', () => {
  it.each<[string, object | undefined, object, string[]]>([
    ['nothing changes', ready({ reason: 'Rejected' }), ready({ reason: 'Rejected' }), []],
    ['no condition', undefined, {}, []],
    ['other conditions alone', ready({ reason: 'Waiting' }), ready({ reason: 'Waiting' }, 'Reconciling'), []],
    ['a new reason', ready({ reason: 'Creating' }), ready({ reason: 'Waiting' }), ['Normal Waiting: m']],
    ['only other words', ready({ reason: 'Waiting' }), ready({ reason: 'Waiting', message: 'n' }), []],
    ['a quiet step', ready({ reason: 'Waiting' }), ready({ reason: 'Creating' }), []],
    ['another', ready({ reason: 'Waiting' }), ready({ reason: 'Deleting' }), []],
    ['stalled', ready({ reason: 'Creating' }), ready({ reason: 'Rejected' }, 'Stalled'), ['Warning Rejected: m']],
    [
      'stalled with other words',
      ready({ reason: 'Rejected' }, 'Stalled'),
      ready({ reason: 'Rejected', message: 'n' }, 'Stalled'),
      ['Warning Rejected: n'],
    ],
    ['stalled by a quiet step', undefined, ready({ reason: 'Creating' }, 'Stalled'), ['Warning Creating: m']],
    ['a deletion that is blocked', ready({ reason: 'Deleting' }), ready({ reason: 'DeletionBlocked' }), ['Warning DeletionBlocked: m']],
    ['partly applied', ready({ status: 'True', reason: 'Ready' }), ready({ reason: 'PartlyApplied' }), ['Warning PartlyApplied: m']],
    ['ready', ready({ reason: 'Creating' }), ready({ status: 'True', reason: 'Available' }), ['Normal Ready: m']],
    ['ready without words', undefined, ready({ status: 'True', reason: 'Available', message: '' }), ['Normal Ready: available']],
    [
      'ready, with an id in the cloud',
      undefined,
      { ...ready({ status: 'True', reason: 'Available', message: '' }), externalId: 'vol-1' },
      ['Normal Ready: available as vol-1'],
    ],
    [
      'ready for another reason',
      ready({ status: 'True', reason: 'Available' }),
      ready({ status: 'True', reason: 'Remark' }),
      ['Normal Remark: m'],
    ],
  ])('%s', (_, before, after, expected) => {
    expect(rig().told(before, after)).toEqual(expected)
  })

  it('to ready is measured from the creation, the first time', async () => {
    const { metrics, told } = rig()
    const values = async () => {
      const lines = (await metrics.registry.metrics()).matchAll(/^seca_time_to_ready_seconds_(?:count|sum)\{kind="BlockStorage"\} (\d+)$/gm)
      return [...lines].map(([, value]) => Number(value)).toSorted()
    }
    const up = ready({ status: 'True', reason: 'Available' })
    told({ history: [{ state: 'updating' }, { state: 'active' }], ...ready({ reason: 'Updating' }) }, up)
    expect(await values()).toEqual([])
    told({ history: [{ state: 'creating' }], ...ready({ reason: 'Creating' }) }, up)
    expect(await values()).toEqual([1, 7])
  })
})

describe('an announcement', () => {
  it('in a namespace that is going is told on the workspace', () => {
    const { cache, announcer, disk, events } = rig()
    const going = (name: string, labels: Record<string, string>) => {
      addNamespace(cache, name, labels)
      const namespace = cache.namespaces.get(name)!
      cache.namespaces.set({
        ...namespace,
        metadata: { ...namespace.metadata, resourceVersion: '9999', deletionTimestamp: '2026-01-02T00:00:00Z' },
      })
    }
    announcer.announce(disk(), 'Normal', 'Deleted', 'gone')
    announcer.announce(cache.get('Region', 'eu-1')!, 'Warning', 'Odd', 'x')
    going('w', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'prod' })
    announcer.announce(disk(), 'Normal', 'Deleted', 'gone')
    going('t', { 'secapi.cloud/tenant': 'acme' })
    announcer.announce(disk(), 'Normal', 'Deleted', 'gone')
    expect(events).toEqual([
      'BlockStorage/disk Normal Deleted: gone',
      'Region/eu-1 Warning Odd: x',
      'Workspace/prod Normal Deleted: BlockStorage "disk": gone',
    ])
  })
})
