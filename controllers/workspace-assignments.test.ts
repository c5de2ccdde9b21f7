import { expect, it } from 'vitest'
import { add, testCache } from '../src/cache/testing.ts'
import { CREATOR_OF } from '../src/kinds/names.ts'
import type { Tools } from '../src/reconcile/controller.ts'
import { createView } from '../src/reconcile/view.ts'
import { Graph } from '../src/resolve/graph.ts'
import { workspace } from './workspace.ts'

it('takes along what is about it alone, but not the assignment of a later creator of its name', async () => {
  const cache = testCache()
  const object = add(cache, 'Workspace', 't', 'old', {})
  const assignment = (name: string, workspaces: readonly string[][], metadata: object = {}) =>
    add(
      cache,
      'RoleAssignment',
      't',
      name,
      { subs: ['a'], roles: ['r'], scopes: workspaces.map((one) => ({ workspaces: one })) },
      undefined,
      metadata,
    )
  assignment('by-hand', [['old'], ['old']])
  assignment('creator.old', [['old']], { annotations: { [CREATOR_OF]: object.metadata.uid } })
  assignment('creator.old.later', [['old']], { annotations: { [CREATOR_OF]: 'another' } })
  assignment('other', [['prod']])
  assignment('both', [['old', 'prod']])
  assignment('everywhere', [['old'], []])
  assignment('going', [['old']], { deletionTimestamp: '2026-01-01T00:00:00Z' })
  const deleted: string[] = []
  await workspace.afterDelete?.(object, {
    view: createView(cache, new Graph()),
    services: {
      deleteObject: (_kind: unknown, { metadata }: { metadata: { name: string } }) => Promise.resolve(void deleted.push(metadata.name)),
      releaseNamespace: () => Promise.resolve(undefined),
    },
  } as unknown as Tools)
  expect(deleted.toSorted()).toEqual(['by-hand', 'creator.old'])
})
