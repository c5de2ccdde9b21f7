import { expect, test } from 'vitest'
import { factsOf, type Native, tagsFor } from './native.ts'

const URI = '/projects/p/providers/Aruba.Storage/blockStorages/b'
const marks = {
  tagKey: `seca-${'a'.repeat(25)}`,
  installationKey: `seci-${'b'.repeat(25)}`,
  incarnation: Buffer.alloc(12, 251).toString('base64url'),
}
const object = (more: object, tags: readonly string[] = []) => ({ metadata: { uri: URI, name: 'boot', tags }, ...more }) as Native

test('tags are read as they were written, all of them fit, and those of others stay', () => {
  const tags = tagsFor(marks, object({}, ['team-blue', `seca-${'z'.repeat(25)}`]))
  expect(tags.every((tag) => /^[A-Za-z0-9-]{4,30}$/.test(tag))).toBe(true)
  expect(tags.at(-1)).toBe('team-blue')
  const { tag, installationKey, incarnation } = factsOf(object({}, tags))
  expect({ tagKey: tag, installationKey, incarnation }).toEqual(marks)
  expect(factsOf(object({}, ['seca-something'])).tag).toBe('')
})

test.each([
  ['InCreation', { busy: 'InCreation', isGoing: false }],
  ['SomethingNew', { busy: 'SomethingNew' }],
  ['Active', { busy: undefined, failed: undefined }],
  ['Deleting', { busy: undefined, isGoing: true }],
  ['Failed', { failed: 'the cloud calls it Failed', busy: undefined }],
])('state %s', (state, facts) => {
  expect(factsOf(object({ status: { state } }))).toMatchObject(facts)
})

test('why something failed or is disabled is told, and which server uses it', () => {
  const status = { state: 'Disabled', disableStatusInfo: { isDisabled: true, reasons: ['unpaid'] } }
  expect(factsOf(object({ status })).failed).toBe('unpaid')
  const linkedResources = [{ uri: '/projects/p/providers/Aruba.Compute/cloudservers/s9' }]
  expect(factsOf(object({ properties: { linkedResources } })).usedBy).toBe('server s9')
})
