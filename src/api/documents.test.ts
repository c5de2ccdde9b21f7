import { describe, expect, it, vi } from 'vitest'
import { Documents } from './documents.ts'
import { docsPage } from './reference/docs.ts'
import { openApi } from './reference/openapi.ts'
import { BASE_URL, Template } from './reference/template.ts'

vi.mock('./reference/docs.ts', { spy: true })
vi.mock('./reference/openapi.ts', { spy: true })

describe('documents', () => {
  it.each(['direct', 'aggregated'] as const)('are what they would be if they were made for each client (%s)', async (door) => {
    const documents = new Documents()
    for (const base of ['https://a.example', 'https://b.example:8443/seca', BASE_URL, 'https://"quoted"<&>']) {
      expect(await documents.serve('/openapi.json', door, base).json()).toEqual(openApi(door, base))
      expect(await documents.serve('/docs', door, base).text()).toBe(docsPage(openApi(door, base)).body)
    }
  })

  it('are made once for each door, whatever hosts clients make up', () => {
    vi.clearAllMocks()
    const documents = new Documents()
    for (let host = 0; host < 50; host++)
      for (const door of ['direct', 'aggregated'] as const)
        for (const path of ['/docs', '/openapi', '/openapi.json']) documents.serve(path, door, `https://host-${host}`)
    expect(vi.mocked(docsPage)).toHaveBeenCalledTimes(2)
    // For the page, and for itself.
    expect(vi.mocked(openApi)).toHaveBeenCalledTimes(4)
  })

  it('a template without a place to fill in is itself', () => {
    expect(new Template('abc').fill('x').toString()).toBe('abc')
    expect(new Template(`${BASE_URL}a${BASE_URL}`).fill('ü').toString()).toBe('üaü')
  })
})
