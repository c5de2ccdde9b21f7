import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { suspendAware, uptimeClock } from './clock.ts'

/** A machine whose three clocks move as those of Linux do. */
function machine() {
  const time = { awake: 5_000, wall: 1_000_000, boot: 60_000 }
  let asked = 0
  const now = suspendAware({ awake: () => time.awake, wall: () => time.wall, bootMs: () => (asked++, time.boot) })
  const run = (ms: number, asleep = false) => {
    time.wall += ms
    time.boot += ms
    if (!asleep) time.awake += ms
  }
  return { time, now, run, asked: () => asked }
}

test('time goes on while the machine sleeps', () => {
  const { now, run } = machine()
  const start = now()
  run(1_000)
  expect(now() - start).toBe(1_000)
  run(3_600_000, true)
  expect(now() - start).toBe(3_601_000)
  run(10)
  expect(now() - start).toBe(3_601_010)
})

test('whoever sets the wall clock changes nothing, and the uptime is asked only then', () => {
  const { now, run, time, asked } = machine()
  const [start, before] = [now(), asked()]
  for (let index = 0; index < 100; index++) {
    run(10)
    now()
  }
  expect(asked()).toBe(before)
  time.wall += 86_400_000
  expect(now() - start).toBe(1_000)
  time.wall -= 200_000_000
  expect(now() - start).toBe(1_000)
  expect(asked()).toBe(before + 2)
})

test('without a wall clock the uptime is asked each time: a sleep that a set clock hides is seen', () => {
  const time = { awake: 5_000, boot: 60_000 }
  const now = suspendAware({ awake: () => time.awake, bootMs: () => time.boot })
  const start = now()
  time.boot += 3_600_000
  expect(now() - start).toBe(3_600_000)
  // It has a resolution of 10 ms.
  time.awake += 19
  time.boot += 10
  expect(now() - start).toBe(3_600_019)
})

test('a stop between two looks at clocks is counted once', () => {
  const time = { awake: 5_000, boot: 60_000, stopMs: 0 }
  const bootMs = () => {
    const boot = time.boot
    time.awake += time.stopMs
    time.boot += time.stopMs
    return boot
  }
  const now = suspendAware({ awake: () => time.awake, bootMs })
  const start = now()
  time.stopMs = 30_000
  now()
  time.stopMs = 0
  expect(now() - start).toBe(30_000)
})

test('the machine says how long it is up, and nobody sets that', () => {
  const before = uptimeClock.now()
  const wall = Date.now
  Date.now = () => 0
  onTestFinished(() => void (Date.now = wall))
  const passed = uptimeClock.now() - before
  expect([passed >= 0, passed < 60_000]).toEqual([true, true])
})

test('never runs back, and never ahead of real time, whatever happens', () => {
  const step = fc.record({ ms: fc.nat(1e6), kind: fc.constantFrom('awake', 'asleep', 'set') })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { now, run, time } = machine()
      const start = now()
      let [real, last] = [0, start]
      for (const { ms, kind } of steps) {
        if (kind === 'set') time.wall += ms - 500_000
        else {
          run(ms, kind === 'asleep')
          real += ms
        }
        const seen = now()
        expect(seen).toBeGreaterThanOrEqual(last)
        last = seen
      }
      expect(last - start).toBeLessThanOrEqual(real)
    }),
  )
})
