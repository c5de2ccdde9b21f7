import * as z from 'zod'
import { flagOnly, logLevel, programs } from './config.ts'
import { milliseconds } from './settings.ts'

/** Settings of the subcommands that only developers have, in a checkout; as in config.ts. */

/** `seca-operator test` */
export const TestConfig = z.strictObject({
  only: z
    .enum(['check', 'unit', 'e2e', 'mutants'])
    .optional()
    .describe('run only the static checks, the unit tests, the e2e tests, or the unit tests on sources that are broken on purpose'),
  full: z
    .boolean()
    .default(false)
    .describe('more generated cases, kills and fuzzing, and longer outages: for a whole change, not for every run'),
  ...programs,
})
export type TestConfig = z.output<typeof TestConfig>

/** `seca-operator bench` */
export const BenchConfig = z.strictObject({
  resources: z.int().min(1).max(1_000_000).default(10_000).describe('objects of the scale measurement'),
  quick: z.boolean().default(false).describe('shorter measurements, with less certain figures'),
  only: z.enum(['throughput', 'scale']).optional().describe('do only this measurement'),
  profile: z.string().min(1).optional().describe('folder for CPU profiles of the controllers'),
  ...programs,
  logLevel: logLevel.default('warn'),
})
export type BenchConfig = z.output<typeof BenchConfig>

/** `seca-operator bench-api` */
export const ApiBenchConfig = z.strictObject({
  rounds: z.int().min(1).max(100).default(3).describe('how often everything is measured'),
  quick: z.boolean().default(false).describe('one short round, with less certain figures'),
  only: z
    .enum(['GET', 'LIST', 'PUT', 'BURST', 'HOSTILE', 'MEMORY'])
    .optional()
    .describe(
      'measure only this: one operation, a burst of creating PUTs beside the controllers, what hostile callers cost others, or memory',
    ),
  objects: z.int().min(10).max(1_000_000).default(10_000).describe('volumes that the API holds with --only MEMORY'),
  attack: z.string().min(1).optional().describe('with --only HOSTILE, only attacks whose names contain this'),
  http2: z.boolean().default(false).describe('HTTP/2 instead of HTTP/1.1, on both sides'),
  profile: z.string().min(1).optional().describe('folder for a CPU profile of the API'),
  ...programs,
  logLevel: logLevel.default('warn'),
})
export type ApiBenchConfig = z.output<typeof ApiBenchConfig>

/** `seca-operator bench-openstack` */
export const OpenStackBenchConfig = z.strictObject({
  objects: z.int().min(100).max(100_000).default(1_000).describe('volumes that drift passes go over'),
  machines: z.int().min(1).max(1_000).default(20).describe('machines (volume, port, server) that are made in a round'),
  rounds: z.int().min(1).max(100).default(3).describe('rounds of the comparison with openstacksdk'),
  watchMs: milliseconds(
    '0s',
    'how long requests are counted with the default drift interval, too; 0 = they are scaled from a shorter one alone',
  ),
  quick: z.boolean().default(false).describe('one round, fewer objects and shorter measurements, with less certain figures'),
  only: z
    .enum(['life', 'beside', 'drift'])
    .optional()
    .describe('do only this: requests of a life, the comparison with openstacksdk, or drift passes, idle requests and memory'),
  profile: z.string().min(1).optional().describe('folder for CPU profiles of the controllers'),
  ...programs,
  logLevel: logLevel.default('warn'),
})
export type OpenStackBenchConfig = z.output<typeof OpenStackBenchConfig>

/** `seca-operator openstack` */
export const OpenStackConfig = z.strictObject({
  folder: z.string().min(1).default('.seca/openstack').describe('folder for its databases and logs, which are kept'),
})
export type OpenStackConfig = z.output<typeof OpenStackConfig>

/** `seca-operator image` */
export const ImageConfig = z
  .strictObject({
    platform: z
      .enum(['linux/amd64', 'linux/arm64', 'all'])
      .optional()
      .describe("what the image is for; default: this machine's architecture")
      .meta({ placeholder: 'linux/amd64|linux/arm64|all' }),
    out: z.string().min(1).default('dist').describe('folder for the archive, its SBOM and provenance, and SHA256SUMS'),
    refresh: z
      .boolean()
      .default(false)
      .meta(flagOnly("pin Debian's packages to what this machine's mirror serves now: writes the lock file, then builds")),
    unpinned: z
      .boolean()
      .default(false)
      .meta(flagOnly("take what this machine's mirror of Debian serves instead of what is pinned: the digest will differ from others'")),
    unpacked: z
      .string()
      .min(1)
      .optional()
      .meta({
        ...flagOnly("write the image's files, a folder for each layer, into this new folder instead of an archive"),
        placeholder: 'folder',
      }),
  })
  .refine(({ refresh, unpinned }) => !(refresh && unpinned), '--refresh and --unpinned exclude each other')
  .refine(({ platform, unpacked }) => platform !== 'all' || unpacked === undefined, '--unpacked takes one --platform, not all')
export type ImageConfig = z.output<typeof ImageConfig>

/** `seca-operator release` */
export const ReleaseConfig = z
  .strictObject({
    version: z.string().min(1).meta(flagOnly('what is released: 1.2.0, 1.2.0-rc.1')),
    prepare: z
      .boolean()
      .default(false)
      .meta(
        flagOnly('write the version and its section of the changelog into the checkout, to be looked at and committed, and nothing else'),
      ),
    registry: z
      .string()
      .min(1)
      .optional()
      .meta({ ...flagOnly('host and path that get seca-operator and charts/seca-operator'), placeholder: 'host/path' }),
    key: z
      .string()
      .min(1)
      .optional()
      .meta({
        ...flagOnly('private key (PEM, ECDSA P-256) that signs; its password: SECA_KEY_PASSWORD. Default: nothing is signed'),
        placeholder: 'file',
      }),
    dryRun: z.boolean().default(false).meta(flagOnly('build and check everything, push nothing, make no tag')),
    out: z
      .string()
      .min(1)
      .optional()
      .meta({ ...flagOnly('folder for all files; default: dist/<version>'), placeholder: 'folder' }),
    unpinned: z
      .boolean()
      .default(false)
      .meta(flagOnly("take what this machine's mirror of Debian serves: nobody can build the same again")),
  })
  .refine(({ prepare, registry }) => prepare || registry !== undefined, '--registry is needed, but for --prepare')
export type ReleaseConfig = z.output<typeof ReleaseConfig>
