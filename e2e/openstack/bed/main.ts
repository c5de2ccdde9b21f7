import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { createProgress } from '../../../src/cli/progress.ts'
import { asError } from '../../../src/errors.ts'
import { findTemplate, startOpenStack } from './bed.ts'
import { findVenv, lackingForOpenStack } from './venv.ts'

const { values } = parseArgs({ options: { folder: { type: 'string' }, prepare: { type: 'boolean', default: false } } })
const progress = createProgress(process.stdout)
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(new Error('stopped')))

await (values.prepare ? prepare() : run(resolve(values.folder ?? '.seca/openstack'))).catch((error: unknown) => {
  process.stderr.write(`${asError(error).message}\n`)
  process.exitCode = 1
})

/** What takes long, and is kept: before tests, where it is told. */
async function prepare(): Promise<void> {
  const lacking = await lackingForOpenStack()
  if (lacking === undefined) await findTemplate(await findVenv({ progress, signal: stop.signal }), progress, stop.signal)
  else progress.line(`Tests with OpenStack are skipped: ${lacking}`)
}

async function run(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const { demo, region, stop: end } = await startOpenStack({ progress, signal: stop.signal, folder })
  const file = join(folder, 'openrc')
  const lines = {
    OS_AUTH_URL: demo.authUrl,
    OS_USERNAME: demo.username,
    OS_PASSWORD: demo.password,
    OS_PROJECT_NAME: demo.project,
    OS_USER_DOMAIN_ID: 'default',
    OS_PROJECT_DOMAIN_ID: 'default',
    OS_REGION_NAME: region,
    OS_IDENTITY_API_VERSION: 3,
  }
  writeFileSync(
    file,
    Object.entries(lines)
      .map(([key, value]) => `export ${key}=${value}\n`)
      .join(''),
    { mode: 0o600 },
  )
  progress.line(`OpenStack is ready: . ${file}\nCtrl-C stops it; ${folder} keeps what is in it.`)
  await new Promise<void>((done) => stop.signal.addEventListener('abort', () => done()))
  const step = progress.step('stopping OpenStack')
  await end()
  step.done()
}
