import { beforeEach, describe, expect, it } from 'vitest'
import { Silence } from './silence.ts'

let time = 0
let silence: Silence
beforeEach(() => {
  time = 100_000
  silence = new Silence(() => time)
})
const after = (ms: number) => (time += ms)
const isLeftOut = () => silence.isLeftOut('a')

describe('a replica that does not answer', () => {
  it('is not left out for a hiccup, however many writes it had to tell of', () => {
    for (let miss = 0; miss < 100; miss++) {
      silence.missed('a')
      after(9)
    }
    expect(isLeftOut()).toBe(false)
  })

  it('is left out once that goes on, then asked again now and then, until it answers', () => {
    silence.missed('a')
    after(1_000)
    silence.missed('a')
    expect([isLeftOut(), silence.isLeftOut('b')]).toEqual([true, false])
    after(5_000)
    expect(isLeftOut()).toBe(false)
    silence.missed('a')
    expect(isLeftOut()).toBe(true)
    after(5_000)
    silence.answered('a')
    silence.missed('a')
    expect(isLeftOut()).toBe(false)
  })
})
