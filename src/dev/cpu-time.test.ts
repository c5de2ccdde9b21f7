import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { cpuMs } from './cpu-time.ts'

it('counts what is computed, before and after a wait, and not the wait', async () => {
  const burn = (ms: number) => {
    const from = process.threadCpuUsage()
    for (let spent = process.threadCpuUsage(from); spent.user + spent.system < ms * 1_000; spent = process.threadCpuUsage(from));
  }
  const spent = await cpuMs(async () => {
    burn(50)
    await sleep(1_500)
    burn(50)
  })
  expect(spent).toBeGreaterThanOrEqual(100)
  expect(spent).toBeLessThan(1_000)
})

it('is what tests bound: none bounds the time on the clock, which is other processes’ too', () => {
  const root = join(import.meta.dirname, '../..')
  const tests = ['src', 'controllers', 'providers'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => join(folder, name)),
  )
  const bound = /expect\([^\n]*\b(?:performance|Date)\.now\(\)[^\n]*\)\.toBeLess/
  expect(tests.filter((file) => bound.test(readFileSync(join(root, file), 'utf8')))).toEqual([])
})
