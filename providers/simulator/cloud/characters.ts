import * as z from 'zod'
import { COMMON, NO_TROUBLE } from '../../stand-in/switches.ts'

/** Ways in which clouds differ. Each can be set alone while the cloud runs; a character is a set of them. */
export const Switches = z.strictObject({
  ...COMMON,
  /** Creating again with the same `client_token` answers the first object. */
  clientTokens: z.boolean(),
  /** No tags: a `key` and an `owner` of 30 characters each. */
  shortTags: z.boolean(),
  /** One operation per project at a time; the others wait for their turn. */
  serial: z.boolean(),
  /** How many may wait in a project; more are answered 423 `locked`. */
  queueLength: z.int().min(0),
  /** What the rest of the cloud forbids (quota, names, addresses) is accepted, and ends in `failed`. */
  failsLate: z.boolean(),
  /** An error is forgotten as soon as the next operation begins, not when it ends. */
  forgetsErrors: z.boolean(),
  /** Ports live in servers, firewalls in vpcs; no routers, no uplinks. */
  parts: z.boolean(),
  /** How a full quota is refused. */
  quotaStatus: z.literal([422, 403]),
})
export type Switches = z.output<typeof Switches>

const NEAT: Switches = {
  ...NO_TROUBLE,
  clientTokens: true,
  shortTags: false,
  serial: false,
  queueLength: 20,
  failsLate: false,
  forgetsErrors: false,
  parts: false,
  quotaStatus: 422,
}

/** The characters, each as what it has unlike `neat`. */
const CHARACTERS = {
  neat: {},
  lagging: { readLagMs: 2_000, listLagMs: 5_000 },
  tokenless: { clientTokens: false },
  'short-tags': { shortTags: true },
  serial: { serial: true, failsLate: true, forgetsErrors: true },
  parts: { parts: true, quotaStatus: 403 },
  moody: { notNow: 0.1, lateErrors: 0.05, cuts: 0.05 },
} as const satisfies Record<string, Partial<Switches>>

export const CHARACTER_NAMES = Object.keys(CHARACTERS) as readonly (keyof typeof CHARACTERS)[]
export type CharacterName = (typeof CHARACTER_NAMES)[number]

/** The switches of one or several characters together. */
export function switchesOf(names: readonly CharacterName[]): Switches {
  return Object.assign({}, NEAT, ...names.map((name) => CHARACTERS[name])) as Switches
}

/** What an administrator may ask for: whole characters, single switches on top of them, or single switches of what is there. */
export const Order = Switches.partial().extend({ characters: z.array(z.enum(CHARACTER_NAMES)).optional() })
export type Order = z.input<typeof Order>

export function ordered({ characters, ...switches }: z.output<typeof Order>, before: Switches): Switches {
  return Switches.parse({ ...(characters ? switchesOf(characters) : before), ...switches })
}

/** What a cloud tells its customers of itself, and an adapter may need to know. */
export function publicFacts(switches: Switches) {
  const { clientTokens, shortTags, serial, parts, readLagMs, listLagMs } = switches
  return { clientTokens, tagLength: shortTags ? 0 : 255, keyLength: shortTags ? 30 : 0, serial, parts, readLagMs, listLagMs }
}
