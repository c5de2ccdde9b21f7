import * as z from 'zod'
import { certificates, safeUrl } from '../../src/provider/fields.ts'

const name = () => z.string().min(1).max(255).optional()
const mapping = (what: string) => z.record(z.string().max(255), z.string().min(1).max(255)).default({}).describe(what)

/** An entry of `clouds.yaml` without its secrets, in its own words. */
const cloud = z.strictObject({
  auth: z.strictObject({
    auth_url: safeUrl().describe("Keystone's URL, https://…/v3."),
    project_id: name(),
    project_name: name(),
    project_domain_id: name(),
    project_domain_name: name(),
    domain_id: name(),
    domain_name: name(),
    user_domain_id: name(),
    user_domain_name: name(),
  }),
  region_name: name().describe(
    "Region of the catalogue, where Region.spec.cloud.region names none of it; absent = the catalogue's only one.",
  ),
  interface: z.enum(['public', 'internal', 'admin']).default('public').describe('Which endpoints of the catalogue are used.'),
})

/** `CloudProvider.spec.settings` of type openstack. */
export const settings = z.strictObject({
  cloud,
  ca: certificates(),
  workspaces: z
    .enum(['shared', 'projects'])
    .default('shared')
    .describe(
      'shared = all in the project of the credentials; projects = a project for each workspace, for which the credentials must be those of an administrator of the domain.',
    ),
  projectDomain: name().describe('Id of the domain that projects are made in; absent = that of the credentials.'),
  projectRoles: z
    .array(z.string().min(1).max(255))
    .min(1)
    .max(16)
    .default(['member'])
    .describe('Names of the roles that the user of the credentials gets in a project that it made.'),
  externalNetwork: name().describe(
    'Name or id of the network that internet gateways and public IPs are in; absent = the only external one.',
  ),
  flavors: mapping('Flavors by SKU; absent = the flavor of that name, else the smallest that fits.'),
  volumeTypes: mapping("Volume types by SKU; absent = the type of that name, else the cloud's default."),
  iops: z
    .record(z.string().max(255), z.int().min(1).max(45_000))
    .default({})
    .describe(
      "I/O operations per second of volume types, by name ('*' = all others): the cloud does not tell, and types without are not offered as SKUs.",
    ),
  volumeZone: name().describe("Availability zone of volumes; absent = the cloud's default."),
  privateBlock: z.string().default('10.0.0.0/8').describe('Block that networks which ask for any IPv4 block get one of.'),
  dnsServers: z
    .array(z.union([z.ipv4(), z.ipv6()]))
    .max(8)
    .default([])
    .describe("Name servers that subnets announce; absent = the cloud's."),
  settleMs: z.int().min(0).max(600_000).default(2_000).describe('How long reads may lag behind writes, in milliseconds.'),
})
export type Settings = z.output<typeof settings>

/** Keys of the Secret: those of `clouds.yaml`. */
export const credentials = z
  .object({
    application_credential_id: z.string().trim().min(1).optional().describe('Id of an application credential…'),
    application_credential_secret: z.string().trim().min(1).optional().describe('…and its secret;'),
    username: z.string().trim().min(1).optional().describe('or a user…'),
    password: z.string().min(1).optional().describe('…and its password.'),
  })
  .refine(
    (keys) =>
      (keys.application_credential_id !== undefined && keys.application_credential_secret !== undefined) ||
      (keys.username !== undefined && keys.password !== undefined),
    'needs application_credential_id and application_credential_secret, or username and password',
  )
export type Credentials = z.output<typeof credentials>
