import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { commandLine, readPids, stopLeftovers, writePids } from './leftovers.ts'

let folder: string
let children: ChildProcess[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'seca-leftovers-'))
  children = []
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

/** A process that names a folder in its command line, and is up. */
async function start(named: string, code = ''): Promise<{ pid: number; ended: Promise<string | null> }> {
  const child = spawn(process.execPath, ['-e', `${code}; console.log('up'); setInterval(() => {}, 1000)`, named], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const ended = new Promise<string | null>((resolve) => child.on('exit', (_, signal) => resolve(signal)))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  return { pid: child.pid ?? 0, ended }
}

describe('what an earlier run left', () => {
  it('is ended, last started first, and forgotten', async () => {
    const [one, other] = [await start(folder), await start(folder)]
    writePids(folder, { etcd: one.pid, apiserver: other.pid })
    const lines: string[] = []
    await stopLeftovers(folder, (line) => lines.push(line))
    expect([await one.ended, await other.ended, readPids(folder)]).toEqual(['SIGTERM', 'SIGTERM', {}])
    expect(lines.map((line) => line.split(' (')[0])).toEqual(['stopping apiserver', 'stopping etcd'])
  })

  it('is left alone when it is another process by now', async () => {
    const other = await start('elsewhere')
    writePids(folder, { etcd: other.pid, gone: 2 ** 22 + 1 })
    await stopLeftovers(folder, () => expect.unreachable('nothing is ours'))
    expect([readPids(folder), commandLine(other.pid)]).toEqual([{}, expect.stringContaining('elsewhere')])
  })

  it('is nothing where there was no run', async () => {
    expect(readPids(folder)).toEqual({})
    await stopLeftovers(folder, () => expect.unreachable('nothing is there'))
    expect(commandLine(2 ** 22 + 1)).toBe('')
  })
})
