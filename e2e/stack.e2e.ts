import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, kubectl, type Stack, startStack } from './harness.ts'

/** What the README promises, on the real thing: the example comes, converges and goes. */
describe('examples/acme', () => {
  let stack: Stack
  beforeAll(async () => {
    stack = await startStack()
  })
  afterAll(async () => {
    await kubectl(['delete', '-f', 'examples/acme', '--ignore-not-found', '--timeout=60s'])
    await stack.stop()
  })

  it('is applied in one go and gets ready', async () => {
    await kubectl(['apply', '-f', 'examples/acme'])
    for (const namespace of ['seca-acme', 'seca-acme--prod'])
      await kubectl(['wait', 'seca', '--all', '-n', namespace, '--for=condition=Ready', '--timeout=90s'])
    const power = await kubectl([
      'get',
      'instances',
      '-n',
      'seca-acme--prod',
      '-o',
      'jsonpath={range .items[*]}{.metadata.name}={.status.powerState} {end}',
    ])
    expect(power.trim()).toBe('web=on worker=off')
    expect((await stack.cloud.inventory()).duplicateTags).toEqual([])
  })

  it('is not changed by being applied again', async () => {
    const output = await kubectl(['apply', '-f', 'examples/acme'])
    expect(
      output
        .trim()
        .split('\n')
        .filter((line) => !line.endsWith(' unchanged')),
    ).toEqual([])
  })

  it('goes without a trace', async () => {
    await kubectl(['delete', '-f', 'examples/acme', '--timeout=90s'])
    await eventually(async () => expect((await stack.cloud.inventory()).items).toEqual([]))
  })
})
