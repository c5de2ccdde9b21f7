import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { testCache } from '../../cache/testing.ts'
import { testApp } from '../app-testing.ts'
import { escaped, html } from './html.ts'
import { openApi } from './openapi.ts'

describe('/docs', () => {
  it('shows every operation and every schema, and loads nothing', async () => {
    const { status, text, headers } = await testApp(testCache()).call('GET', '/docs')
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    const document = openApi('direct', 'https://seca.test')
    const ids = [
      ...Object.values(document.paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => `operation-${operationId}`)),
      ...Object.keys(document.components.schemas).map((name) => `schema-${name}`),
    ]
    expect(ids.filter((id) => !text.includes(`id="${id}"`))).toEqual([])
    const targets = [...text.matchAll(/href="#([^"]+)"/g)].map((match) => match[1]!)
    expect([...new Set(targets)].filter((target) => !text.includes(`id="${target}"`))).toEqual([])
    expect([...text.matchAll(/(?:src|href)="(?!#|data:|openapi\.json)([^"]*)"/g)].map((match) => match[1])).toEqual([])
    expect(text).not.toMatch(/@import|url\(|<iframe|onclick=| style="/)
  })

  it('has a policy that lets in exactly its own style and script', async () => {
    const { text, headers } = await testApp(testCache()).call('GET', '/docs')
    const policy = headers.get('content-security-policy') ?? ''
    for (const tag of ['style', 'script']) {
      const content = [...text.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, 'g'))].map((match) => match[1]!)
      expect(content).toHaveLength(1)
      expect(policy).toContain(`${tag}-src 'sha256-${createHash('sha256').update(content[0]!).digest('base64')}'`)
    }
    expect(policy).toMatch(/^default-src 'none'/)
    expect(policy).not.toContain('unsafe')
  })

  it('escapes what comes from outside', async () => {
    const app = testApp(testCache(), { externalUrls: { direct: 'https://x/"><script>alert(1)</script>' } })
    expect((await app.call('GET', '/docs')).text).not.toContain('<script>alert')
    expect(escaped(`<a href="x">'&`)).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp;')
    expect(html`${['<', html`<b>${'&'}</b>`, undefined, false, 3]}`.text).toBe('&lt;<b>&amp;</b>3')
  })
})
