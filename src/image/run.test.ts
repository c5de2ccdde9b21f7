import { expect, it, onTestFinished, vi } from 'vitest'
import { run } from './run.ts'

it('gives the output of a program, in English', async () => {
  expect((await run('sh', ['-c', 'printf %s "$LC_ALL"'])).toString()).toBe('C')
})

it('keeps our own settings from other programs, passwords among them', async () => {
  vi.stubEnv('SECA_REGISTRY_PASSWORD', 'secret')
  onTestFinished(() => void vi.unstubAllEnvs())
  expect((await run('env', [])).toString()).not.toContain('SECA_')
  expect((await run('env', [], { env: { ...process.env, SECA_KEY_PASSWORD: 'secret' } })).toString()).not.toContain('SECA_')
})

it('a program that fails tells the end of what it said; one that is not there is named', async () => {
  const failing = run('sh', ['-c', 'for i in 1 2 3 4 5 6; do echo "line $i" >&2; done; exit 3'])
  await expect(failing).rejects.toMatchObject({ code: 'NotReady', message: 'sh -c failed: line 2\nline 3\nline 4\nline 5\nline 6' })
  await expect(run('no-such-program', [])).rejects.toMatchObject({ code: 'NotFound', message: 'this machine has no no-such-program' })
})

it('ends with the signal', async () => {
  const stop = new AbortController()
  const running = run('sleep', ['60'], { signal: stop.signal })
  stop.abort(new Error('enough'))
  await expect(running).rejects.toThrow('enough')
})
