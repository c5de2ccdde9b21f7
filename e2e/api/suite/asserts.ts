import { expect } from 'vitest'
import type { Answer } from '../../support/api.ts'
import type { Envelope } from '../../support/seca.ts'
import { identity, type Resource } from './resource.ts'

/** What has happened to a resource so far, oldest first; the API shows the newest first. */
export type History = readonly string[]
export const CREATED: History = ['pending', 'creating', 'active']
export const changed = (history: History): History => [...history, 'updating', 'active']

/** A resource in an answer: all that the suite compares, and that nothing was added to the spec but defaults. */
export function expectResource(body: Envelope, of: Resource, verb: 'PUT' | 'GET'): void {
  expect(body.metadata).toMatchObject({ ...identity(of), verb })
  const { createdAt, lastModifiedAt, resourceVersion } = body.metadata
  expect(resourceVersion).toSatisfy(Number.isSafeInteger)
  expect([createdAt, lastModifiedAt].map((time) => Date.parse(time as string) > Date.parse('2020-01-01'))).toEqual([true, true])
  expect(body.labels).toEqual(of.labels)
  expect(body.annotations).toEqual(of.annotations)
  expectSpec(body.spec, of)
}

function expectSpec(spec: Envelope['spec'], of: Resource): void {
  expect(spec).toMatchObject(of.spec)
  const known = [...Object.keys(of.spec), ...of.kind.defaults]
  expect(Object.keys(spec).filter((field) => !known.includes(field))).toEqual([])
}

/** An active resource with exactly this history, in times that never go back. */
export function expectHistory(body: Envelope, history: History): void {
  const { state, conditions } = body.status
  expect({ state, conditions: conditions.map((condition) => condition.state) }).toEqual({
    state: 'active',
    conditions: history.toReversed(),
  })
  const times = conditions.map(({ lastTransitionAt }) => Date.parse(lastTransitionAt))
  expect(times).toEqual(times.toSorted((a, b) => b - a))
}

const TITLES = { 404: 'resource-not-found', 412: 'precondition-failed' } as const

/** A problem document of that status. */
export function expectProblem(answer: Answer, status: keyof typeof TITLES): void {
  expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(`http://secapi.cloud/errors/${TITLES[status]}`)])
  expect(Object.keys(answer.json())).toEqual(expect.arrayContaining(['type', 'title', 'status', 'detail', 'instance', 'sources']))
}
