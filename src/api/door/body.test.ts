import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { hasBody, readBody } from './body.ts'
import type { Incoming } from './body.ts'
import { MAX_BODY } from './limits.ts'

const incoming = (stream: Readable) => stream as unknown as Incoming
const counted = () => {
  const held: number[] = []
  return { held, visit: { hold: (bytes: number) => void held.push(bytes) } }
}

describe('a body', () => {
  it('comes together, and is counted as it comes', async () => {
    const { held, visit } = counted()
    const body = await readBody(incoming(Readable.from([Buffer.from('ab'), Buffer.from('c')])), visit)
    expect([Buffer.from(body).toString(), held]).toEqual(['abc', [2, 1]])
    expect(await readBody(incoming(Readable.from([])), visit)).toHaveLength(0)
  })

  it('of exactly 1 MiB is taken, one byte more is not, and the rest is dropped', async () => {
    const { visit } = counted()
    const half = Buffer.alloc(MAX_BODY / 2)
    expect(await readBody(incoming(Readable.from([half, half])), visit)).toHaveLength(MAX_BODY)
    const large = Readable.from([half, half, Buffer.alloc(1), half])
    const ended = new Promise((resolve) => large.on('end', resolve))
    await expect(readBody(incoming(large), visit)).rejects.toMatchObject({ code: 'TooLarge' })
    await ended
  })

  it('that may not be held is refused with what says so', async () => {
    const refusal = new Error('full')
    const visit = {
      hold: () => {
        throw refusal
      },
    }
    await expect(readBody(incoming(Readable.from([Buffer.from('a')])), visit)).rejects.toBe(refusal)
  })

  it('that ends early, or does not end, is given up', async () => {
    const { visit } = counted()
    const broken = new Readable({ read: () => undefined })
    const gone = readBody(incoming(broken), visit)
    broken.push('a')
    broken.destroy()
    await expect(gone).rejects.toMatchObject({ code: 'InvalidRequest' })
    const endless = new Readable({ read: () => undefined })
    const drip = setInterval(() => endless.push('a'), 5)
    await expect(readBody(incoming(endless), visit, 50)).rejects.toMatchObject({ code: 'InvalidRequest' })
    clearInterval(drip)
    expect(endless.destroyed).toBe(true)
  })

  it.each([
    ['GET', 1, { 'content-length': '5' }, false],
    ['PUT', 1, { 'content-length': '5' }, true],
    ['PUT', 1, { 'content-length': '0' }, false],
    ['PUT', 1, { 'transfer-encoding': 'chunked' }, true],
    ['DELETE', 1, {}, false],
    ['DELETE', 2, {}, true],
    ['HEAD', 2, {}, false],
  ] as const)('%s over HTTP/%i with %j: %j', (method, httpVersionMajor, headers, wanted) => {
    expect(hasBody({ method, headers, httpVersionMajor } as unknown as Incoming)).toBe(wanted)
  })
})
