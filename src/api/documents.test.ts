import { describe, expect, it } from 'vitest'
import { Documents } from './documents.ts'
import { docsPage } from './reference/docs.ts'
import { openApi } from './reference/openapi.ts'
import { BASE_URL, Template } from './reference/template.ts'

describe('documents', () => {
  it.each(['direct', 'aggregated'] as const)('are what they would be if they were made for each client (%s)', async (door) => {
    const documents = new Documents()
    for (const base of ['https://a.example', 'https://b.example:8443/seca', BASE_URL, 'https://"quoted"<&>']) {
      expect(await documents.serve('/openapi.json', door, base).json()).toEqual(openApi(door, base))
      expect(await documents.serve('/docs', door, base).text()).toBe(docsPage(openApi(door, base)).body)
    }
  })

  it('cost a copy, whatever hosts clients make up', () => {
    const documents = new Documents()
    const time = (run: () => void) => {
      const start = performance.now()
      run()
      return performance.now() - start
    }
    const first = time(() => documents.serve('/docs', 'direct', 'https://first'))
    const others = Array.from({ length: 50 }, (_, index) => time(() => documents.serve('/docs', 'direct', `https://host-${index}`)))
    expect(others.toSorted((one, other) => one - other)[25]).toBeLessThan(Math.max(first / 5, 2))
  })

  it('a template without a place to fill in is itself', () => {
    expect(new Template('abc').fill('x').toString()).toBe('abc')
    expect(new Template(`${BASE_URL}a${BASE_URL}`).fill('ü').toString()).toBe('üaü')
  })
})
