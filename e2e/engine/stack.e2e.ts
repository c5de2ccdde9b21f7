import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { eventually, kubectl, type Stack, startStack } from '../support/harness.ts'

const ROOT = join(import.meta.dirname, '../..')
/** The commands that the README tells people to try, in its order. */
const COMMANDS = readFileSync(join(ROOT, 'README.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('kubectl '))

/** What the README promises, on the real thing: the example comes, converges, changes and goes. */
describe('examples/acme', () => {
  let stack: Stack
  const shell = async (command: string) => {
    const env = { PATH: `${inject('assets')}:${process.env['PATH']}`, HOME: process.env['HOME'], KUBECONFIG: inject('kubeconfig') }
    return (await promisify(execFile)('sh', ['-c', command], { cwd: ROOT, env })).stdout
  }
  const power = () =>
    kubectl(['get', 'instances', '-n', 'seca-acme--prod', '-o', 'jsonpath={range .items[*]}{.metadata.name}={.status.powerState} {end}'])
  const command = (words: string) => COMMANDS.find((line) => line.includes(words))!

  beforeAll(async () => {
    stack = await startStack()
  })
  afterAll(async () => {
    await kubectl(['delete', '-f', 'examples/acme', '--ignore-not-found', '--timeout=60s'])
    await stack.stop()
  })

  it('is applied in one go and gets ready', async () => {
    await shell(command('apply -f examples/acme/'))
    await shell(command('wait seca'))
    await kubectl(['wait', 'seca', '--all', '-n', 'seca-acme', '--for=condition=Ready', '--timeout=60s'])
    expect((await power()).trim()).toBe('web=on worker=off')
    expect((await stack.cloud.inventory()).duplicateTags).toEqual([])
  })

  it('is not changed by being applied again', async () => {
    const output = await shell(command('apply -f examples/acme/'))
    expect(output.split('\n').filter((line) => line !== '' && !line.endsWith(' unchanged'))).toEqual([])
  })

  it('changes as the README says', async () => {
    await shell(command('"powerState":"on"'))
    await eventually(async () => expect((await power()).trim()).toBe('web=on worker=on'))
    await shell(command('"powerState":"off"'))
    await eventually(async () => expect((await power()).trim()).toBe('web=on worker=off'))
    await shell(command('"sizeGB":300'))
    const size = () => kubectl(['get', 'blockstorage', 'web-data', '-n', 'seca-acme--prod', '-o', 'jsonpath={.status.sizeGB}'])
    await eventually(async () => expect(await size()).toBe('300'))
    await expect(shell(command('"sizeGB":100'))).rejects.toThrow('cannot be made smaller')
    expect(await shell(command('get seca-catalog'))).toContain('instancesku.compute.secapi.cloud/eu-1.dxs')
    expect(await shell(command('explain'))).toContain('Volume that the machine boots from')
    expect(await shell(command('get seca -A'))).toContain('instance.compute.secapi.cloud/worker')
  })

  it('goes without a trace', async () => {
    await shell(command('delete -f examples/acme/'))
    // Of this tenant: other files' tenants may still be in the cluster.
    const left = async () => (await stack.cloud.inventory()).items.filter(({ tag }) => tag?.includes('/tenants/acme/'))
    await eventually(async () => expect(await left()).toEqual([]))
  })
})
