import type { TLSSocket } from 'node:tls'
import { beforeEach, describe, expect, it } from 'vitest'
import { SecaError } from '../../errors.ts'
import { type Caller, Unauthenticated } from '../contract.ts'
import type { Head } from '../identity/head.ts'
import { Shares } from './shares.ts'
import { networkOf, Strangers } from './strangers.ts'
import { Visit } from './visit.ts'

let now: number
let asked: number
let isDown: boolean
let strangers: Strangers
let shares: Shares

beforeEach(() => {
  ;[now, asked, isDown] = [0, 0, false]
  shares = new Shares({ limits: { requestsPerSecond: 1, burst: 3, concurrency: 10 }, now: () => now, maxWaitMs: { rate: 0, turn: 0 } })
  strangers = new Strangers(shares, ({ headers }): Promise<Caller> => {
    asked++
    const token = headers.get('authorization')?.[0]
    if (isDown) return Promise.reject(new SecaError('IdentityUnavailable', 'no keys'))
    if (token?.startsWith('good') !== true) return Promise.reject(new Unauthenticated('no'))
    return Promise.resolve({ door: 'direct', subject: token, scope: {} })
  })
})

const headOf = (token: string | undefined, remoteAddress = '10.0.0.1'): Head => ({
  headers: new Map(token === undefined ? [] : [['authorization', [token]]]),
  socket: { remoteAddress } as TLSSocket,
})

/** `caller`, or the code of what refused it: at the door, or once asked. */
async function call(token: string | undefined, address?: string): Promise<string> {
  const head = headOf(token, address)
  try {
    const { authenticate, isKnown } = await strangers.welcome(head, new Visit(shares, strangers.addressOf(head)))
    const caller = await authenticate()
    expect(isKnown).toBe(true)
    return caller.door === 'direct' ? caller.subject : caller.username
  } catch (error) {
    return (error as SecaError).code
  }
}

const times = async <T>(count: number, run: () => Promise<T>): Promise<T[]> => {
  const results: T[] = []
  for (let index = 0; index < count; index++) results.push(await run())
  return results
}

describe('strangers', () => {
  it.each([
    ['a bad token', 'bad'],
    ['no token', undefined],
  ])('%s counts for the address, and a flood is not even looked at', async (_, token) => {
    expect(await times(5, () => call(token))).toEqual([
      'Unauthenticated',
      'Unauthenticated',
      'Unauthenticated',
      'TooManyRequests',
      'TooManyRequests',
    ])
    expect(asked).toBe(3)
    expect(await call(token, '10.0.0.2')).toBe('Unauthenticated')
    now = 1_000
    expect(await call(token)).toBe('Unauthenticated')
  })

  it('a good token counts for its holder alone, wherever it comes from', async () => {
    expect(await times(4, () => call('good-a'))).toEqual(['good-a', 'good-a', 'good-a', 'TooManyRequests'])
    expect(await call('good-a', '10.0.0.9')).toBe('TooManyRequests')
    expect(await times(3, () => call('good-b'))).toEqual(['good-b', 'good-b', 'good-b'])
  })

  it('who is known already does not wait for a flood from its address', async () => {
    expect(await call('good-a')).toBe('good-a')
    await times(10, () => call('bad'))
    expect(await call('good-a')).toBe('good-a')
    expect(await call('good-new')).toBe('TooManyRequests')
  })

  it('a token that stops to hold is nobody’s again', async () => {
    const token = 'good-once'
    expect(await call(token)).toBe(token)
    const one = new Strangers(shares, () => Promise.reject(new Unauthenticated('revoked')))
    expect(one.addressOf(headOf(token))).toBe(strangers.addressOf(headOf(token)))
    strangers = one
    expect(await times(4, () => call(token))).toEqual(['Unauthenticated', 'Unauthenticated', 'Unauthenticated', 'TooManyRequests'])
  })

  it('trouble on this side counts for nobody', async () => {
    isDown = true
    expect(await times(6, () => call('good-a'))).toEqual(Array.from({ length: 6 }, () => 'IdentityUnavailable'))
    isDown = false
    expect(await call('good-a')).toBe('good-a')
  })
})

describe('an address', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
    ['2001:db8:1:2:aaaa::1', '20010db800010002/64'],
    ['2001:db8:1:2::', '20010db800010002/64'],
    ['fe80::1%eth0', 'fe80000000000000/64'],
    ['', ''],
  ])('%s counts as %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})
