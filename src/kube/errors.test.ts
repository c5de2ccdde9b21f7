import { describe, expect, it, test } from 'vitest'
import { ApiError, apiErrorFrom, ifNotFound, isConflict, isGone, isInvalid, isNotFound } from './errors.ts'

const from = (status: number, body: unknown = {}, retryAfter?: string) => apiErrorFrom('get pods a', { status, retryAfter }, body)
const status = (more: object) => ({ kind: 'Status', ...more })

describe('an error of kube-apiserver', () => {
  it.each([
    [0, 'KubernetesUnavailable'],
    [400, 'KubernetesRefused'],
    [401, 'KubernetesRefused'],
    [403, 'KubernetesRefused'],
    [404, 'NotFound'],
    [409, 'Conflict'],
    [413, 'TooLarge'],
    [422, 'KubernetesRefused'],
    [429, 'KubernetesUnavailable'],
    [499, 'KubernetesRefused'],
    [500, 'KubernetesUnavailable'],
    [503, 'KubernetesUnavailable'],
  ])('%i is %s', (code, expected) => expect(from(code).code).toBe(expected))

  it('tells what it says, and quotes nothing that is no Status', () => {
    expect(from(403, status({ message: 'no', reason: 'Forbidden' })).message).toBe('get pods a: no (403 Forbidden)')
    for (const body of [undefined, null, '<html>secret</html>', 7, [], { message: 'secret' }, { kind: 'Pod', message: 'secret' }])
      expect(from(500, body)).toMatchObject({ message: 'get pods a: no explanation given (500 ServerError)', explanation: '' })
    expect(from(400)).toMatchObject({ reason: 'Unknown' })
    expect(from(200, status({ code: 410, reason: 'Expired' }))).toMatchObject({ status: 410, reason: 'Expired' })
    expect(from(500, status({ message: 'x'.repeat(3_000) })).explanation).toHaveLength(2_000)
  })

  it('has causes, whole or in part', () => {
    const causes = [{ field: 'spec.a', reason: 'FieldValueInvalid', message: 'm' }, null, { field: 'b' }]
    expect(from(422, status({ details: { causes } })).causes).toEqual([causes[0], { message: '' }, { field: 'b', message: '' }])
    expect(from(422).causes).toEqual([])
  })

  it.each([
    ['etcdserver: request is too large', 413],
    ['trying to send message larger than max (2100000 vs. 2097152)', 413],
    ['Request entity too large: limit is 3145728', 413],
    ['something else', 500],
  ])('"%s" has status %i', (message, code) => {
    expect(from(500, status({ message, reason: 'x', code: 500 }))).toMatchObject({
      status: code,
      reason: code === 413 ? 'RequestEntityTooLarge' : 'x',
    })
  })

  it.each<[string | undefined, number | undefined, number | undefined]>([
    [undefined, undefined, undefined],
    ['2', undefined, 2_000],
    ['0', undefined, 0],
    ['2', 5, 2_000],
    [undefined, 5, 5_000],
    [undefined, 0, undefined],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 5, 5_000],
    ['x', undefined, undefined],
  ])('Retry-After %j, retryAfterSeconds %j: %j ms', (header, retryAfterSeconds, expected) => {
    const error = from(429, status({ details: retryAfterSeconds === undefined ? {} : { retryAfterSeconds } }), header)
    expect(error.retryAfterMs).toBe(expected)
  })

  it('is told by its status, and nothing else is', () => {
    const all = [404, 409, 410, 422, 500].map((code) => from(code))
    expect([isNotFound, isConflict, isGone, isInvalid].map((is) => all.map(is).indexOf(true))).toEqual([0, 1, 2, 3])
    expect([isNotFound, isConflict, isGone, isInvalid].map((is) => all.filter(is).length)).toEqual([1, 1, 1, 1])
    expect(isNotFound({ status: 404 })).toBe(false)
    expect(new ApiError('x', { status: 0, reason: 'y', cause: 'z' }).cause).toBe('z')
  })
})

test('what is not there is nothing, and everything else goes on', async () => {
  await expect(Promise.reject(from(404)).catch(ifNotFound)).resolves.toBeUndefined()
  await expect(Promise.reject(from(500)).catch(ifNotFound)).rejects.toMatchObject({ status: 500 })
})
