import * as config from './cli/config.ts'
import { CompareConfig } from './cli/compare-config.ts'
import { ImportConfig } from './cli/import-config.ts'
import { dispatch, subcommand } from './cli/cli.ts'

/**
 * What runs in a cluster: the subcommands of the image. `src/main.ts` adds those of a developer's machine. Modules are loaded by the
 * subcommand that needs them: `controllers` starts without the code of the simulator and the other way round.
 */
export const OPERATOR = {
  controllers: subcommand('run the controllers', config.ControllersConfig, async (settings, context) =>
    (await import('./processes/controllers.ts')).controllers(settings, context),
  ),
  api: subcommand('serve the SECA API', config.ApiConfig, async (settings, context) =>
    (await import('./processes/api.ts')).api(settings, context),
  ),
  access: subcommand('tell why a call of the SECA API is allowed or not', config.AccessConfig, async (settings, context) =>
    (await import('./processes/access.ts')).printAccess(settings, context),
  ),
  audit: subcommand('find cloud objects without a resource, and the other way round', config.AuditConfig, async (settings, context) =>
    (await import('./processes/audit.ts')).runAudit(settings, context),
  ),
  import: subcommand('write manifests of what is in a cloud account already', ImportConfig, async (settings, context) =>
    (await import('./processes/import/import.ts')).runImport(settings, context),
  ),
  compare: subcommand('try manifests in several regions, and report how they differ', CompareConfig, async (settings, context) =>
    (await import('./processes/compare/compare.ts')).runCompare(settings, context),
  ),
  doctor: subcommand('check an installation, and say what to do', config.DoctorConfig, async (settings, context) =>
    (await import('./doctor/doctor.ts')).doctor(settings, context),
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

if (import.meta.main) process.exitCode = await dispatch(OPERATOR, process.argv.slice(2), process.env)
