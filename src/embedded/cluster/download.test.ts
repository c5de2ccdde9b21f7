import { randomBytes } from 'node:crypto'
import { createServer, request as forward } from 'node:http'
import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import type { Dispatcher } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { download, downloadText, openHttp } from './download.ts'
import { type ReleaseServer, startReleaseServer } from './testing.ts'

const CONTENT = randomBytes(200_000)

describe('a download', () => {
  let server: ReleaseServer
  let http: Dispatcher
  let file: string
  let progress: [number, number | undefined][]

  beforeEach(async () => {
    server = await startReleaseServer()
    server.files.set('/program', CONTENT)
    http = openHttp({}, 500)
    file = join(mkdtempSync(join(tmpdir(), 'seca-download-')), 'program')
    progress = []
  })
  afterEach(async () => {
    await http.close()
    await server.stop()
  })

  const get = (path = '/program', signal?: AbortSignal, waitsMs: readonly number[] = [1, 1]) =>
    download({ url: server.url + path, file, http, signal, waitsMs, onProgress: (...step) => progress.push(step) })
  const ranges = () => server.seen.map(({ headers }) => headers.range)
  const isWhole = () => {
    expect(readFileSync(file).equals(CONTENT)).toBe(true)
    expect([existsSync(`${file}.part`), existsSync(`${file}.part.json`)]).toEqual([false, false])
  }

  it('says how far it is', async () => {
    await get()
    isWhole()
    expect(progress[0]).toEqual([0, CONTENT.length])
    expect(progress.at(-1)).toEqual([CONTENT.length, CONTENT.length])
  })

  it('goes on where connections were cut off, as often as it gets further', async () => {
    server.trouble.set('/program', { cuts: [20_000, 20_000, 20_000, 20_000, 20_000] })
    await get()
    isWhole()
    const starts = ranges().map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? 'bytes=0-')?.[1]))
    expect(starts).toEqual(starts.toSorted((a, b) => a - b))
    expect(starts).toHaveLength(6)
    expect(starts.at(-1)).toBeGreaterThan(20_000)
  })

  it('is what the server has, wherever connections are cut off', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 90_000 }), { maxLength: 6 }), fc.boolean(), async (cuts, ignoresRanges) => {
        server.trouble.set('/program', { cuts: [...cuts], ignoresRanges })
        await get(
          '/program',
          undefined,
          Array.from({ length: 10 }, () => 0),
        )
        isWhole()
      }),
      { numRuns: 15 },
    )
  })

  it('begins anew where the server has no ranges, and gives up when it never gets further', async () => {
    server.trouble.set('/program', { ignoresRanges: true, cuts: [50_000] })
    await get()
    isWhole()
    server.trouble.set('/program', { ignoresRanges: true, cuts: Array.from({ length: 30 }, () => 50_000) })
    server.seen.length = 0
    await expect(get()).rejects.toThrow(/^http:\/\/127\.0\.0\.1:\d+\/program: /)
    expect(server.seen.length).toBeLessThan(10)
  })

  it('goes on in a later process, and begins anew when the file is another one by then', async () => {
    server.trouble.set('/program', { cuts: [70_000] })
    await expect(get('/program', undefined, [])).rejects.toThrow('/program: ')
    const { size } = statSync(`${file}.part`)
    server.seen.length = 0
    await get()
    isWhole()
    expect(ranges()).toEqual([`bytes=${size}-`])

    server.trouble.set('/program', { cuts: [70_000] })
    await expect(get('/program', undefined, [])).rejects.toThrow('/program: ')
    server.trouble.clear()
    server.files.set('/program', Buffer.concat([Buffer.from('changed'), CONTENT]))
    await get()
    expect(readFileSync(file).subarray(0, 7).toString()).toBe('changed')
    expect(readFileSync(file)).toHaveLength(CONTENT.length + 7)
  })

  it('goes on by date where there is no strong ETag, and begins anew without either', async () => {
    server.trouble.set('/program', { etag: 'W/"weak"', lastModified: 'Wed, 01 Jul 2026 10:00:00 GMT', cuts: [70_000] })
    await get()
    isWhole()
    expect(ranges()).toEqual([undefined, expect.stringMatching(/^bytes=\d+-$/)])
    server.trouble.set('/program', { etag: undefined, cuts: [70_000] })
    server.seen.length = 0
    await get()
    isWhole()
    expect(ranges()).toEqual([undefined, undefined])
  })

  it('is done when all of it was there already', async () => {
    server.trouble.set('/program', { cuts: [CONTENT.length - 1] })
    await expect(get('/program', undefined, [])).rejects.toThrow('/program: ')
    writeFileSync(`${file}.part`, CONTENT)
    server.trouble.clear()
    await get()
    isWhole()
  })

  it('begins anew when more is here than the server has', async () => {
    server.trouble.set('/program', { cuts: [70_000] })
    await expect(get('/program', undefined, [])).rejects.toThrow('/program: ')
    writeFileSync(`${file}.part`, Buffer.concat([CONTENT, CONTENT]))
    server.trouble.clear()
    await get()
    isWhole()
  })

  it('waits for a slow server, and not for one that sends nothing', async () => {
    server.trouble.set('/program', { pieces: 4_000 })
    await get()
    isWhole()
    server.trouble.set('/program', { hangsAfter: 30_000 })
    server.seen.length = 0
    await get()
    isWhole()
    expect(ranges()).toEqual([undefined, expect.stringMatching(/^bytes=\d+-$/)])
  })

  it('tries again when a server is in trouble, and not when the answer is final', async () => {
    server.trouble.set('/program', { status: 503, times: 2 })
    await get()
    isWhole()
    server.trouble.set('/program', { status: 429, times: 9 })
    await expect(get()).rejects.toThrow('/program: the server answers 429')
    for (const status of [400, 401, 403, 404, 410]) {
      server.trouble.set('/program', { status })
      server.seen.length = 0
      await expect(get()).rejects.toThrow(`/program: the server answers ${status}`)
      expect(server.seen).toHaveLength(1)
    }
  })

  it('follows redirects, with the range, but neither without end nor to an open connection', async () => {
    server.trouble.set('/a', { redirect: '/b' })
    server.trouble.set('/b', { redirect: `${server.url}/program?signature=x` })
    server.trouble.set('/program', { cuts: [70_000] })
    await get('/a')
    isWhole()
    expect(server.seen.map(({ path }) => path)).toEqual(['/a', '/b', '/program', '/a', '/b', '/program'])
    server.trouble.set('/loop', { redirect: '/loop' })
    await expect(get('/loop')).rejects.toThrow('/loop is redirected without end')
    server.trouble.set('/open', { redirect: 'http://mirror.example/program?signature=secret' })
    await expect(get('/open')).rejects.toThrow('http://mirror.example/program is not https')
    await expect(downloadText({ url: 'http://mirror.example/sum', http, signal: undefined })).rejects.toThrow('is not https')
  })

  it('ends when it is told to, and when nobody listens', async () => {
    const stop = new AbortController()
    server.trouble.set('/program', { pieces: 1_000 })
    const going = get('/program', stop.signal)
    setTimeout(() => stop.abort(new Error('stopped')), 100)
    await expect(going).rejects.toThrow('stopped')
    expect(existsSync(`${file}.part`)).toBe(true)
    await server.stop()
    await expect(get()).rejects.toThrow('ECONNREFUSED')
  })

  it('goes through the proxy that a variable names, unless another says not to', async () => {
    const seen: string[] = []
    const proxy = createServer((call, response) => {
      seen.push(call.url ?? '')
      call.pipe(
        forward(call.url ?? '', { headers: call.headers }, (answer) =>
          answer.pipe(response.writeHead(answer.statusCode ?? 502, answer.headers)),
        ),
      )
    })
    proxy.on('connect', (call, socket) => {
      seen.push(call.url ?? '')
      const [host = '', port = ''] = (call.url ?? '').split(':')
      const there = connect(Number(port), host, () => socket.write('HTTP/1.1 200 Connection established\r\n\r\n'))
      there.pipe(socket).pipe(there)
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    for (const [env, isUsed] of [
      [{ HTTP_PROXY: url }, true],
      [{ http_proxy: url }, true],
      [{ HTTP_PROXY: url, NO_PROXY: '127.0.0.1' }, false],
      [{}, false],
    ] as const) {
      seen.length = 0
      const through = openHttp(env)
      await download({ url: `${server.url}/program`, file, http: through, signal: undefined, onProgress: () => {} })
      await through.close()
      isWhole()
      expect(seen.length > 0).toBe(isUsed)
    }
    proxy.closeAllConnections()
    await new Promise((resolve) => proxy.close(resolve))
  })

  it('of text is bounded', async () => {
    server.files.set('/sums', Buffer.from('abc\n'))
    server.files.set('/endless', Buffer.alloc(300_000, 'x'))
    const text = (path: string) => downloadText({ url: server.url + path, http, signal: undefined, waitsMs: [1] })
    expect(await text('/sums')).toBe('abc\n')
    await expect(text('/endless')).rejects.toThrow('/endless is too long')
    await expect(text('/none')).rejects.toThrow('/none: the server answers 404')
  })
})
