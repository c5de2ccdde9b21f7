import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { beforeAll, describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { OPERATOR } from '../operator.ts'
import { createAuthority } from '../x509.ts'
import { type Bundle, bundle, packageOf } from './bundle.ts'
import { temporaryFolder } from './testing.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Of processor time, ten times what it takes. */
const START_MS = 1_000
/** Says at the end what the process took. */
const METER = `data:text/javascript,process.on('exit',()=>{const{user,system}=process.cpuUsage();console.error('cpu '+(user+system)/1000)})`

let made: Bundle
let folder = ''
beforeAll(async () => {
  made = await bundle(ROOT)
  folder = temporaryFolder()
  writeFileSync(join(folder, 'seca-operator.mjs'), made.code)
}, 60_000)

interface Ending {
  readonly code: number | null
  readonly out: string
  readonly err: string
  readonly cpuMs: number
}

// Fsync is not possible behind Node's fence.
const FENCE = [
  '--permission',
  '--allow-net',
  '--allow-child-process',
  '--disable-warning=PERM0002',
  '--disable-warning=ExperimentalWarning',
]

/** Runs the bundle alone: it may read nothing but its own folder, unless `isFree`. Is told to end when `until` is in its output. */
async function run(args: readonly string[], options: { env?: NodeJS.ProcessEnv; until?: string; isFree?: true } = {}): Promise<Ending> {
  const flags = [`--import=${METER}`, ...(options.isFree ? [] : [...FENCE, `--allow-fs-read=${folder}`, `--allow-fs-write=${folder}`])]
  const child = spawn(process.execPath, [...flags, 'seca-operator.mjs', ...args], {
    cwd: folder,
    env: { PATH: '/nowhere', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let seen = ''
  let isTold = false
  child.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString('utf8')
    // Once: another one may meet a process that has ended its work, and listens to nobody any more.
    if (isTold || options.until === undefined || !seen.includes(options.until)) return
    isTold = true
    child.kill('SIGTERM')
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  const [meter = '', cpu = ''] = /^cpu (.*)\n$/m.exec(err) ?? []
  return { code, out, err: err.replace(meter, ''), cpuMs: Number(cpu) }
}

/** A kubeconfig of a cluster that is not there. */
function kubeconfig(user: object): string {
  const file = join(folder, 'kubeconfig')
  const cluster = { server: 'https://127.0.0.1:9' }
  const config = { 'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }] }
  writeFileSync(file, JSON.stringify({ ...config, clusters: [{ name: 'k', cluster }], users: [{ name: 'u', user }] }))
  return file
}

describe('the bundle, with no file beside it', () => {
  it('starts fast, and knows its version', async () => {
    const { cpuMs, ...rest } = await run(['--version'])
    expect(rest).toEqual({ code: 0, out: `${manifest.version}\n`, err: '' })
    expect(cpuMs).toBeLessThan(START_MS)
  })

  it('has the subcommands that run in a cluster, and no others', async () => {
    const { out } = await run(['--help'])
    expect([...out.matchAll(/^ {2}([\w-]+) /gm)].map(([, name]) => name)).toEqual(Object.keys(OPERATOR))
    expect(Buffer.from(made.code).includes('src/embedded/start.ts')).toBe(false)
    for (const name of Object.keys(OPERATOR))
      expect(await run([name, '--help'])).toMatchObject({
        code: 0,
        out: expect.stringMatching(`^seca-operator ${name}( \\[\\w+\\])?: `),
        err: '',
      })
  })

  const away = 'no answer (ECONNREFUSED'
  it.each(['install', 'audit'])('%s does what it can without a cluster', async (name) => {
    const { code, err } = await run([name, '--kubeconfig', kubeconfig({ token: 't' })])
    expect([code, err]).toEqual([expect.toSatisfy((value) => value !== 0), expect.stringContaining(away)])
  })

  it("reads a kubeconfig with a credential plugin, by the official client's code", async () => {
    const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token: 't' } }
    const { apiVersion } = credential
    const args = ['-e', `console.log(${JSON.stringify(JSON.stringify(credential))})`]
    const user = (command: string) => ({ exec: { apiVersion, command, args, interactiveMode: 'Never' } })
    expect(await run(['install', '--kubeconfig', kubeconfig(user(process.execPath))])).toMatchObject({ err: expect.stringContaining(away) })
    const broken = await run(['install', '--kubeconfig', kubeconfig(user('/nowhere/plugin'))])
    expect(broken.err).toContain('run its credential plugin /nowhere/plugin by hand')
  })

  it('controllers run, and end when they are told to', async () => {
    const args = ['--kubeconfig', kubeconfig({ token: 't' }), '--health-host', '127.0.0.1', '--health-port', '0']
    expect(await run(['controllers', ...args], { until: 'watch interrupted' })).toMatchObject({ code: 0, err: '' })
  })

  const tokens = { SECA_SIMULATOR_TOKEN: 'a', SECA_SIMULATOR_ADMIN_TOKEN: 'b' }
  const simulator = () => ['simulator', '--port', '0', '--state-dir', join(folder, 'state')]
  it('the simulated cloud runs, and ends when it is told to', async () => {
    const ending = await run(simulator(), { env: tokens, isFree: true, until: 'simulated cloud is up' })
    expect(ending).toMatchObject({ code: 0, err: '' })
  })

  it('the API runs, and ends when it is told to', async () => {
    const { cert, key } = createAuthority('test')
    const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
    writeFileSync(files.cert, cert)
    writeFileSync(files.key, key)
    const door = ['--host', '127.0.0.1', '--port', '0', '--tls-cert-file', files.cert, '--tls-key-file', files.key]
    const health = ['--health-host', '127.0.0.1', '--health-port', '0', '--kubeconfig', kubeconfig({ token: 't' })]
    const issuer = ['--token-issuer', 'https://127.0.0.1:9', '--token-audience', 'a', '--drain', '0s']
    expect(await run(['api', ...door, ...health, ...issuer], { until: 'direct door open' })).toMatchObject({ code: 0, err: '' })
  })

  it('tells the places of a bug by their names', () => {
    expect(Buffer.from(made.code).toString('utf8')).toMatch(/function openJournal\(/)
  })
})

it('the same sources make the same bundle, in which what was used is known', async () => {
  const again = await bundle(ROOT)
  expect(Buffer.from(again.code).equals(made.code)).toBe(true)
  expect(again.packages).toEqual(made.packages)
  expect(made.packages).toEqual(expect.arrayContaining(['node_modules/@kubernetes/client-node', 'node_modules/undici', 'node_modules/zod']))
  const tools = Object.keys(manifest.devDependencies).map((name) => `node_modules/${name}`)
  expect(made.packages.filter((name) => tools.includes(name))).toEqual([])
  expect(readFileSync(join(folder, 'seca-operator.mjs'), 'utf8')).not.toContain(ROOT)
})

it.each([
  ['node_modules/zod/v4/core.js', 'node_modules/zod'],
  ['node_modules/@a/b/index.js', 'node_modules/@a/b'],
  ['node_modules/a/node_modules/@b/c/d/e.js', 'node_modules/a/node_modules/@b/c'],
  ['src/operator.ts', undefined],
])('%s is of package %s', (path, name) => {
  expect(packageOf(path)).toBe(name)
})
