import * as z from 'zod'
import { AuditConfig, flagOnly } from './config.ts'

const name = () => z.string().min(1).max(63)

/** `seca-operator import`: what is asked for comes by flags alone. */
export const ImportConfig = AuditConfig.pick({
  kubeconfig: true,
  context: true,
  operatorNamespace: true,
  namespaces: true,
  defaultRegion: true,
}).extend({
  region: name().meta(flagOnly('region whose cloud account is looked through')),
  tenant: name().meta(flagOnly('tenant that is to have what is found')),
  workspace: name().meta(flagOnly('workspace that the manifests are for; it need not be there yet')),
  from: z
    .string()
    .min(1)
    .optional()
    .meta({ ...flagOnly('id or name of what the workspace is in the cloud, where an account holds several'), placeholder: 'id' }),
  networkSku: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .meta({ ...flagOnly("NetworkSku of networks of which the cloud tells no speed; default: the region's first"), placeholder: 'name' }),
  file: z
    .string()
    .min(1)
    .optional()
    .meta({ ...flagOnly('write the manifests there and not on stdout; it must not be there yet'), placeholder: 'path' }),
  enforce: z
    .boolean()
    .default(false)
    .meta(flagOnly('leave out secapi.cloud/drift: Observe, by which nothing in the cloud is touched until you take it away')),
})
export type ImportConfig = z.output<typeof ImportConfig>
