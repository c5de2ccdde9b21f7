import { parseArgs } from 'node:util'
import { readFileSync } from 'node:fs'
import { asError, SecaError } from '../../src/errors.ts'
import { createLog } from '../../src/observe/log.ts'
import { startSimulator } from './server.ts'

const HELP = `Simulated cloud over HTTP on loopback.

  node providers/simulator/main.ts [options]

  --port <n>               port to listen on; 0 = any free one (default 0)
  --host <address>         loopback address (default 127.0.0.1)
  --state-dir <path>       where the cloud's state is kept; without it nothing survives the process
  --latency-ms <n>         how long an operation takes (default 200)
  --quota <type>=<n>       objects allowed of a type, for example volumes=5; may be repeated
  --strict                 refuse second attachments, and addresses and blocks given twice
  --token-file <path>      token of customers; else SIMULATOR_TOKEN
  --admin-token-file <path>  token of /admin; else SIMULATOR_ADMIN_TOKEN
  --log-level <level>      default warn
  --help

When ready, one JSON line on stdout: {"ready":true,"url":"http://127.0.0.1:8123"}. SIGTERM and SIGINT stop it.
`

const OPTIONS = {
  port: { type: 'string', default: '0' },
  host: { type: 'string', default: '127.0.0.1' },
  'state-dir': { type: 'string' },
  'latency-ms': { type: 'string', default: '200' },
  quota: { type: 'string', multiple: true },
  strict: { type: 'boolean', default: false },
  'token-file': { type: 'string' },
  'admin-token-file': { type: 'string' },
  'log-level': { type: 'string', default: 'warn' },
  help: { type: 'boolean', default: false },
} as const

/** Runs the simulator until a signal ends it. Also behind `seca-operator simulator`. */
export async function main(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS })
  if (values.help) return void process.stdout.write(HELP)
  const stateDir = values['state-dir']
  const simulator = await startSimulator({
    port: wholeNumber('--port', values.port),
    host: values.host,
    ...(stateDir === undefined ? {} : { stateDir }),
    latencyMs: wholeNumber('--latency-ms', values['latency-ms']),
    quotas: Object.fromEntries((values.quota ?? []).map(quotaOf)),
    strict: values.strict,
    token: secret('token', values['token-file'], env['SIMULATOR_TOKEN']),
    adminToken: secret('admin-token', values['admin-token-file'], env['SIMULATOR_ADMIN_TOKEN']),
    log: createLog({ level: values['log-level'], name: 'simulator' }),
  })
  process.stdout.write(JSON.stringify({ ready: true, url: simulator.url }) + '\n')
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
  await simulator.stop()
}

function wholeNumber(option: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new SecaError('InvalidConfiguration', `${option} must be a whole number, not "${text}"`)
  return Number(text)
}

function quotaOf(text: string): [string, number] {
  const [type = '', limit = ''] = text.split('=')
  return [type, wholeNumber(`--quota ${type}`, limit)]
}

function secret(name: string, file: string | undefined, fromEnv: string | undefined): string {
  const text = file === undefined ? fromEnv : readFileSync(file, 'utf8').trim()
  if (text) return text
  const variable = `SIMULATOR_${name.toUpperCase().replace('-', '_')}`
  throw new SecaError('InvalidConfiguration', `no ${name}: set ${variable} or --${name}-file`)
}

if (import.meta.main) {
  main(process.argv.slice(2), process.env).catch((thrown: unknown) => {
    process.stderr.write(`simulator: ${asError(thrown).message}\n`)
    process.exitCode = 1
  })
}
