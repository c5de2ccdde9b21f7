import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OpenApi } from '../../src/api/reference/openapi.ts'
import { type Api, call, startApi } from '../support/api.ts'
import { Browser, findBrowser } from '../support/browser.ts'

const executable = findBrowser()
if (executable === undefined)
  process.stdout.write('no Chromium on this machine (apt-get install chromium, or CHROME_BIN): /docs is not looked at\n')

/** As people get it: over TLS, through the door, beside the document that it shows. */
describe.skipIf(executable === undefined)('/docs behind the direct door', () => {
  let api: Api
  let browser: Browser
  let served: OpenApi

  beforeAll(async () => {
    api = await startApi()
    served = (await call(`${api.url}/openapi.json`)).json<OpenApi>()
    browser = await Browser.start(executable!, ['--ignore-certificate-errors'])
    await browser.open(`${api.url}/docs`)
  })
  afterAll(async () => {
    browser?.stop()
    await api?.stop()
  })

  it('shows every operation and schema of the served document', async () => {
    const ids = await browser.run<string[]>(`[...document.querySelectorAll('article')].map(({ id }) => id)`)
    const operations = Object.values(served.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => `operation-${operationId}`),
    )
    const schemas = Object.keys(served.components.schemas).map((name) => `schema-${name}`)
    expect(ids.toSorted()).toEqual([...operations, ...schemas].toSorted())
    const apis = await browser.run<string[]>(`[...document.querySelectorAll('main h2')].map(({ textContent }) => textContent)`)
    expect(apis).toEqual([...new Set(served.tags.map(({ name }) => name)), 'discovery', 'Schemas'])
  })

  it('with examples that are JSON and name this server', async () => {
    const commands = await browser.run<string[]>(`[...document.querySelectorAll('.operation pre')].map(({ textContent }) => textContent)`)
    expect(commands.filter((command) => !command.includes(`'${api.url}/`))).toEqual([])
    const bodies = commands.flatMap((command) => /-d '([^']+)'$/.exec(command)?.[1] ?? [])
    const puts = Object.values(served.paths).filter(({ put }) => put !== undefined)
    expect(bodies).toHaveLength(puts.length)
    for (const body of bodies) expect(JSON.parse(body)).toHaveProperty('spec')
  })

  it('loads nothing else, and breaks nothing', async () => {
    expect(browser.requests.filter((url) => !url.startsWith('data:'))).toEqual([`${api.url}/docs`])
    expect(browser.errors).toEqual([])
    expect(await browser.run(`document.querySelector('a[href="openapi.json"]').href`)).toBe(`${api.url}/openapi.json`)
  })
})
