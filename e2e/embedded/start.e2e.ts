import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { publish, startReleaseServer } from '../../src/embedded/cluster/testing.ts'
import { commandLine } from '../../src/embedded/process/leftovers.ts'
import { eventually, kubectl } from '../support/harness.ts'
import { readmeBlock } from '../support/readme.ts'

const BOOTSTRAP = join(import.meta.dirname, '../../src/bootstrap.mjs')

interface Result {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the program until it ends. */
function run(...args: string[]): Promise<Result> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BOOTSTRAP, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })
}

interface Region {
  readonly spec: { readonly providers: readonly { readonly name: string; readonly url: string }[] }
}

/** Processes that name a folder in their command line. */
function processesOf(folder: string): number[] {
  const pids = existsSync('/proc/self')
    ? readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    : execFileSync('ps', ['-A', '-o', 'pid='], { encoding: 'utf8' }).split('\n')
  return pids.map(Number).filter((pid) => pid !== process.pid && commandLine(pid).includes(folder))
}

describe('npm start', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'seca-start-'))
  let process_: ChildProcess | undefined
  let output = ''

  const launch = (...flags: string[]) =>
    follow(process.execPath, [BOOTSTRAP, 'start', '--data-dir', dataDir, '--latency', '50ms', ...flags])
  const follow = async (command: string, args: string[], env: NodeJS.ProcessEnv = {}) => {
    output = ''
    const assets = { ...process.env, KUBEBUILDER_ASSETS: inject('assets') }
    const child = spawn(command, args, { env: { ...assets, ...env }, cwd: join(import.meta.dirname, '../..') })
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
    process_ = child
    const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
    return { child, ended }
  }
  const untilReady = () =>
    eventually(() => {
      if (process_?.exitCode !== null) throw new Error(`it ended:\n${output}`)
      // A run that was killed leaves its file behind: it names the process that is ready.
      return commandLine(Number(readFileSync(join(dataDir, 'ready'), 'utf8'))).includes(dataDir)
    })
  /** What a user does in another terminal. */
  const shell = (command: string) =>
    execFileSync('sh', ['-c', `. '${join(dataDir, 'env')}' && ${command}`], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: dataDir },
      stdio: 'pipe',
    })
  const pid = (name: string) => (JSON.parse(readFileSync(join(dataDir, 'pids.json'), 'utf8')) as Record<string, number>)[name]!

  afterEach(async () => {
    if (process_?.exitCode === null && process_.signalCode === null) {
      const child = process_
      await new Promise((resolve) => child.once('exit', resolve).kill('SIGTERM'))
    }
    expect(processesOf(dataDir)).toEqual([])
  })

  it('serves what .seca/env names, is alone in its folder, restarts what crashes, and stops everything', async () => {
    const { child, ended } = await launch()
    await untilReady()
    shell('kubectl get seca -A')
    expect(shell('kubectl get instanceskus eu-1.dxs -o jsonpath={.spec.vCPU}')).toBe('1')
    expect(shell('echo $SECA_TENANT; kubectl get namespace seca-demo -o jsonpath={.metadata.labels}')).toBe(
      'demo\n{"kubernetes.io/metadata.name":"seca-demo","secapi.cloud/tenant":"demo"}',
    )

    // The SECA API with what .seca/env names, through both doors, and with a token made by hand.
    const get = (token: string) =>
      shell(
        `NODE_EXTRA_CA_CERTS=$SECA_CA node -e 'fetch(process.env.SECA_URL + "/providers/seca.workspace/v1/tenants/" + process.env.SECA_TENANT + "/workspaces", { headers: { authorization: "Bearer ${token}" } }).then((answer) => console.log(answer.status))'`,
      ).trim()
    expect(get(shell('printf %s "$SECA_TOKEN"'))).toBe('200')
    expect(get((await run('token', '--data-dir', dataDir, '--subject', 'stranger')).stdout.trim())).toBe('403')
    expect(shell('kubectl get --raw /apis/$SECA_REGION.seca.workspace/v1/tenants/$SECA_TENANT/workspaces')).toContain('"items":[]')

    // What the README shows: its curl commands, and the endpoints of its Terraform configuration, followed as an SDK does.
    const answers = shell(readmeBlock('sh', 'seca() {'))
    expect(answers).toContain('"name":"data"')
    expect(answers).not.toContain('secapi.cloud/errors')
    const endpoint = /region_v1 *= "([^"]+)"/.exec(readmeBlock('hcl', 'provider "seca"'))?.[1]?.replace('<SECA_URL>', '$SECA_URL')
    const region = JSON.parse(
      shell(`curl -sS --cacert "$SECA_CA" -H "Authorization: Bearer $SECA_TOKEN" "${endpoint}/v1/regions/$SECA_REGION"`),
    ) as Region
    const storage = region.spec.providers.find(({ name }) => name === 'seca.storage')
    expect(
      shell(`curl -sS --cacert "$SECA_CA" -H "Authorization: Bearer $SECA_TOKEN" "${storage?.url}/v1/tenants/$SECA_TENANT/skus/RD500"`),
    ).toContain('"iops":500')

    // A fresh tenant can boot something: the cloud's own images are there.
    shell(`kubectl apply -f ${join(import.meta.dirname, '../../examples/first-instance')}/`)
    shell('kubectl wait seca --all -n seca-demo--first --for=condition=Ready --timeout=100s')
    expect(shell('kubectl get instance web -n seca-demo--first -o jsonpath={.status.powerState}')).toBe('on')
    expect(shell('kubectl get image ubuntu-24.04 -n seca-seca -o jsonpath={.status.externalId}')).toBe('tpl-public-ubuntu-24-04-amd64')

    const second = await run('start', '--data-dir', dataDir)
    expect(second.code).toBe(1)
    expect(second.stderr).toContain(`runs in ${dataDir} already (process `)

    const crashed = pid('controllers')
    process.kill(crashed, 'SIGKILL')
    await eventually(() => !existsSync(join(dataDir, 'ready')))
    await untilReady()
    expect(pid('controllers')).not.toBe(crashed)
    expect(output).toContain('controllers ended (killed by SIGKILL), starting it again')

    shell('kubectl create configmap kept')
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(existsSync(join(dataDir, 'ready'))).toBe(false)
    expect(processesOf(dataDir)).toEqual([])
  })

  it('continues with the data that is there, also after it was killed', async () => {
    await launch()
    await untilReady()
    shell('kubectl get configmap kept')
    for (const one of processesOf(dataDir).filter((each) => commandLine(each).includes('main.ts start'))) process.kill(one, 'SIGKILL')
    await eventually(() => process_?.exitCode !== null || process_.signalCode !== null)

    const { child, ended } = await launch()
    await untilReady()
    expect(output).toContain('left over from a run that was killed')
    shell('kubectl get configmap kept')
    child.kill('SIGINT')
    expect(await ended).toBe(0)
  })

  it('stops everything when a service manager ends npm itself', async () => {
    const { child } = await follow('npm', ['start', '--', '--data-dir', dataDir])
    await untilReady()
    child.kill('SIGTERM')
    await eventually(() => expect(processesOf(dataDir)).toEqual([]))
  })

  it('runs on official binaries when it is told to, and needs no Go', async () => {
    const server = await startReleaseServer()
    publish(server, (program) => readFileSync(join(inject('assets'), program)))
    const cache = mkdtempSync(join(tmpdir(), 'seca-cache-'))
    const mirror = { SECA_KUBERNETES_DOWNLOAD_URL: server.url, SECA_ETCD_DOWNLOAD_URL: server.url }
    const flags = ['start', '--data-dir', dataDir, '--download']
    const { ended } = await follow(process.execPath, [BOOTSTRAP, ...flags], {
      ...mirror,
      KUBEBUILDER_ASSETS: '',
      XDG_CACHE_HOME: cache,
      PATH: '',
    })
    await untilReady()
    expect(output).toMatch(/✓ downloading kube-apiserver \(1 of 4\)/)
    expect(shell('command -v kubectl')).toContain(cache)
    shell('kubectl get seca -A')
    process_?.kill('SIGTERM')
    expect(await ended).toBe(0)
    await server.stop()
    rmSync(cache, { recursive: true })
  })

  it('starts over with --clean, and ends with a message when the control plane dies', async () => {
    const { ended } = await launch('--clean')
    await untilReady()
    expect(() => shell('kubectl get configmap kept')).toThrow('NotFound')
    process.kill(pid('etcd'), 'SIGKILL')
    expect(await ended).toBe(1)
    expect(output).toContain('etcd ended (killed by SIGKILL)')
    expect(output).toContain('Start again to continue')
    rmSync(dataDir, { recursive: true })
  })
})

describe('npm start -- --kubeconfig', () => {
  it('uses that cluster, and leaves it running', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'seca-start-'))
    const child = spawn(process.execPath, [BOOTSTRAP, 'start', '--data-dir', dataDir, '--kubeconfig', inject('kubeconfig')])
    let output = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
    const ended = new Promise((resolve) => child.once('exit', resolve))
    await eventually(() => {
      if (child.exitCode !== null) throw new Error(`it ended:\n${output}`)
      return existsSync(join(dataDir, 'ready'))
    })
    expect(readFileSync(join(dataDir, 'env'), 'utf8')).toContain(`export KUBECONFIG='${inject('kubeconfig')}'`)
    expect(existsSync(join(dataDir, 'etcd'))).toBe(false)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(processesOf(dataDir)).toEqual([])
    expect(await kubectl(['get', 'namespace', 'seca-demo', '-o', 'name'])).toBe('namespace/seca-demo\n')
    rmSync(dataDir, { recursive: true })
  })
})

describe('command line', () => {
  it.each(['start', 'test', 'bench', 'controllers', 'api', 'token', 'access', 'simulator', 'install'])(
    '%s explains its flags',
    async (name) => {
      const { code, stdout } = await run(name, '--help')
      expect(code).toBe(0)
      expect(stdout).toMatch(new RegExp(`^seca-operator ${name}: .+\n\n  --`))
    },
  )

  it('says what a machine needs for a node, before anything is changed', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'seca-start-'))
    const poor = await new Promise<Result>((resolve) => {
      const args = [BOOTSTRAP, 'start', '--node', '--clean', '--data-dir', dataDir]
      execFile(process.execPath, args, { env: { PATH: '/nowhere' } }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
      )
    })
    expect(poor.code).toBe(78)
    expect(poor.stderr).toMatch(
      /--node cannot be had here: a node (needs root|runs on Linux only|needs containerd, .*: apt-get install --no-install)/,
    )
    expect(readdirSync(dataDir)).toEqual([])
    rmSync(dataDir, { recursive: true })
    expect(await run('start', '--node', '--kubeconfig', 'some')).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('exclude each other'),
    })
  })

  it('refuses what it does not know with exit code 78 and a suggestion', async () => {
    expect(await run('strat')).toMatchObject({ code: 78, stderr: expect.stringContaining('did you mean start?') })
    expect(await run('start', '--latancy', '1s')).toMatchObject({ code: 78, stderr: expect.stringContaining('did you mean --latency?') })
  })

  it('deletes nothing that is not its own', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'seca-foreign-'))
    execFileSync('touch', [join(folder, 'precious')])
    expect(await run('start', '--clean', '--data-dir', folder)).toMatchObject({ code: 78 })
    expect(readdirSync(folder)).toEqual(['precious'])
    rmSync(folder, { recursive: true })
  })

  it('prints its version', async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string }
    expect(await run('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })
})
