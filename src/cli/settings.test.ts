import { describe, expect, it } from 'vitest'
import { CHARACTER_NAMES } from '../../providers/simulator/cloud/characters.ts'
import { ApiConfig, CHARACTERS, ControllersConfig, InstallConfig, SimulatorConfig, StartConfig } from './config.ts'
import { BenchConfig, TestConfig } from './developer-config.ts'
import { helpText, loadSettings } from './settings.ts'

const load = (args: string[], env: Record<string, string> = {}, file = '') =>
  loadSettings(ControllersConfig, { args, env, readFile: () => file })
const problems = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    return (error as Error).message.split('\n')
  }
  return []
}

describe('settings', () => {
  it('have defaults, with time spans in milliseconds', () => {
    expect(load([])).toEqual({
      operatorNamespace: 'seca-system',
      namespaces: [],
      defaultRegion: 'eu-1',
      workers: 16,
      driftIntervalMs: 600_000,
      callTimeoutMs: 60_000,
      auditIntervalMs: 86_400_000,
      declaredPrune: false,
      tlsManaged: false,
      tlsServices: [],
      tlsHosts: [],
      healthHost: '0.0.0.0',
      healthPort: 8081,
      leaseMs: 15_000,
      leaseRenewMs: 10_000,
      leaseRetryMs: 2_000,
      sharding: 'none',
      logLevel: 'info',
    })
  })

  it('come from the flag, else the variable, else the file', () => {
    const file = 'workers: 1\ndriftInterval: 1h\nlogLevel: warn\n'
    const settings = load(['--workers=3', '--config', 'x.yaml'], { SECA_WORKERS: '2', SECA_DRIFT_INTERVAL: '500ms' }, file)
    expect(settings).toMatchObject({ workers: 3, driftIntervalMs: 500, logLevel: 'warn' })
  })

  it('are refused with all mistakes at once', () => {
    const file = 'wrokers: 3\nhealthPort: 70000\n'
    const found = problems(() =>
      load(
        ['--worker', '5', '--config', 'x.yaml', '--drift-interval', '10', 'extra'],
        { SECA_WORKERS: 'many', SECA_LOG_LEVEL: 'loud' },
        file,
      ),
    )
    expect(found).toEqual([
      'unknown flag --worker; did you mean --workers?',
      'unexpected argument extra',
      'unknown setting wrokers in x.yaml; did you mean workers?',
      'SECA_WORKERS: "many" is not a whole number',
      '--drift-interval: "10" is not a time span such as 500ms, 10s, 5m or 1h',
      'healthPort in x.yaml: 70000 is above 65535',
      'SECA_LOG_LEVEL: "loud" is not one of trace, debug, info, warn, error',
    ])
  })

  it('say what is missing, and what a flag lacks', () => {
    expect(problems(() => loadSettings(InstallConfig, { args: [], env: {} }))).toEqual(['--kubeconfig (or SECA_KUBECONFIG) is required'])
    expect(problems(() => loadSettings(InstallConfig, { args: ['--kubeconfig'], env: {} }))[0]).toBe('--kubeconfig needs a value')
  })

  it('are checked against each other', () => {
    expect(problems(() => load(['--lease=5s']))).toEqual(['--lease must be longer than --lease-renew, and that longer than --lease-retry'])
  })

  it('take a pod’s address of IPv6 as a template writes it', () => {
    const address = (url: string) =>
      loadSettings(ApiConfig, {
        args: ['--tls-cert-file=c', '--tls-key-file=k', '--token-issuer=i', '--token-audience=a', `--peer-address=${url}`],
        env: {},
      }).peerAddress
    expect(['https://fd00::5:8443', 'https://[fd00::5]:8443', 'https://10.0.0.5:8443', 'https://peer:8443'].map(address)).toEqual([
      'https://[fd00::5]:8443',
      'https://[fd00::5]:8443',
      'https://10.0.0.5:8443',
      'https://peer:8443',
    ])
  })

  it('of the duties need each other', () => {
    expect(problems(() => load(['--declared-prune', '--tls-managed', '--aggregation-service=seca-api:443']))).toEqual([
      '--declared-prune needs --declared-file',
      '--tls-managed needs --tls-secret, the name of the Secret',
      expect.stringContaining('--aggregation-service needs --aggregation-owner and --tls-secret'),
    ])
    expect(problems(() => load(['--aggregation-owner=a']))).toHaveLength(1)
    const whole = ['--tls-secret=a', '--tls-managed', '--aggregation-service=seca-api:443', '--aggregation-owner=v1.seca.region']
    expect(load([...whole, '--tls-hosts=api.example.org, 10.0.0.7,2001:db8::7,*.example.org'])).toMatchObject({
      aggregationService: { name: 'seca-api', port: 443 },
      tlsHosts: ['api.example.org', '10.0.0.7', '2001:db8::7', '*.example.org'],
    })
    for (const host of ['https://api', 'a b', 'Api', 'a_b', '-a'])
      expect(problems(() => load([`--tls-hosts=${host}`]))).toEqual([expect.stringContaining(`"${host}" cannot be used there`)])
  })

  it('never print a secret', () => {
    const env = { SECA_SIMULATOR_ADMIN_TOKEN: 'x' }
    const found = problems(() => loadSettings(SimulatorConfig, { args: ['--config=f'], env, readFile: () => 'simulatorToken: [hunter2]' }))
    expect(found).toEqual(['simulatorToken in f: is not a string'])
  })

  it('take one or several characters of the simulated cloud, all that there are', () => {
    const env = { SECA_SIMULATOR_TOKEN: 'x', SECA_SIMULATOR_ADMIN_TOKEN: 'y' }
    const character = (...args: string[]) => loadSettings(SimulatorConfig, { args, env }).character
    expect([character(), character('--character=lagging, tokenless')]).toEqual([['neat'], ['lagging', 'tokenless']])
    expect(problems(() => character('--character', 'lagging,tokenles'))).toEqual([
      `--character: "lagging,tokenles" is not among ${CHARACTERS.join(', ')}; did you mean tokenless?`,
    ])
    expect(loadSettings(StartConfig, { args: ['--cloud', 'serial'], env: {} }).cloud).toEqual(['serial'])
    expect(CHARACTERS).toEqual(CHARACTER_NAMES)
  })

  it('read boolean flags without a value', () => {
    expect(loadSettings(StartConfig, { args: ['--clean', '--region', 'it-1'], env: {} })).toMatchObject({ clean: true, region: 'it-1' })
  })

  it('take an existing cluster for npm start from the flag alone', () => {
    expect(loadSettings(StartConfig, { args: [], env: { SECA_KUBECONFIG: 'x' } }).kubeconfig).toBeUndefined()
    expect(loadSettings(StartConfig, { args: ['--kubeconfig', 'y'], env: { SECA_KUBECONFIG: 'x' } }).kubeconfig).toBe('y')
  })

  it('explain themselves', () => {
    const help = helpText('controllers', 'run the controllers', ControllersConfig)
    expect(help).toContain(
      '  --drift-interval <time>\n      time between looks at a settled cloud object (± 20 %).\n      Default: 10m. Variable: SECA_DRIFT_INTERVAL',
    )
    expect(help).toContain('  --log-level <trace|debug|info|warn|error>')
    for (const schema of [ControllersConfig, InstallConfig, SimulatorConfig, StartConfig, BenchConfig, TestConfig])
      expect(helpText('x', '', schema)).not.toMatch(/undefined|^ +\.$/m)
  })
})
