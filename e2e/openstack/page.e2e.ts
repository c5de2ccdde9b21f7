import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createProgress } from '../../src/cli/progress.ts'
import { type Stack, startStack } from '../support/harness.ts'
import { blockOf, commandsOf } from '../support/page.ts'
import { kubectl } from '../support/harness.ts'
import { type OpenStack, startOpenStack } from './bed/bed.ts'
import { findVenv, lackingForOpenStack } from './bed/venv.ts'
import { NO_SIMULATOR } from './stack.ts'

const PAGE = 'docs/openstack.md'
const progress = createProgress(process.stdout)

describe.skipIf((await lackingForOpenStack()) !== undefined)('docs/openstack.md', () => {
  let cloud: OpenStack
  let stack: Stack
  let folder: string
  let venv: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'seca-page-'))
    venv = await findVenv({ progress })
    cloud = await startOpenStack({ progress })
    stack = await startStack({ cloudOf: NO_SIMULATOR, isBare: true })
  }, 600_000)
  afterAll(async () => {
    await stack?.stop()
    await cloud?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const run = (block: string) =>
    new Promise<string>((resolve, reject) => {
      const { demo, region } = cloud
      const env = {
        PATH: [inject('assets'), join(venv, 'bin'), dirname(process.execPath), process.env['PATH']].join(':'),
        HOME: folder,
        KUBECONFIG: inject('kubeconfig'),
        OS_AUTH_URL: demo.authUrl,
        OS_USERNAME: demo.username,
        OS_PASSWORD: demo.password,
        OS_PROJECT_NAME: demo.project,
        OS_USER_DOMAIN_ID: 'default',
        OS_PROJECT_DOMAIN_ID: 'default',
        OS_REGION_NAME: region,
      }
      execFile('sh', ['-euc', block], { cwd: folder, env }, (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new Error(`${block}\n${stdout}${stderr}`)),
      )
    })

  it('leads from a credential to an instance, with the commands as they stand there', { timeout: 400_000 }, async () => {
    const [credential = '', account = '', first = '', ...more] = commandsOf(PAGE).get('From a credential to an instance') ?? []
    expect(more).toEqual([])
    writeFileSync(
      join(folder, 'openstack.yaml'),
      blockOf(PAGE, 'yaml', 'kind: CloudProvider').replace('https://keystone.example/v3', cloud.demo.authUrl),
    )
    writeFileSync(join(folder, 'first.yaml'), blockOf(PAGE, 'yaml', 'kind: Instance'))
    cpSync(join(import.meta.dirname, '../../docs/openstack-access-rules.json'), join(folder, 'openstack-access-rules.json'))
    await run(credential)
    expect(await run(account)).toMatch(/eu-1\.s1\.tiny[^]*eu-1\.standard[^]*debian-12/)
    const printed = await run(first)
    expect(printed).toMatch(/instance.compute.secapi.cloud\/web condition met/)
    expect(printed).toMatch(/web +\| ACTIVE/)
    await kubectl(['delete', 'workspace', 'first', '-n', 'seca-acme', '--wait=false'])
    await kubectl(['delete', 'seca', '--all', '-n', 'seca-acme--first', '--timeout=120s'])
    await kubectl(['delete', 'secret', 'openstack', '-n', 'seca-system'])
  })
})
