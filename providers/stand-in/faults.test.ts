import { describe, expect, it } from 'vitest'
import { Fault, Faults, Limiter, Throttle } from './faults.ts'

const fault = (more: object = {}) => Fault.parse({ effect: 'answer', ...more })

describe('a fault', () => {
  it('hits what it matches, as often as it says, after as many as it says', () => {
    const faults = new Faults()
    faults.add(fault({ method: 'POST', type: 'volumes', times: 2, after: 1 }))
    const take = (method: string, type: string) => faults.take(method, type) !== undefined
    expect([take('GET', 'volumes'), take('POST', 'servers')]).toEqual([false, false])
    expect([1, 2, 3, 4].map(() => take('POST', 'volumes'))).toEqual([false, true, true, false])
    expect(faults.all).toEqual([])
  })

  it('without a method or type hits all; the first that matches is the one', () => {
    const faults = new Faults()
    const [one, other] = [faults.add(fault({ type: 'volumes' })), faults.add(fault())]
    expect(one.id).not.toBe(other.id)
    expect(faults.take('GET', 'servers')).toMatchObject({ id: other.id })
    expect(faults.take('DELETE', 'volumes')).toMatchObject({ id: one.id })
    expect(faults.take('DELETE', 'volumes')).toBeUndefined()
    faults.add(fault())
    faults.clear()
    expect(faults.take('GET', 'x')).toBeUndefined()
  })
})

describe('a limiter', () => {
  it('lets a burst pass, then the rate', () => {
    const limiter = new Limiter()
    expect(limiter.refusal(0)).toBeUndefined()
    limiter.set(Throttle.parse({ requestsPerSecond: 2, burst: 3, retryAfterS: 7 }))
    const at = (now: number) => limiter.refusal(now)
    expect([at(1_000), at(1_000), at(1_000), at(1_000)]).toEqual([undefined, undefined, undefined, 7])
    expect([at(1_400), at(1_500), at(1_500)]).toEqual([7, undefined, 7])
    // Quiet time fills the burst, and no more.
    expect([1, 2, 3, 4].map(() => at(60_000))).toEqual([undefined, undefined, undefined, 7])
    limiter.set(undefined)
    expect(at(60_000)).toBeUndefined()
  })
})
