import type { TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import type { Caller } from '../contract.ts'
import { aggregatedAuthenticator, type Authenticator, directAuthenticator } from './authn.ts'

const alice: Caller = { door: 'direct', subject: 'alice', scope: {} }
const joe: Caller = { door: 'aggregated', username: 'joe', groups: [], extra: {} }
const head = (...authorization: string[]) => ({
  headers: new Map(authorization.length === 0 ? [] : [['authorization', authorization]]),
  socket: {} as TLSSocket,
})
const codeOf = async (authenticate: Authenticator, ...authorization: string[]) => {
  try {
    return await authenticate(head(...authorization))
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('the direct door', () => {
  const seen: string[] = []
  const authenticate = directAuthenticator({ verify: (token) => Promise.resolve((seen.push(token), alice)) as never })

  it('takes a token of the issuer, and nothing else', async () => {
    expect([await authenticate(head('Bearer t')), seen]).toEqual([alice, ['t']])
    for (const none of [[], [''], ['Basic eA=='], ['Bearer a', 'Bearer a']])
      expect(await codeOf(authenticate, ...none)).toBe('Unauthenticated')
    expect(seen).toEqual(['t'])
  })
})

describe('the aggregated door', () => {
  const make = ({ forwarded, isTrusting }: { forwarded?: Caller; isTrusting: boolean }) =>
    aggregatedAuthenticator({ callerOf: () => forwarded, trust: isTrusting ? {} : undefined } as never, {
      authenticate: (token) => Promise.resolve({ ...joe, uid: token }) as never,
    })

  it('takes what kube-apiserver forwards, else a token that it knows', async () => {
    expect(await make({ forwarded: joe, isTrusting: true })(head('Bearer t'))).toBe(joe)
    expect(await make({ isTrusting: true })(head('Bearer t'))).toEqual({ ...joe, uid: 't' })
    expect(await make({ isTrusting: false })(head('Bearer t'))).toEqual({ ...joe, uid: 't' })
  })

  it('says no to nobody, but not before it knows who forwards', async () => {
    expect(await codeOf(make({ isTrusting: true }))).toBe('Unauthenticated')
    expect(await codeOf(make({ isTrusting: false }))).toBe('IdentityUnavailable')
    expect(await codeOf(make({ isTrusting: false }), 'nonsense')).toBe('Unauthenticated')
  })
})
