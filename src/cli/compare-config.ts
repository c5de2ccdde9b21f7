import * as z from 'zod'
import { AuditConfig, flagOnly, list } from './config.ts'
import { milliseconds } from './settings.ts'

const names = (description: string) => list(description).meta({ flagOnly: true })

/** `seca-operator compare`: what is asked for comes by flags alone. */
export const CompareConfig = AuditConfig.pick({
  kubeconfig: true,
  context: true,
  operatorNamespace: true,
  defaultRegion: true,
})
  .extend({
    manifests: z
      .string()
      .min(1)
      .optional()
      .meta({
        ...flagOnly('file or folder of manifests that are tried in each region; absent: what is there already is read'),
        placeholder: 'path',
        operand: true,
      }),
    regions: names('regions that are compared; absent: what the types of providers can do, without a cluster'),
    providers: names('without regions: types of providers; default: all'),
    tenants: names('without manifests: only what these tenants have; default: all'),
    skipUnsupported: z
      .boolean()
      .default(false)
      .meta(flagOnly("leave out what a region's provider cannot do, with what needs it; otherwise its refusal is shown")),
    keep: z.boolean().default(false).meta(flagOnly('leave what was made, to look at; --clean takes it away later')),
    clean: z.boolean().default(false).meta(flagOnly('only take away what comparisons left, in the regions that are named, or all')),
    timeoutMs: milliseconds('15m', 'time to get ready, and to be gone again; what is not by then is told').meta({ flagOnly: true }),
    metricsUrl: names("URLs of the controllers' /metrics, one for each replica: calls of the clouds are counted").meta({
      placeholder: 'list',
    }),
    output: z.enum(['markdown', 'html', 'json']).default('markdown').meta(flagOnly('how the report is written on stdout')),
    report: z
      .string()
      .min(1)
      .optional()
      .meta({ ...flagOnly('also write <path>.md, <path>.html and <path>.json'), placeholder: 'path' }),
  })
  .refine(({ clean, manifests, keep }) => !clean || (manifests === undefined && !keep), '--clean goes with neither manifests nor --keep')
  .refine(({ providers, regions }) => providers.length === 0 || regions.length === 0, '--regions and --providers exclude each other')
  .refine(
    ({ tenants, manifests }) => tenants.length === 0 || manifests === undefined,
    '--tenants is for what is there already: leave the manifests out',
  )
  .refine(
    ({ regions, clean, tenants, keep }) => regions.length > 0 || clean || (tenants.length === 0 && !keep),
    '--tenants and --keep need --regions',
  )
export type CompareConfig = z.output<typeof CompareConfig>
