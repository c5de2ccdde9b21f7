import { expect, test } from 'vitest'
import { DELETION_POLICY, DRIFT_POLICY } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import { isObserveOnly, isOrphan } from './policy.ts'

test.each([
  [undefined, false, false],
  [{ [DELETION_POLICY]: 'Orphan' }, false, true],
  [{ [DRIFT_POLICY]: 'Observe' }, true, true],
  [{ [DELETION_POLICY]: 'orphan', [DRIFT_POLICY]: 'observe' }, false, false],
])('annotations %j', (annotations, observes, orphans) => {
  const object = { metadata: { annotations } } as unknown as Resource
  expect([isObserveOnly(object), isOrphan(object)]).toEqual([observes, orphans])
})
