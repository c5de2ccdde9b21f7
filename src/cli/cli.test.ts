import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { SecaError } from '../errors.ts'
import { dispatch, subcommand } from './cli.ts'

let [out, err] = ['', '']
beforeEach(() => {
  ;[out, err] = ['', '']
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true))
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((err += String(text)), true))
})
afterEach(() => {
  vi.restoreAllMocks()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(signal)
})

/** Exit code of `go`, which does `work`. */
const run = (args: string[], work: (signal: AbortSignal) => Promise<number | void> = () => Promise.resolve()) =>
  dispatch({ go: subcommand('goes', z.object({ portMs: z.int().default(7) }), (_settings, { signal }) => work(signal)) }, args, {})
const fails = (thrown: unknown) => {
  const reject = async () => {
    throw thrown as Error
  }
  return run(['go'], reject)
}

describe('a command line', () => {
  it('runs the subcommand that it names, with its settings', async () => {
    const seen: unknown[] = []
    const subcommands = {
      go: subcommand('goes', z.object({ wait: z.int().default(7) }), (settings) => Promise.resolve(void seen.push(settings))),
    }
    expect(await dispatch(subcommands, ['go', '--wait', '8'], {})).toBe(0)
    expect(await dispatch(subcommands, ['go'], { SECA_WAIT: '9' })).toBe(0)
    expect(seen).toEqual([{ wait: 8 }, { wait: 9 }])
    expect(await run(['go'], () => Promise.resolve(3))).toBe(3)
  })

  it.each([[[]], [['--help']], [['-h']], [['help']]])('%j lists the subcommands', async (args) => {
    expect([await run(args), out, err]).toEqual([0, expect.stringContaining('go           goes'), ''])
  })

  it('tells its version, and the flags of a subcommand', async () => {
    expect([await run(['--version']), out]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)])
    expect([await run(['go', '--port', 'x', '--help']), out]).toEqual([0, expect.stringContaining('--port')])
  })

  it.each([
    ['gp', 'unknown subcommand gp'],
    ['--helo', 'unknown flag --helo'],
    ['toString', 'unknown subcommand toString'],
  ])('%s is not known: 78', async (name, message) => {
    expect([await run([name]), err]).toEqual([78, expect.stringContaining(message)])
  })

  it('with wrong settings: 78, and where the flags are', async () => {
    expect(await run(['go', '--prt', '8'])).toBe(78)
    expect(err).toContain('--help lists the flags.')
    expect([await fails(new SecaError('InvalidConfiguration', 'no')), err]).toEqual([78, expect.stringContaining('no\n--help lists')])
  })

  it('of what fails: 1, with its place when that is a bug', async () => {
    expect([await fails(new SecaError('NotReady', 'not yet')), err]).toEqual([1, 'not yet\n'])
    err = ''
    expect([await fails(new Error('bug')), err]).toEqual([1, expect.stringMatching(/^seca-operator go: Error: bug\n\s+at /)])
  })

  it('ends in order when it is told to, in whatever wrapping that comes back', async () => {
    const stopped = (wrap: (reason: Error) => unknown) =>
      run(['go'], async (signal) => {
        process.emit('SIGTERM')
        expect(signal.aborted).toBe(true)
        throw wrap(signal.reason as Error)
      })
    expect(await stopped((reason) => reason)).toBe(0)
    expect(await stopped((reason) => new Error('x', { cause: new Error('y', { cause: reason }) }))).toBe(0)
    expect(await stopped(() => new DOMException('x', 'AbortError'))).toBe(0)
    expect(await stopped(() => new Error('other'))).toBe(1)
    // Nobody said so.
    expect(await fails(new DOMException('x', 'AbortError'))).toBe(1)
  })
})
