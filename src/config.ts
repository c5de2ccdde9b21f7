import * as z from 'zod'
import { milliseconds, port } from './settings.ts'

/**
 * Settings of every subcommand. Each field is a flag (`--drift-interval`), an environment variable (`SECA_DRIFT_INTERVAL`) and a
 * key of the file given with `--config` (`driftInterval`); see settings.ts for the rules. Fields that end in `Ms` drop that ending.
 */
const kubeconfig = z.string().min(1).describe('kubeconfig of the cluster to work in')
const context = z.string().min(1).optional().describe('context of the kubeconfig; default: its current one')
const operatorNamespace = z
  .string()
  .min(1)
  .max(63)
  .default('seca-system')
  .describe('namespace of the operator: its Lease, configuration and credentials')
const logLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info').describe('least severe level that is logged')
const dataDir = z.string().min(1).default('.seca').describe('folder for everything that is kept')
const region = z.string().min(1).max(64).default('eu-1').describe('name of the embedded region')
const latencyMs = milliseconds('1s', 'time that the simulated cloud takes for an operation')

/** `seca-operator controllers` */
export const ControllersConfig = z.strictObject({
  kubeconfig: kubeconfig.optional().describe('kubeconfig of the cluster; default: the service account of the pod'),
  context,
  operatorNamespace,
  defaultRegion: z.string().min(1).max(64).default('eu-1').describe('region of workspaces and images that name none'),
  installationId: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('identity in cloud tags; give the old one when a cluster is restored. Default: made once, kept in a ConfigMap'),
  workers: z.int().min(1).max(256).default(16).describe('objects that are worked on at a time'),
  driftIntervalMs: milliseconds('10m', 'time between looks at a settled cloud object (± 20 %)'),
  callTimeoutMs: milliseconds('60s', 'longest time that one provider call may take'),
  healthHost: z.string().min(1).default('0.0.0.0').describe('address of /livez, /readyz and /metrics'),
  healthPort: port(8081, 'port of /livez, /readyz and /metrics'),
  leaseMs: milliseconds('15s', 'time after which another process may take over the Lease'),
  leaseRenewMs: milliseconds('10s', 'time after which a leader that could not renew gives up'),
  leaseRetryMs: milliseconds('2s', 'time between attempts to take or renew the Lease'),
  logLevel,
})
export type ControllersConfig = z.output<typeof ControllersConfig>

/** `seca-operator simulator` */
export const SimulatorConfig = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('loopback address to listen on: tokens travel in clear text'),
  port: port(8090, 'port to listen on'),
  stateDir: z.string().min(1).default('.seca/simulator').describe("folder for the cloud's state"),
  simulatorToken: z.string().min(1).describe('token of customers; flags are visible to others, so give the variable'),
  simulatorAdminToken: z.string().min(1).describe('token of /admin; flags are visible to others, so give the variable'),
  latencyMs,
  strict: z.boolean().default(false).describe('refuse second attachments, and addresses and blocks given twice'),
  logLevel,
})
export type SimulatorConfig = z.output<typeof SimulatorConfig>

/** `seca-operator start` */
export const StartConfig = z.strictObject({
  dataDir,
  clean: z.boolean().default(false).describe('forget everything of earlier starts first'),
  // Only the flag: an existing cluster is never used because a variable happens to point at one.
  kubeconfig: kubeconfig.optional().meta({ description: 'use this cluster instead of the embedded control plane', flagOnly: true }),
  region,
  latencyMs,
  logLevel,
})
export type StartConfig = z.output<typeof StartConfig>

/** `seca-operator install` */
export const InstallConfig = z.strictObject({ kubeconfig, context, operatorNamespace })
export type InstallConfig = z.output<typeof InstallConfig>

/** `seca-operator test` */
export const TestConfig = z.strictObject({
  only: z.enum(['check', 'unit', 'e2e']).optional().describe('run only the static checks, the unit tests, or the e2e tests'),
})
export type TestConfig = z.output<typeof TestConfig>

/** `seca-operator bench` */
export const BenchConfig = z.strictObject({
  resources: z.int().min(1).max(1_000_000).default(10_000).describe('objects of the scale measurement'),
  quick: z.boolean().default(false).describe('shorter measurements, with less certain figures'),
  only: z.enum(['throughput', 'scale']).optional().describe('do only this measurement'),
  profile: z.string().min(1).optional().describe('folder for CPU profiles of the controllers'),
  logLevel: logLevel.default('warn'),
})
export type BenchConfig = z.output<typeof BenchConfig>
