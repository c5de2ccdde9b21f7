import { expect, test } from 'vitest'
import { cpuMs } from '../dev/cpu-time.ts'
import { ACTIVE, add, testCache } from '../cache/testing.ts'
import { kindNamed } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Reference } from '../kinds/ref.ts'
import { desiredOf, pathOf } from './desired.ts'

const group = kindNamed('SecurityGroup') as Kind
const IDENTITY = { tag: 't', incarnation: 'i', mayAdopt: false }

/** A group of 500 rules that name 16,000 instances, of which the last is there. */
function large() {
  const cache = testCache()
  add(cache, 'Instance', 'w', 'i15999', {}, { ...ACTIVE, externalId: 'vm' })
  const rules = Array.from({ length: 500 }, (_, rule) => ({
    direction: 'ingress',
    sourceRef: Array.from({ length: 32 }, (_, item): Reference => ({ resource: `instances/i${rule * 32 + item}` })),
  }))
  const object = add(cache, 'SecurityGroup', 'w', 'g', { rules })
  return {
    desired: desiredOf(cache, group, object, pathOf(cache, group, object)!, IDENTITY),
    references: rules.flatMap(({ sourceRef }) => sourceRef),
  }
}

test('targets are found by the reference itself and by an equal one', () => {
  const { desired, references } = large()
  expect(desired.target(references.at(-1)!)).toMatchObject({ externalId: 'vm', isReady: true })
  expect(desired.target({ resource: 'instances/i15999' })).toMatchObject({ externalId: 'vm' })
  expect(desired.target(references[0]!)).toBeUndefined()
  expect(desired.target({ resource: 'instances/other' })).toBeUndefined()
})

test('each of thousands of references is looked up, not searched for', async () => {
  const { desired, references } = large()
  const look = () => references.map((reference) => desired.target({ ...reference })).filter(Boolean)
  // Each with each would be 128 million comparisons.
  expect(await cpuMs(() => expect(look()).toHaveLength(1))).toBeLessThan(2_000)
})
