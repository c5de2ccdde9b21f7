import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commandLine } from './process/leftovers.ts'
import type { Service } from './services.ts'
import { supervise } from './supervise.ts'

describe('supervised service', () => {
  const folder = mkdtempSync(join(tmpdir(), 'seca-supervise-'))
  // The probe is answered here: what is under test is the process.
  const server = createServer((_, response) => response.end())
  let url: string
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => server.close())
  const service = (script: string): Service => {
    const file = join(folder, 'service.mjs')
    writeFileSync(file, script)
    return {
      child: { name: 'thing', command: process.execPath, args: [file], logFile: join(folder, 'log'), graceMs: 5_000 },
      probe: { url },
    }
  }

  it('is started again when it ends, and stays stopped when told to', async () => {
    const events: string[] = []
    const pids: number[] = []
    const restarted = Promise.withResolvers<void>()
    const running = await supervise(service('setInterval(() => {}, 1000)'), {
      say: (line) => events.push(line.split('.')[0]!),
      onStart: (pid) => pids.push(pid),
      onChange(isUp) {
        events.push(isUp ? 'up' : 'down')
        if (pids.length === 2) restarted.resolve()
      },
      backoffMs: 10,
    })
    process.kill(pids[0]!, 'SIGKILL')
    await restarted.promise
    await running.stop()
    expect(events.slice(0, 4)).toEqual(['up', 'down', 'thing ended (killed by SIGKILL), starting it again in 0', 'up'])
    expect(pids.map(commandLine)).toEqual(['', ''])
  })

  it('that fails at once is told with the end of its log', async () => {
    server.close()
    server.closeAllConnections()
    const failing = supervise(service('console.error("no luck"); process.exit(3)'), {
      say: () => {},
      onStart: () => {},
      onChange: () => {},
    })
    await expect(failing).rejects.toThrow(/^thing ended \(exit code 3\)\. The end of [^]*no luck$/)
  })
})
