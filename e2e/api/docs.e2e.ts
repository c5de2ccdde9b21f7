import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testApp } from '../../src/api/app-testing.ts'
import { Cache } from '../../src/cache/cache.ts'
import { KINDS } from '../../src/kinds/index.ts'
import { Browser, findBrowser } from '../support/browser.ts'

const executable = findBrowser()

/** In a real browser, with the policy that the API sends: skipped where the machine has none (or name one in CHROME_BIN). */
describe.skipIf(executable === undefined)('/docs in a browser', () => {
  let server: Server
  let browser: Browser
  let url: string
  beforeAll(async () => {
    const app = testApp(new Cache(KINDS, 'eu-1'))
    server = createServer((request, response) => {
      void app
        .call('GET', request.url ?? '/')
        .then(({ status, headers, text }) => response.writeHead(status, Object.fromEntries(headers)).end(text))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/docs`
    browser = await Browser.start(executable!)
    await browser.resize(1400, 1000)
    await browser.open(url)
  })
  afterAll(() => {
    browser.stop()
    server.closeAllConnections()
    server.close()
  })

  it('shows all operations and schemas, styled, and loads nothing else', async () => {
    expect(await browser.run('document.querySelectorAll("article.operation").length')).toBe(68)
    expect(await browser.run<number>('document.querySelectorAll("article.schema").length')).toBeGreaterThan(60)
    expect(await browser.run('getComputedStyle(document.body).display')).toBe('grid')
    expect(browser.requests.filter((one) => !one.startsWith('data:'))).toEqual([url])
    expect(browser.errors).toEqual([])
  })

  it('leads from the navigation to an operation and on to its schema', async () => {
    const visible = (id: string) =>
      browser.run<boolean>(
        `(() => { const { top, bottom } = document.getElementById('${id}').getBoundingClientRect(); return bottom > 0 && top < innerHeight })()`,
      )
    await browser.run(`document.documentElement.style.scrollBehavior = 'auto'`)
    await browser.run(`document.querySelector('nav a[href="#operation-createOrUpdateInstance"]').click()`)
    await expect.poll(() => visible('operation-createOrUpdateInstance')).toBe(true)
    expect(await browser.run(`document.querySelector('#operation-createOrUpdateInstance pre').textContent`)).toMatch(
      /^curl -X PUT 'https:.*instances\/my-resource'/,
    )
    await browser.run(`document.querySelector('#operation-createOrUpdateInstance a[href="#schema-Instance"]').click()`)
    await expect.poll(() => visible('schema-Instance')).toBe(true)
  })

  it('filters, by words of the path too', async () => {
    const filter = (words: string) =>
      browser.run<string[]>(`(() => {
        const field = document.getElementById('filter')
        field.value = ${JSON.stringify(words)}
        field.dispatchEvent(new Event('input'))
        return [...document.querySelectorAll('nav li')].filter((item) => item.offsetParent !== null).map((item) => item.textContent.trim())
      })()`)
    expect(await filter('put block')).toEqual(['PUT Create or replace one block storage'])
    expect(await filter('providers/seca.region')).toEqual(['GET List regions', 'GET Read one region'])
    expect(await filter('no such thing')).toEqual([])
    expect((await filter('')).length).toBeGreaterThan(68)
  })

  it('fits large and small windows', async () => {
    expect(await browser.run('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    await browser.resize(390, 844)
    expect(await browser.run('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    expect(browser.errors).toEqual([])
  })
})
