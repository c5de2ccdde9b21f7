import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createBudget } from '../../src/provider/budget.ts'
import { simulator } from './index.ts'

let server: Server | undefined
afterEach(() => void server?.close())

async function connectionTo(answer: unknown) {
  const listening = createServer((_, response) => response.setHeader('content-type', 'application/json').end(JSON.stringify(answer)))
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
  const settings = { characters: ['neat' as const], endpoint }
  const budget = createBudget({ requestsPerSecond: 100, burst: 100 })
  return simulator.connect({ region: 'eu-1', cloudRegion: 'eu-1', settings, credentials: { token: 'customer' }, ...budget })
}

test.each([{ answer: {} }, { answer: { name: 'somebody else' } }, { answer: [] }])(
  'an endpoint of something else is told: $answer',
  async ({ answer }) => {
    const connection = await connectionTo(answer)
    await expect(connection.check({ signal: new AbortController().signal } as never)).rejects.toThrow('is no simulator of this version')
    await connection.close()
  },
)
