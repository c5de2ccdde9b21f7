import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Doors, openDoors } from './suite/doors.ts'
import { CONTRADICTED, SCENARIOS } from './suite/scenarios/index.ts'
import { Walks } from './suite/walks.ts'

/** Scenarios under way at once, and time between their beginnings: with many more, it is the machine whose patience is tested. */
const AT_ONCE = 8
const APART_MS = 250

// The scenarios of the ecosystem's conformance suite (github.com/eu-sovereign-cloud/conformance, bb6f5fb), walked by a client of our own that
// looks at once, after an interval, and for one more (suite/client.ts).
describe('the conformance suite', () => {
  let doors: Doors
  const walks = new Walks(AT_ONCE, APART_MS)

  beforeAll(async () => {
    doors = await openDoors()
    for (const [name, scenario] of Object.entries({ ...SCENARIOS, ...CONTRADICTED }))
      for (const door of ['direct', 'aggregated'] as const) walks.add(`${door} ${name}`, () => doors.walk(door, scenario))
    void walks.begin()
  })
  afterAll(() => doors?.stop())

  it('has 55 scenarios: 52, and 3 that contradict others', () => {
    expect([Object.keys(SCENARIOS).length, Object.keys(CONTRADICTED).length]).toEqual([52, 3])
  })

  describe.each(['direct', 'aggregated'] as const)('through the %s door', (door) => {
    it.each(Object.keys(SCENARIOS))('%s', (name) => expect(walks.outcome(`${door} ${name}`)).resolves.toBeUndefined())

    describe('where it contradicts itself', () => {
      it.each(Object.keys(CONTRADICTED))('%s', (name) => expect(walks.outcome(`${door} ${name}`)).resolves.toBeUndefined())
    })
  })
})
