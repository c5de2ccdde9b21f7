import * as z from 'zod'
import { type Fields, Refusal } from '../../stand-in/model.ts'

const text = z.string().max(255)
const named = { name: text.optional() }
const reference = z.strictObject({ id: z.string(), type: z.string().optional(), href: z.string().optional() })
const VOLUME_TYPES = ['HDD', 'SSD', 'SSD Standard', 'SSD Premium'] as const
const LICENCES = ['UNKNOWN', 'WINDOWS', 'WINDOWS2016', 'WINDOWS2022', 'LINUX', 'OTHER'] as const

const volume = { ...named, size: z.number().int().min(1).max(30_000), bus: z.enum(['VIRTIO', 'IDE']).optional() }
const server = {
  ...named,
  hostname: text.optional(),
  cores: z.int().min(1).max(62),
  ram: z.int().min(1024).max(240_000).multipleOf(256),
  cpuFamily: z.string().optional(),
  bootVolume: reference.nullable().optional(),
}
const nic = {
  ...named,
  ips: z.array(z.string()).nullable().optional(),
  dhcp: z.boolean().optional(),
  lan: z.int().min(1),
  firewallActive: z.boolean().optional(),
  firewallType: z.enum(['INGRESS', 'EGRESS', 'BIDIRECTIONAL']).optional(),
}
const rule = {
  ...named,
  sourceIp: text.nullable().optional(),
  targetIp: text.nullable().optional(),
  sourceMac: text.nullable().optional(),
  portRangeStart: z.int().min(1).max(65_535).nullable().optional(),
  portRangeEnd: z.int().min(1).max(65_535).nullable().optional(),
  icmpType: z.int().min(0).max(254).nullable().optional(),
  icmpCode: z.int().min(0).max(254).nullable().optional(),
  type: z.enum(['INGRESS', 'EGRESS']).optional(),
  ipVersion: z.enum(['IPv4', 'IPv6']).nullable().optional(),
}

/** What can be sent of each type when it is made… */
export const CREATE: Readonly<Record<string, z.ZodObject>> = {
  datacenters: z.strictObject({ ...named, description: text.optional(), location: z.string() }),
  lans: z.strictObject({ ...named, public: z.boolean().optional() }),
  volumes: z.strictObject({
    ...volume,
    type: z.enum(VOLUME_TYPES).optional(),
    availabilityZone: z.enum(['AUTO', 'ZONE_1', 'ZONE_2', 'ZONE_3']).optional(),
    image: z.string().optional(),
    imageAlias: z.string().optional(),
    imagePassword: z
      .string()
      .regex(/^[a-zA-Z0-9]{8,50}$/, 'must have 8 to 50 letters and digits')
      .optional(),
    sshKeys: z.array(z.string()).optional(),
    userData: z.string().optional(),
    licenceType: z.enum(LICENCES).optional(),
  }),
  servers: z.strictObject({
    ...server,
    availabilityZone: z.enum(['AUTO', 'ZONE_1', 'ZONE_2']).optional(),
    type: z.enum(['ENTERPRISE', 'VCPU']).optional(),
  }),
  nics: z.strictObject({ ...nic, mac: z.string().optional() }),
  securitygroups: z.strictObject({ ...named, description: text.optional() }),
  rules: z.strictObject({ ...rule, protocol: z.enum(['TCP', 'UDP', 'ICMP', 'ICMPv6', 'ANY', 'VRRP', 'GRE', 'AH', 'ESP']) }),
  ipblocks: z.strictObject({ ...named, location: z.string(), size: z.int().min(1).max(32) }),
}

/** …and changed. */
export const CHANGE: Readonly<Record<string, z.ZodObject>> = {
  datacenters: z.strictObject({ ...named, description: text.optional() }),
  lans: z.strictObject({ ...named, public: z.boolean().optional() }),
  volumes: z.strictObject(volume).partial(),
  servers: z.strictObject(server).partial(),
  nics: z.strictObject(nic).partial(),
  securitygroups: z.strictObject({ ...named, description: text.optional() }),
  rules: z.strictObject(rule).partial(),
  ipblocks: z.strictObject(named),
  snapshots: z.strictObject({ ...named, description: text.optional(), licenceType: z.enum(LICENCES).optional() }),
}

/** Reads what was sent, or refuses it as this cloud does: 105 for what cannot be set, 107 for what is not part of a reference. */
export function readProperties(schema: z.ZodObject | undefined, sent: unknown): Fields {
  if (schema === undefined) throw new Refusal(405, '300', 'Method not allowed')
  const read = schema.safeParse(sent ?? {})
  if (read.success) return read.data
  const [issue] = read.error.issues
  const at = issue?.path.join('.') ?? ''
  if (issue?.code === 'unrecognized_keys') {
    const key = `${at === '' ? '' : `${at}.`}${issue.keys[0]}`
    throw new Refusal(
      422,
      at === '' ? '105' : '107',
      `[(root).${key}] Attribute is ${at === '' ? 'read-only' : 'not allowed in a reference'}`,
    )
  }
  throw new Refusal(422, '100', `[(root).${at}] ${issue?.message ?? 'is not valid'}`)
}
