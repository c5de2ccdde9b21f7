import * as z from 'zod'
import { certificates, safeUrl } from '../../src/provider/fields.ts'

const mapping = (what: string) => z.record(z.string().max(255), z.string().min(1).max(255)).default({}).describe(what)

/** `CloudProvider.spec.settings` of type aruba. */
export const settings = z.strictObject({
  endpoint: safeUrl().default('https://api.arubacloud.com').describe("Where the cloud's API is."),
  tokenUrl: safeUrl()
    .default('https://mylogin.aruba.it/auth/realms/cmp-new-apikey/protocol/openid-connect/token')
    .describe('Where access tokens are asked for.'),
  ca: certificates(),
  zone: z
    .string()
    .min(1)
    .max(64)
    .default('ITBG-1')
    .describe('Data center of volumes that are filled from an image and that no instance uses, since nothing else says where they go.'),
  billingPeriod: z.enum(['Hour', 'Month', 'Year']).default('Hour').describe('How what is made is billed.'),
  flavors: mapping('Flavors by SKU; absent = the flavor with exactly that many CPUs and GB of memory.'),
  volumeTypes: mapping('Standard or Performance by SKU; absent = what the I/O operations of the SKU call for.'),
  performanceIops: z
    .int()
    .min(1)
    .default(10_000)
    .describe('I/O operations per second from which on a SKU is Performance; the cloud publishes no numbers.'),
  iops: z
    .partialRecord(z.enum(['Standard', 'Performance']), z.int().min(1).max(45_000))
    .default({})
    .describe('I/O operations per second of types of volumes: types without are not offered as SKUs.'),
  privateBlock: z.string().default('10.0.0.0/8').describe('Block that networks which ask for any IPv4 block get one of.'),
  dnsServers: z.array(z.ipv4()).max(8).default([]).describe("Name servers that subnets announce; absent = the cloud's."),
  settleMs: z.int().min(0).max(600_000).default(30_000).describe('How long reads may lag behind writes, in milliseconds.'),
})
export type Settings = z.output<typeof settings>

/** Keys of the Secret. */
export const credentials = z.object({
  clientId: z.string().trim().min(1).describe('API key of the web console.'),
  clientSecret: z.string().trim().min(1).describe('Its secret.'),
})
export type Credentials = z.output<typeof credentials>
