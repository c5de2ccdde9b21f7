import * as config from './config.ts'
import { dispatch, subcommand } from './cli.ts'

// Modules are loaded by the subcommand that needs them: `controllers` starts without the code of the tests and the other way round.
const SUBCOMMANDS = {
  start: subcommand(
    'run everything on this machine: control plane, simulated cloud, controllers',
    config.StartConfig,
    async (settings, context) => (await import('./embedded/start.ts')).start(settings, context),
  ),
  test: subcommand('run every check and test', config.TestConfig, async (settings, context) =>
    (await import('./embedded/test.ts')).runTests(settings, context),
  ),
  bench: subcommand('measure throughput with the simulated cloud', config.BenchConfig, async (settings, context) =>
    (await import('./embedded/bench.ts')).runBench(settings, context),
  ),
  controllers: subcommand('run the controllers', config.ControllersConfig, async (settings, context) =>
    (await import('./embedded/processes.ts')).controllers(settings, context),
  ),
  simulator: subcommand('run the simulated cloud', config.SimulatorConfig, async (settings, context) =>
    (await import('./embedded/processes.ts')).simulator(settings, context),
  ),
  install: subcommand(
    'put the resource kinds, roles and admission policy into a cluster',
    config.InstallConfig,
    async (settings, context) => (await import('./embedded/install.ts')).install(settings, context),
  ),
}

process.exitCode = await dispatch(SUBCOMMANDS, process.argv.slice(2), process.env)
