import { describe, expect, it } from 'vitest'
import { Gate } from './gate.ts'

describe('a gate', () => {
  it('lets so many through, holds so many back, and turns the rest away', async () => {
    const gate = new Gate(2, 2)
    const ends: (() => void)[] = []
    const began: number[] = []
    const run = (index: number) => gate.run(() => (began.push(index), new Promise<number>((resolve) => ends.push(() => resolve(index)))))
    const all = Array.from({ length: 6 }, (_, index) => run(index))
    expect(all.map((one) => one !== undefined)).toEqual([true, true, true, true, false, false])
    expect(began).toEqual([0, 1])
    ends[1]!()
    expect(await all[1]).toBe(1)
    // In order, and there is room again for one.
    expect(began).toEqual([0, 1, 2])
    const late = run(6)
    expect([late !== undefined, run(7)]).toEqual([true, undefined])
    for (let index = 0; index < 10; index++) {
      for (const end of ends) end()
      await Promise.resolve()
    }
    expect(await Promise.all([all[0], all[2], all[3], late])).toEqual([0, 2, 3, 6])
  })

  it('goes on after failures', async () => {
    const gate = new Gate(1, 1)
    const failing = gate.run(() => Promise.reject(new Error('no')))
    const next = gate.run(() => Promise.resolve('yes'))
    await expect(failing).rejects.toThrow('no')
    expect(await next).toBe('yes')
    expect(await gate.run(() => Promise.resolve('again'))).toBe('again')
  })

  it('with no line turns away who cannot go at once', async () => {
    const gate = new Gate(1, 0)
    const one = gate.run(() => Promise.resolve(1))
    expect(gate.run(() => Promise.resolve(2))).toBeUndefined()
    expect([await one, await gate.run(() => Promise.resolve(3))]).toEqual([1, 3])
  })
})
