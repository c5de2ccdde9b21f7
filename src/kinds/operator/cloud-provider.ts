import * as z from 'zod'
import { labelName } from '../fields.ts'
import { LABEL_LENGTH } from '../naming.ts'
import { defineKind } from '../kind.ts'

const tenant = () => z.string().min(1).max(LABEL_LENGTH)
const accountId = () => z.string().max(512)
const secretName = () => z.string().min(1).max(253)

/** The operator's own kind: a cloud account that regions are bound to (architecture §2). Not part of SECA. */
export const CloudProvider = defineKind({
  kind: 'CloudProvider',
  api: 'operator/v1alpha1',
  collection: 'cloud-providers',
  secaKind: 'cloud-provider',
  scope: 'cluster',
  cloud: 'none',
  isGuarded: true,
  catalog: true,
  extensions: false,
  shortNames: ['cprov'],
  description: 'A cloud account: which adapter talks to it, and with which credentials.',
  columns: [
    { name: 'Type', path: '.spec.type' },
    { name: 'Secret', path: '.spec.credentialsSecretRef.name', priority: 1 },
    { name: 'Account', path: '.status.account', priority: 1 },
  ],
  selectable: ['.spec.type'],
  spec: z.object({
    type: z.string().min(1).max(63).describe('Adapter: aruba, ionos, openstack or simulator.'),
    credentialsSecretRef: z
      .object({ name: secretName().describe("Name of a Secret in the operator's namespace.") })
      .describe('Credentials of the account.'),
    tenantCredentials: z
      .array(
        z.object({
          tenant: tenant().describe('Tenant.'),
          name: secretName().describe("Name of a Secret in the operator's namespace."),
        }),
      )
      .max(1000)
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['tenant'] })
      .optional()
      .describe('Credentials of tenants that have an account of their own.'),
    settings: z.looseObject({}).optional().describe('Settings of the adapter; see its README.'),
    adoption: z
      .object({ tenants: z.array(tenant()).max(1000).optional().describe('Tenants; * is not understood.') })
      .optional()
      .describe('Tenants that may take over cloud objects which carry no tag; absent = none.'),
    catalogue: z
      .object({
        skus: z
          .boolean()
          .default(false)
          .describe('Sizes and kinds of volumes that the cloud offers become SKUs of the regions bound to it.'),
        imagesTenant: tenant()
          .optional()
          .describe(
            'Tenant in which the images that the cloud offers are listed; it may name untagged cloud objects. Label its namespace secapi.cloud/shared to open them to all.',
          ),
      })
      .optional()
      .describe("What is kept up from the cloud's own catalogue; objects that others made win. Absent = nothing."),
    requestsPerSecond: z.int().min(1).max(10_000).default(20).describe('Requests per second to the account.'),
    burst: z.int().min(1).max(100_000).optional().describe('Requests that may go out at once; absent = requestsPerSecond.'),
  }),
  kubeSpec: z.object({}),
  status: z.object({
    account: accountId().optional().describe("The cloud's own id of the account that objects live in."),
    tenantAccounts: z
      .array(
        z.object({
          tenant: tenant().describe('Tenant.'),
          account: accountId().optional().describe('Account; absent while nobody could look at it.'),
        }),
      )
      .max(1000)
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['tenant'] })
      .optional()
      .describe('Tenants whose objects live in an account of their own.'),
  }),
  rules: [labelName('cloud provider')],
})
