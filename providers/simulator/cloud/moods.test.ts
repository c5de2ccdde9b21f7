import { describe, expect, it } from 'vitest'
import { switchesOf } from './characters.ts'
import { Moods } from '../../stand-in/moods.ts'
import { rig } from './testing.ts'

const draws = (method: string, more: object, count = 1_000) => {
  const moods = new Moods()
  const switches = { ...switchesOf(['moody']), ...more }
  return Array.from({ length: count }, () => moods.next(method, 'volumes', switches))
}

describe('moods', () => {
  it('are the same at each run, and others with another seed', () => {
    expect(draws('POST', {})).toEqual(draws('POST', {}))
    expect(draws('POST', { seed: 2 })).not.toEqual(draws('POST', {}))
  })

  it('do not hang on what other sorts of requests there are', () => {
    const moods = new Moods()
    const switches = switchesOf(['moody'])
    const mixed = Array.from({ length: 1_000 }, (_, i) => {
      for (let other = 0; other < i % 3; other++) moods.next('POST', 'servers', switches)
      return moods.next('POST', 'volumes', switches)
    })
    expect(mixed).toEqual(draws('POST', {}))
  })

  it('come in the shares that were set, and one share does not move another', () => {
    const cutsOf = (more: object) => draws('GET', more).map((mood) => mood?.kind === 'cut')
    const count = (kind: string) => draws('POST', { notNow: 0.3, lateErrors: 0, cuts: 0.2 }).filter((mood) => mood?.kind === kind).length
    expect([count('not-now'), count('cut'), count('late-error')]).toEqual([expect.closeTo(300, -2), expect.closeTo(140, -2), 0])
    expect(cutsOf({ lateErrors: 0, notNow: 1 })).toEqual(cutsOf({ lateErrors: 0, notNow: 0 }))
    expect(draws('POST', { notNow: 0, lateErrors: 0, cuts: 0 }).filter((mood) => mood !== undefined)).toEqual([])
  })

  it('never tell readers "not now"', () => {
    const kinds = (method: string) => new Set(draws(method, { notNow: 1 }).map((mood) => mood?.kind))
    expect([kinds('GET').has('not-now'), [...kinds('PATCH')]]).toEqual([false, ['not-now']])
    const statuses = draws('POST', { notNow: 1 }).flatMap((mood) => (mood?.kind === 'not-now' ? [mood.status] : []))
    expect([...new Set(statuses)].toSorted()).toEqual([400, 409, 423])
  })
})

describe('a moody cloud', () => {
  it.each([
    ['notNow', 0, { kind: 'reply', reply: { body: { code: 'not_now' } } }],
    [
      'lateErrors',
      1,
      { kind: 'reply', reply: { status: expect.toSatisfy((status: number) => status >= 500), body: { code: 'internal' } } },
    ],
    ['cuts', 1, { kind: 'cut', reply: { status: 202 } }],
  ])('with all %s has made %i objects', async (share, count, outcome) => {
    const { serve, admin } = rig()
    admin('PUT', 'character', { [share]: 1 })
    expect(await serve('POST', 'projects')).toMatchObject(outcome)
    expect(admin('GET', 'stats').body).toMatchObject({ objects: { projects: count } })
  })
})
