import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../stand-in/counter.ts'
import { rig } from './testing.ts'

const idOf = (outcome: Outcome) => (outcome.kind === 'reply' ? (outcome.reply.body as { id: string }).id : outcome.kind)

describe('a call in this process', () => {
  it('is answered as by the door, on the clock that was given', async () => {
    const { serve: customer, clock } = rig([], 500)
    const id = idOf(await customer('POST', 'projects', { tag: 't' }))
    expect(await customer('GET', `projects/${id}`)).toMatchObject({
      reply: { status: 200, body: { state: 'building', created_at: 1_000_000 } },
    })
    clock.now += 500
    expect(await customer('GET', 'projects?tag=t')).toMatchObject({ reply: { body: { items: [{ id, state: 'ready' }] } } })
  })

  it('is refused with an answer', async () => {
    const { serve: customer, admin } = rig()
    expect(await customer('GET', 'unicorns')).toMatchObject({ kind: 'reply', reply: { status: 404, body: { code: 'no_such_type' } } })
    expect(await customer('POST', 'volumes', { colour: 'red' })).toMatchObject({ reply: { status: 422 } })
    expect(admin('POST', 'faults', { effect: 'explode' })).toMatchObject({ status: 422, body: { code: 'invalid' } })
    admin('PUT', 'throttle', { requestsPerSecond: 0.001, retryAfterS: 7 })
    await customer('GET', 'volumes')
    expect(await customer('GET', 'volumes')).toMatchObject({ reply: { status: 429, headers: { 'retry-after': '7' } } })
  })

  it.each([
    ['answer', 0, { kind: 'reply', reply: { status: 500 } }],
    ['hang', 0, { kind: 'hang' }],
    ['refuse', 0, { kind: 'reset' }],
    ['drop', 1, { kind: 'reset' }],
    ['late-answer', 1, { kind: 'reply', reply: { status: 500, body: { code: 'injected' } } }],
    ['cut', 1, { kind: 'cut', reply: { status: 202 } }],
    ['delay', 1, { kind: 'reply', reply: { status: 202 } }],
  ])('under the fault "%s" makes %i objects', async (effect, count, outcome) => {
    const { serve: customer, admin, slept } = rig()
    admin('POST', 'faults', { effect, delayMs: 90 })
    expect(await customer('POST', 'projects')).toMatchObject(outcome)
    expect(admin('GET', 'stats')).toMatchObject({ body: { objects: { projects: count } } })
    expect(slept).toEqual(effect === 'delay' ? [90] : [])
  })
})
