import { describe, expect, it } from 'vitest'
import { CATALOGUE, type ErrorCode, SecaError } from '../errors.ts'
import { ApiError, apiErrorFrom } from '../kube/errors.ts'
import { pointerOf, problem } from './problem.ts'

interface Document {
  readonly status: number
  readonly detail: string
  readonly sources: readonly { readonly pointer: string }[]
  readonly meta: { readonly code: string }
}
const documentOf = (thrown: unknown) => JSON.parse(problem(thrown, '/x', 422).body) as Document

/** A refusal as kube-apiserver answers it. */
const refusal = (status: object, http = (status as { code?: number }).code ?? 500) =>
  apiErrorFrom(
    'create /apis/storage.secapi.cloud/v1/namespaces/seca-acme--prod/blockstorages',
    { status: http },
    { kind: 'Status', ...status },
  )

const SECRETS =
  /10\.(?:0|96)\.\d+\.\d+|kube\.internal|webhook\.svc|6443|seca-acme--prod|\/apis\/|\/etc\/|https?:\/\/(?!secapi\.cloud\/errors)/

describe('a problem document', () => {
  it.each([
    ['etcdserver: request is too large', 500],
    ['rpc error: code = ResourceExhausted desc = trying to send message larger than max (6240361 vs. 2097152)', 500],
    ['rpc error: code = ResourceExhausted desc = grpc: received message larger than max (3000000 vs. 2097152)', 500],
    ['Request entity too large: limit is 3145728', 413],
    ['the server responded with the status code 413 but did not return more information', 413],
  ])('%s: 413, with what to do', (message, code) => {
    const document = documentOf(refusal({ message, code, reason: 'x' }))
    expect([document.status, document.meta.code]).toEqual([413, 'TooLarge'])
    expect(document.detail).toMatch(/larger than the cluster can store.*shorten/)
    expect(document.detail).not.toMatch(/rpc|etcd|grpc/)
  })

  it('annotations that are too long are told where the client has them', () => {
    const causes = [
      { field: 'metadata.annotations', reason: 'FieldValueTooLong', message: 'Too long: may not be more than 262144 bytes' },
      { field: '<nil>', reason: 'FieldValueInvalid', message: 'Invalid value: null: some validation rules were not checked' },
    ]
    const document = documentOf(
      refusal({
        message: '[metadata.annotations: …, <nil>: …]',
        code: 422,
        reason: 'Invalid',
        // An update is looked at three times.
        details: { causes: [...causes, ...causes, ...causes] },
      }),
    )
    expect(document.sources.map(({ pointer }) => pointer)).toEqual(['/annotations'])
    expect(document.detail).toBe('metadata.annotations: Too long: may not be more than 262144 bytes')
  })

  it.each([
    [
      'no connection',
      new ApiError('get /apis/x: no answer (ECONNREFUSED: connect ECONNREFUSED 10.0.0.1:6443); is it up?', {
        status: 0,
        reason: 'ECONNREFUSED',
      }),
    ],
    ['no name', new ApiError('get: no answer (ENOTFOUND: getaddrinfo ENOTFOUND kube.internal)', { status: 0, reason: 'ENOTFOUND' })],
    [
      'a webhook that fails',
      refusal({
        code: 500,
        message:
          'Internal error occurred: failed calling webhook "a.b": Post "https://webhook.svc:443/x?timeout=10s": dial tcp 10.96.0.7:443: connect: connection refused',
      }),
    ],
    [
      'a webhook that denies and quotes',
      refusal({
        code: 403,
        message: 'admission webhook "a.b" denied the request: Get "https://kube.internal:6443/x": dial tcp 10.0.0.1:6443: i/o timeout',
      }),
    ],
    [
      'a webhook that denies, and what it was told on the way',
      refusal({
        code: 403,
        message: 'admission webhook "a.b" denied the request: read tcp 10.0.0.5:40954->10.96.0.7:443: read: reset by peer',
      }),
    ],
    [
      'a webhook that denies with causes',
      refusal({
        code: 422,
        details: { causes: [{ field: 'spec.zone', message: 'ask https://kube.internal:6443/x or 10.96.0.7:443' }] },
      }),
    ],
    ['a bad request', refusal({ code: 400, message: 'cannot be handled by http://10.0.0.1:6443/x' })],
    ['invalid without causes', refusal({ code: 422, message: 'invalid, see https://kube.internal/x' })],
    ['not found', refusal({ code: 404, message: 'namespaces "seca-acme--prod" not found' })],
    ['conflict', refusal({ code: 409, message: 'Operation cannot be fulfilled on x "seca-acme--prod"' })],
    ['forbidden', refusal({ code: 403, message: 'User "system:serviceaccount:seca-system:seca-api" cannot create in "seca-acme--prod"' })],
    ['too many requests', refusal({ code: 429, message: 'too many requests at https://kube.internal' })],
    ['html from a proxy', apiErrorFrom('get /apis/x', { status: 502 }, '<html>10.0.0.1</html>')],
    ['no token review', new SecaError('InvalidConfiguration', '/etc/key cannot be read')],
    ['our own mistake', new SecaError('Internal', 'connect ECONNREFUSED 10.0.0.1:6443')],
    ['Node’s error', new Error('connect ECONNREFUSED 10.0.0.1:6443')],
    ['no error at all', 'https://kube.internal:6443'],
  ])('%s tells no address', (_, thrown) => {
    const document = documentOf(thrown)
    expect(document.detail).not.toMatch(SECRETS)
    expect(document.detail.length).toBeGreaterThan(10)
  })

  it('takes linear time, whatever the client’s own value that is quoted', () => {
    for (const value of ['a.', 'a:/', 'dial ', '1.1.1.1', '+-.']) {
      const causes = [{ field: 'spec.a', message: `Invalid value: "${value.repeat(500_000)}": too long` }]
      const before = process.cpuUsage()
      expect(documentOf(refusal({ code: 422, details: { causes } })).status).toBe(422)
      expect(process.cpuUsage(before).user / 1_000).toBeLessThan(1_000)
    }
  })

  it('what the administrator’s policy says is quoted', () => {
    expect(documentOf(refusal({ code: 403, message: 'admission webhook "a.b" denied the request: names must be short' }))).toMatchObject({
      status: 403,
      detail: 'admission webhook "a.b" denied the request: names must be short',
    })
  })

  it('every code has a status and a title of its own, and 500 says nothing', () => {
    for (const code of Object.keys(CATALOGUE) as ErrorCode[]) {
      const { status, title, detail } = JSON.parse(problem(new SecaError(code, 'secret'), '/x', 422).body) as Document & { title: string }
      expect(status).toBe(CATALOGUE[code].status)
      expect(title).not.toBe('Error')
      expect(detail === 'secret').toBe(status !== 500)
    }
  })

  it.each([
    ['spec.routes[0].targetRef', '/spec/routes/0/targetRef'],
    ['.spec.a', '/spec/a'],
    ['spec', '/spec'],
  ])('%s is %s', (field, pointer) => {
    expect(pointerOf(field)).toBe(pointer)
  })
})
