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
  networkSku: name()
    .optional()
    .meta({ ...flagOnly("NetworkSku of all networks; default: the region's first"), placeholder: 'name' }),
  enforce: z
    .boolean()
    .default(false)
    .meta(flagOnly('leave out secapi.cloud/drift: Observe, by which nothing in the cloud is touched until you take it away')),
})
export type ImportConfig = z.output<typeof ImportConfig>
