import * as z from 'zod'
import { LABEL, LABEL_LENGTH, NAME_LENGTH } from './naming.ts'
import { immutable, ipv4Cidr, ipv6Cidr, someOf } from './rules.ts'
import type { RootRule } from './kind.ts'

/** Fields and rules that several kinds share. */

/** Keys of one object in a body, and so of a spec that is a free map. */
export const MAX_KEYS = 1_000

/** A DNS label: what regions, networks and everything else that is part of another object's name is called. */
export const dnsLabel = () => z.string().min(1).max(LABEL_LENGTH).regex(LABEL)

/** CIDR blocks of a network or subnet, one per address family. `0.0.0.0/16` and `::/56` ask for any block of that size. */
export const Cidr = () =>
  someOf(
    z.object({
      ipv4: ipv4Cidr(z.string().min(9).max(18)).optional().describe('IPv4 block, 10.0.0.0/16; 0.0.0.0/16 = any block of that size.'),
      ipv6: ipv6Cidr(z.string().min(4).max(43)).optional().describe('IPv6 block, fd00:1::/56; ::/56 = any block of that size.'),
    }),
    ['ipv4', 'ipv6'],
    'needs ipv4, ipv6 or both',
  )

/** CIDR blocks as the cloud has them. */
export const AssignedCidr = () =>
  z.object({
    ipv4: z.string().max(18).optional().describe('IPv4 block.'),
    ipv6: z.string().max(43).optional().describe('IPv6 block.'),
  })

/** A zone of the region; `""` means the region's first. */
export const zone = () => z.string().max(32).describe('Zone of the region; "" = its first zone.')

/** Kubernetes-only fields of a catalogue entry. */
export const skuFields = () =>
  z.object({
    region: immutable(dnsLabel(), 'region').describe("Region that offers it; the object's name is <region>.<sku>."),
    tenants: z.array(z.string().min(1).max(LABEL_LENGTH)).max(1000).optional().describe('Tenants that see it; absent = every tenant.'),
  })

/** The object's name is `<spec.field>.<name>`: how nested kinds and SKUs carry a SECA name of their own (architecture §2). */
export const nestedName = (field: string, what: string): RootRule => ({
  rule:
    `self.metadata.name.startsWith(self.spec.${field} + '.') && size(self.metadata.name) > size(self.spec.${field}) + 1` +
    ` && size(self.metadata.name) <= size(self.spec.${field}) + 129`,
  message: `metadata.name must be <spec.${field}>.<name>, with 1 to 128 characters for the ${what}'s own name`,
  fieldPath: `.spec.${field}`,
})

/** The name of a parent is a DNS label, so that no two pairs of parent and child meet in one name. */
export const labelName = (what: string): RootRule => ({
  rule: `size(self.metadata.name) <= ${LABEL_LENGTH} && !self.metadata.name.contains('.')`,
  message: `metadata.name of a ${what} must be a DNS label: at most ${LABEL_LENGTH} characters and no dots, since other names begin with it`,
})

/** A SECA name has at most 128 characters (contract §1). */
export const plainName: RootRule = {
  rule: `size(self.metadata.name) <= ${NAME_LENGTH}`,
  message: `metadata.name must have at most ${NAME_LENGTH} characters`,
}
