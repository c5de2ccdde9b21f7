import { get } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SecaError } from '../errors.ts'
import { type Child, type ChildOptions, endingError, startChild } from './process/child.ts'
import { AUDIENCE, ISSUER } from './issuer.ts'
import { PARENT } from '../processes/process.ts'

/** Our own processes, as `npm start` and the e2e tests run them. */
export interface Service {
  readonly child: ChildOptions
  /** Answers 200 once the service works. */
  readonly probe: { readonly url: string; readonly token?: string }
}

/** V8's default young generation (3 × 16 MiB and more) costs 60 MiB of resident memory and makes nothing faster here. */
const NODE_FLAGS = ['--max-semi-space-size=4']
const MAIN = join(import.meta.dirname, '..', 'main.ts')

function service(name: string, args: readonly string[], logFile: string, env: NodeJS.ProcessEnv): ChildOptions {
  return {
    name,
    command: process.execPath,
    args: [...NODE_FLAGS, MAIN, name, ...args],
    logFile,
    graceMs: 15_000,
    env: { ...baseEnv(), ...env, [PARENT]: '1' },
  }
}

// SECA_ variables of the user's shell (a sourced .seca/env) are for clients: they configure none of these processes.
function baseEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SECA_')))
}

interface SimulatorServiceOptions {
  readonly port: number
  readonly stateDir: string
  readonly token: string
  readonly adminToken: string
  readonly latencyMs: number
  /** What kind of cloud it plays, `lagging`; default: a neat one. */
  readonly characters?: readonly string[]
  readonly logFile: string
  readonly logLevel: string
}

export function simulatorService(options: SimulatorServiceOptions): Service {
  const args = [
    `--port=${options.port}`,
    `--state-dir=${options.stateDir}`,
    `--latency=${options.latencyMs}ms`,
    ...(options.characters ? [`--character=${options.characters.join(',')}`] : []),
    `--log-level=${options.logLevel}`,
  ]
  const env = { SECA_SIMULATOR_TOKEN: options.token, SECA_SIMULATOR_ADMIN_TOKEN: options.adminToken }
  const probe = { url: `http://127.0.0.1:${options.port}/admin/stats`, token: options.adminToken }
  return { child: service('simulator', args, options.logFile, env), probe }
}

interface ControllersServiceOptions {
  readonly kubeconfig: string
  readonly operatorNamespace: string
  readonly region: string
  readonly healthPort: number
  readonly logFile: string
  readonly logLevel: string
  /** Further flags. */
  readonly flags?: readonly string[]
}

export function controllersService(options: ControllersServiceOptions): Service {
  const args = [
    `--kubeconfig=${options.kubeconfig}`,
    `--operator-namespace=${options.operatorNamespace}`,
    `--default-region=${options.region}`,
    '--health-host=127.0.0.1',
    `--health-port=${options.healthPort}`,
    `--log-level=${options.logLevel}`,
    ...(options.flags ?? []),
  ]
  return { child: service('controllers', args, options.logFile, {}), probe: { url: `http://127.0.0.1:${options.healthPort}/readyz` } }
}

interface ApiServiceOptions {
  readonly kubeconfig: string
  readonly operatorNamespace: string
  readonly region: string
  readonly port: number
  readonly aggregatedPort?: number
  readonly healthPort: number
  readonly certFile: string
  readonly keyFile: string
  /** Public key of the embedded token issuer; absent: `flags` say where the keys are. */
  readonly issuerKeyFile?: string
  readonly validationStatus?: string
  readonly logFile: string
  readonly logLevel: string
  /** Further flags. */
  readonly flags?: readonly string[]
}

export function apiService(options: ApiServiceOptions): Service {
  const args = [
    `--kubeconfig=${options.kubeconfig}`,
    `--operator-namespace=${options.operatorNamespace}`,
    `--default-region=${options.region}`,
    '--host=127.0.0.1',
    `--port=${options.port}`,
    ...(options.aggregatedPort === undefined ? [] : [`--aggregated-port=${options.aggregatedPort}`]),
    `--tls-cert-file=${options.certFile}`,
    `--tls-key-file=${options.keyFile}`,
    `--token-issuer=${ISSUER}`,
    `--token-audience=${AUDIENCE}`,
    ...(options.issuerKeyFile === undefined ? [] : [`--token-key-file=${options.issuerKeyFile}`]),
    `--validation-status=${options.validationStatus ?? '422'}`,
    '--health-host=127.0.0.1',
    `--health-port=${options.healthPort}`,
    '--drain=0s',
    `--log-level=${options.logLevel}`,
    ...(options.flags ?? []),
  ]
  return { child: service('api', args, options.logFile, {}), probe: { url: `http://127.0.0.1:${options.healthPort}/readyz` } }
}

/** Starts a service and waits until it works. */
export async function startService({ child: options, probe }: Service, timeoutMs = 60_000): Promise<Child> {
  const child = await startChild(options)
  let answer = ''
  for (const deadline = performance.now() + timeoutMs; performance.now() < deadline && child.isRunning; await sleep(100)) {
    answer = await ask(probe)
    if (answer === 'ok') return child
  }
  if (!child.isRunning) throw endingError(await child.ended)
  await child.stop()
  throw new SecaError('Internal', `${options.name} did not get ready within ${timeoutMs / 1000} s (${answer}); see ${options.logFile}`)
}

function ask({ url, token }: Service['probe']): Promise<string> {
  return new Promise((resolve) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const call = get(url, { headers, agent: false, timeout: 2_000 }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      response.on('end', () => resolve(response.statusCode === 200 ? 'ok' : body.trim()))
      response.on('error', (error) => resolve(error.message))
    })
    call.on('timeout', () => call.destroy(new Error('no answer')))
    call.on('error', (error) => resolve(error.message))
  })
}
