import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { eventually } from '../support/harness.ts'
import { lacking } from '../support/node.ts'
import { readmeBlock } from '../support/readme.ts'
import { linkOf, NOTHING, traces } from '../support/traces.ts'

const ROOT = join(import.meta.dirname, '../..')
const TIMEOUT_MS = 240_000

interface Addresses {
  readonly host: string
}

/** What a person does, with what the README says. */
describe.skipIf(lacking !== undefined)('npm start -- --node', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'seca-start-node-'))
  let end: (signal: NodeJS.Signals) => Promise<number | null> = async () => null
  let output = ''

  const launch = () => {
    output = ''
    const args = [join(ROOT, 'src/bootstrap.mjs'), 'start', '--node', '--data-dir', dataDir, '--latency', '50ms']
    const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, KUBEBUILDER_ASSETS: inject('assets') } })
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    const hasEnded = () => child.exitCode !== null || child.signalCode !== null
    end = (signal) => {
      if (!hasEnded()) child.kill(signal)
      return ended
    }
    return async (words: string) => {
      await eventually(() => hasEnded() || output.includes(words), { timeoutMs: TIMEOUT_MS })
      if (!output.includes(words)) throw new Error(`it ended without ${words}:\n${output}`)
    }
  }
  const shell = async (command: string) => {
    const script = command.replaceAll('.seca/env', join(dataDir, 'env'))
    const { stdout } = await promisify(execFile)('bash', ['-ec', script], { cwd: ROOT, env: { PATH: process.env['PATH'], HOME: dataDir } })
    return stdout
  }
  const inShell = (command: string) => shell(`source .seca/env; ${command}`)
  const leftBehind = async () => {
    const { host } = JSON.parse(readFileSync(join(dataDir, 'node/addresses.json'), 'utf8')) as Addresses
    const link = linkOf(host)
    return () => traces(dataDir, link)
  }
  afterAll(async () => {
    await end('SIGTERM')
    rmSync(dataDir, { recursive: true, force: true })
  })

  it(
    'installs the chart on a node: the commands of the README work, and nothing is left when it stops',
    async () => {
      await launch()('SECA is running')
      expect(output).toContain('✓ installing the chart in namespace seca-system')
      expect(existsSync(join(dataDir, 'ready'))).toBe(true)
      expect(await shell(readmeBlock('sh', 'source .seca/env'))).toMatch(/instance\.compute\.secapi\.cloud\/web condition met/)
      const pods = await inShell('kubectl get pods -n seca-system -o name')
      for (const name of ['seca-api', 'seca-controllers', 'seca-simulator']) expect(pods).toContain(`pod/${name}-`)
      const answers = await inShell(readmeBlock('sh', 'seca() {'))
      expect(answers).toContain('"name":"data"')
      expect(answers).not.toContain('secapi.cloud/errors')
      expect(await inShell('kubectl get --raw /apis/$SECA_REGION.seca.workspace/v1/tenants/acme/workspaces')).toContain('"name":"prod"')
      const left = await leftBehind()
      expect(left().processes.length).toBeGreaterThan(8)
      expect(await end('SIGINT')).toBe(0)
      expect(left()).toEqual(NOTHING)
      expect(existsSync(join(dataDir, 'ready'))).toBe(false)
    },
    TIMEOUT_MS,
  )

  it(
    'goes on with what the cluster and the cloud hold, also after it was killed while Helm was at work',
    async () => {
      await launch()('installing the chart')
      const underWay = 'kubectl get secrets -n seca-system -l owner=helm,status=pending-upgrade -o name'
      await eventually(async () => expect(await inShell(underWay)).not.toBe(''))
      const { pid } = JSON.parse(readFileSync(join(dataDir, 'lock'), 'utf8')) as { pid: number }
      process.kill(pid, 'SIGKILL')
      await end('SIGTERM')
      await launch()('SECA is running')
      expect(output).toContain('the image of these sources is there already')
      expect(output).not.toContain('packing')
      // What was made before has not been made again: the cloud kept it.
      const made = JSON.parse(await inShell('kubectl get instance web -n seca-acme--prod -o json')) as { status: { externalId: string } }
      expect(readFileSync(join(dataDir, 'node/simulator/journal.jsonl'), 'utf8')).toContain(made.status.externalId)
      await inShell('kubectl delete -f examples/acme/ --timeout=60s')
      const left = await leftBehind()
      expect(await end('SIGTERM')).toBe(0)
      expect(left()).toEqual(NOTHING)
    },
    TIMEOUT_MS,
  )
})
