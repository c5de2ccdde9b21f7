import * as z from 'zod'
import { safeUrl } from '../../src/provider/fields.ts'

export const VOLUME_TYPES = ['HDD', 'SSD Standard', 'SSD Premium'] as const

/** `CloudProvider.spec.settings` of type ionos. */
export const settings = z.strictObject({
  endpoint: safeUrl().default('https://api.ionos.com/cloudapi/v6').describe('Where the Compute API v6 is.'),
  contract: z.int().min(1).optional().describe('Number of the contract, for users of several.'),
  serverType: z.enum(['VCPU', 'ENTERPRISE']).default('VCPU').describe('Cores of instances: shared (VCPU) or dedicated (ENTERPRISE).'),
  volumeTypes: z
    .record(z.string().max(255), z.enum(VOLUME_TYPES))
    .default({})
    .describe('Types of volumes by StorageSku; absent = by its IOPS: HDD up to 600, SSD Standard up to 5,000, SSD Premium above.'),
  settleMs: z.int().min(0).max(600_000).default(60_000).describe('How long what was made may still be missing, in milliseconds.'),
})
export type Settings = z.output<typeof settings>

/** Keys of the Secret. */
export const credentials = z
  .object({
    token: z.string().trim().min(1).optional().describe('Token of the Token Manager;'),
    username: z.string().trim().min(1).optional().describe('or a user without two-factor authentication…'),
    password: z.string().min(1).optional().describe('…and its password.'),
  })
  .refine(
    ({ token, username, password }) => token !== undefined || (username !== undefined && password !== undefined),
    'needs token, or username and password',
  )
export type Credentials = z.output<typeof credentials>
