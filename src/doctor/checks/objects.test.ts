import { describe, expect, it } from 'vitest'
import type { Resource } from '../../kinds/resource.ts'
import { ago, brief, MINUTE, ward } from '../testing.ts'
import { objects, troubleOf } from './objects.ts'

const volume = (name: string, more: { metadata?: object; status?: object } = {}) =>
  ({
    apiVersion: 'storage.secapi.cloud/v1',
    kind: 'BlockStorage',
    metadata: { name, namespace: 'w', creationTimestamp: ago(120 * MINUTE), ...more.metadata },
    spec: {},
    status: { observedGeneration: 1, ...more.status },
  }) as unknown as Resource
const condition = (type: string, status: string, minutes: number, reason = 'Reason') => ({
  type,
  status,
  reason,
  message: 'words',
  lastTransitionTime: ago(minutes * MINUTE),
})
const judge = (more: Parameters<typeof volume>[1]) => troubleOf(volume('v', more), ward().exam)?.seen

describe('a resource', () => {
  it.each([
    ['ready', { status: { conditions: [condition('Ready', 'True', 60)] } }, undefined],
    ['not ready for a moment', { status: { conditions: [condition('Ready', 'False', 5)] } }, undefined],
    [
      'not ready for long',
      { status: { conditions: [condition('Ready', 'False', 60)] } },
      'BlockStorage w/v is not ready for 60 min: Reason: words',
    ],
    [
      'stalled',
      { status: { conditions: [condition('Ready', 'False', 1), condition('Stalled', 'True', 1, 'Rejected')] } },
      'BlockStorage w/v goes no further by itself: Rejected: words',
    ],
    [
      'paused',
      { metadata: { annotations: { 'secapi.cloud/paused': 'true' } }, status: { conditions: [condition('Stalled', 'True', 90)] } },
      undefined,
    ],
    [
      'being deleted',
      { metadata: { deletionTimestamp: ago(MINUTE) }, status: { conditions: [condition('Stalled', 'True', 1)] } },
      undefined,
    ],
    [
      'being deleted for long',
      { metadata: { deletionTimestamp: ago(60 * MINUTE) }, status: { conditions: [condition('Ready', 'False', 1, 'DeletionBlocked')] } },
      'BlockStorage w/v is being deleted for 60 min: DeletionBlocked: words',
    ],
    ['new', { metadata: { creationTimestamp: ago(MINUTE) }, status: { observedGeneration: -1 } }, undefined],
    ['never looked at', { status: { observedGeneration: -1 } }, 'BlockStorage w/v was never looked at, for 2 h'],
  ])('%s', (_, more, seen) => expect(judge(more)).toBe(seen))
})

describe('all resources', () => {
  it('are counted; of those that are stuck some are named', async () => {
    const one = ward()
    for (let index = 0; index < 3; index++)
      one.server.add(volume(`good-${index}`, { status: { conditions: [condition('Ready', 'True', 60)] } }) as never)
    expect(brief(await one.run(objects))).toEqual(['ok: none of 3 resources is stuck'])
    for (let index = 0; index < 8; index++)
      one.server.add(volume(`bad-${index}`, { status: { conditions: [condition('Stalled', 'True', 60)] } }) as never)
    const lines = brief(await one.run(objects))
    expect(lines).toHaveLength(6)
    expect(lines.at(-1)).toBe('warn: 3 more of kind BlockStorage are stuck')
    one.state.may = (what) => what !== 'list blockstorages'
    expect(brief(await one.run(objects))[0]).toContain('unchecked: blockstorages.storage.secapi.cloud could not be read')
  })
})
