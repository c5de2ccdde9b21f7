import { Writable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Outgoing, send } from './send.ts'

/** A client that takes what comes, at once or when told. */
function client(take: (chunk: Buffer, done: () => void) => void) {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk)
      take(chunk, done)
    },
  })
  return { chunks, stream, outgoing: stream as unknown as Outgoing, ended: new Promise((resolve) => stream.on('finish', resolve)) }
}
const EAGER = (_chunk: Buffer, done: () => void) => done()

describe('an answer', () => {
  it('arrives as it is, in pieces', async () => {
    const text = fc
      .tuple(fc.nat(300_000), fc.array(fc.constantFrom('a', 'ß', '漢', '😀'), { maxLength: 5 }))
      .map(([length, letters]) => 'x'.repeat(length) + letters.join('').repeat(60_000))
    await fc.assert(
      fc.asyncProperty(text, fc.boolean(), async (body, isText) => {
        const { chunks, outgoing, ended } = client(EAGER)
        send(outgoing, isText ? body : Buffer.from(body))
        await ended
        expect(Buffer.concat(chunks).equals(Buffer.from(body))).toBe(true)
        expect(Math.max(0, ...chunks.map(({ length }) => length))).toBeLessThanOrEqual(4 * 131_072)
      }),
      { numRuns: 50 },
    )
  })

  it('lets others come in between two pieces, also for who reads at once', async () => {
    const { chunks, outgoing } = client(EAGER)
    send(outgoing, 'a'.repeat(400_000))
    const seen = [chunks.length]
    for (let turns = 0; turns < 10; turns++) {
      await turn()
      seen.push(chunks.length)
    }
    const atOnce = seen.map((count, index) => count - (seen[index - 1] ?? 0))
    expect([Math.max(...atOnce), chunks.length]).toEqual([1, 4])
  })

  it('waits for who reads slowly', async () => {
    let go = () => undefined as void
    const { chunks, outgoing } = client((_chunk, done) => (go = done))
    send(outgoing, 'a'.repeat(400_000))
    for (let turns = 0; turns < 10; turns++) await turn()
    expect(chunks).toHaveLength(1)
    go()
    for (let turns = 0; turns < 10; turns++) await turn()
    expect(chunks).toHaveLength(2)
  })

  it('ends with the connection', async () => {
    const { chunks, stream, outgoing } = client(EAGER)
    send(outgoing, 'a'.repeat(400_000))
    stream.destroy()
    for (let turns = 0; turns < 10; turns++) await turn()
    expect(chunks).toHaveLength(1)
  })
})
