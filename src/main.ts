import { enableCompileCache } from 'node:module'
import * as config from './cli/config.ts'
import * as developer from './cli/developer-config.ts'
import { dispatch, subcommand } from './cli/cli.ts'
import { OPERATOR } from './operator.ts'

// Types are stripped and code is compiled once per version of a file, not at every start: half the start-up time, 17 MiB less.
enableCompileCache()

// Modules are loaded by the subcommand that needs them: `test` starts without the code of the processes and the other way round.
const SUBCOMMANDS = {
  start: subcommand(
    'run everything on this machine: control plane, simulated cloud, controllers, API',
    config.StartConfig,
    async (settings, context) => (await import('./embedded/start.ts')).start(settings, context),
  ),
  test: subcommand('run every check and test', developer.TestConfig, async (settings, context) =>
    (await import('./dev/test.ts')).runTests(settings, context),
  ),
  bench: subcommand('measure throughput with the simulated cloud', developer.BenchConfig, async (settings, context) =>
    (await import('./dev/bench.ts')).runBench(settings, context),
  ),
  'bench-api': subcommand('measure the SECA API beside kube-apiserver', developer.ApiBenchConfig, async (settings, context) =>
    (await import('./dev/bench.ts')).runApiBench(settings, context),
  ),
  'bench-openstack': subcommand(
    'measure the adapter of OpenStack beside openstacksdk',
    developer.OpenStackBenchConfig,
    async (settings, context) => (await import('./dev/bench.ts')).runOpenStackBench(settings, context),
  ),
  image: subcommand('build the container image', developer.ImageConfig, async (settings, context) =>
    (await import('./image/command.ts')).image(settings, context),
  ),
  release: subcommand('build, sign and publish chart and image', developer.ReleaseConfig, async (settings, context) =>
    (await import('./release/command.ts')).release(settings, context),
  ),
  openstack: subcommand('run OpenStack on this machine, to try its adapter on', developer.OpenStackConfig, async (settings, context) =>
    (await import('./dev/openstack.ts')).runOpenStack(settings, context),
  ),
  token: subcommand('make a token of the embedded issuer', config.MintConfig, async (settings) =>
    (await import('./embedded/issuer.ts')).printToken(settings),
  ),
  ...OPERATOR,
}

process.exitCode = await dispatch(SUBCOMMANDS, process.argv.slice(2), process.env)
