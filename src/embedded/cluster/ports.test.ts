import { createServer } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { freePorts } from './ports.ts'

it('are those of the last time, as far as they are free, and all differ', async () => {
  const first = await freePorts(['a', 'b', 'c'], {})
  expect(new Set(Object.values(first)).size).toBe(3)
  expect(await freePorts(['a', 'b', 'c'], first)).toEqual(first)
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(first.a, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const next = await freePorts(['a', 'b'], first)
  expect([next.a === first.a, next.b]).toEqual([false, first.b])
  const same = await freePorts(['a', 'b'], { a: first.b, b: first.b })
  expect([same.a, same.b === first.b]).toEqual([first.b, false])
})
