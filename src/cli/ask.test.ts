import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { isYes } from './ask.ts'

async function answered(text: string) {
  const [input, output] = [new PassThrough(), new PassThrough()]
  input.end(text)
  const yes = await isYes('Delete 3 cloud objects?', input, output)
  return { yes, shown: String(output.read()) }
}

describe('a question', () => {
  it('is agreed to by its one word', async () => {
    expect(await answered('yes\n')).toEqual({ yes: true, shown: 'Delete 3 cloud objects? Only "yes" is taken: ' })
  })

  it.each(['y\n', 'YES\n', '\n', 'no\nyes\n', ''])('is not agreed to by %j', async (text) => {
    expect((await answered(text)).yes).toBe(false)
  })
})
