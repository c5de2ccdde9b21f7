import { enableCompileCache } from 'node:module'
import * as config from './cli/config.ts'
import { dispatch, subcommand } from './cli/cli.ts'

// Types are stripped and code is compiled once per version of a file, not at every start: half the start-up time, 17 MiB less.
enableCompileCache()

// Modules are loaded by the subcommand that needs them: `controllers` starts without the code of the tests and the other way round.
const SUBCOMMANDS = {
  start: subcommand(
    'run everything on this machine: control plane, simulated cloud, controllers, API',
    config.StartConfig,
    async (settings, context) => (await import('./embedded/start.ts')).start(settings, context),
  ),
  test: subcommand('run every check and test', config.TestConfig, async (settings, context) =>
    (await import('./dev/test.ts')).runTests(settings, context),
  ),
  bench: subcommand('measure throughput with the simulated cloud', config.BenchConfig, async (settings, context) =>
    (await import('./dev/bench.ts')).runBench(settings, context),
  ),
  'bench-api': subcommand('measure the SECA API beside kube-apiserver', config.ApiBenchConfig, async (settings, context) =>
    (await import('./dev/bench.ts')).runApiBench(settings, context),
  ),
  controllers: subcommand('run the controllers', config.ControllersConfig, async (settings, context) =>
    (await import('./processes/controllers.ts')).controllers(settings, context),
  ),
  api: subcommand('serve the SECA API', config.ApiConfig, async (settings, context) =>
    (await import('./processes/api.ts')).api(settings, context),
  ),
  token: subcommand('make a token of the embedded issuer', config.MintConfig, async (settings) =>
    (await import('./embedded/issuer.ts')).printToken(settings),
  ),
  access: subcommand('tell why a call of the SECA API is allowed or not', config.AccessConfig, async (settings, context) =>
    (await import('./processes/access.ts')).printAccess(settings, context),
  ),
  audit: subcommand('find cloud objects without a resource, and the other way round', config.AuditConfig, async (settings, context) =>
    (await import('./processes/audit.ts')).runAudit(settings, context),
  ),
  simulator: subcommand('run the simulated cloud', config.SimulatorConfig, async (settings, context) =>
    (await import('./processes/simulator.ts')).simulator(settings, context),
  ),
  install: subcommand(
    'put the resource kinds, roles and admission policy into a cluster',
    config.InstallConfig,
    async (settings, context) => (await import('./processes/install.ts')).install(settings, context),
  ),
}

process.exitCode = await dispatch(SUBCOMMANDS, process.argv.slice(2), process.env)
