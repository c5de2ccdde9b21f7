import * as z from 'zod'
import { COMMON, NO_TROUBLE } from '../../stand-in/switches.ts'

const ms = z.int().min(0).max(600_000)

/** Habits of IONOS Cloud that its document does not tell; each can be set alone while the stand-in runs. */
export const Switches = z.strictObject({
  ...COMMON,
  /** One request of a data center at a time; the others wait as QUEUED. */
  serial: z.boolean(),
  /** How long `GET /requests/{id}/status` is 404 after the answer that names it. */
  requestAbsentMs: ms,
  /** How long what was made is 404 after its request was DONE; before that, too. */
  absentMs: ms,
  /** Limits of the contract are met late: 202, and the request ends in FAILED. */
  failsLate: z.boolean(),
  /** Lists hold no more than this, whatever `limit` says. */
  listCap: z.int().min(1),
  /** Addresses of NICs come in another order than they were sent. */
  shuffles: z.boolean(),
  /** A new server came up and does not run. */
  bootsOff: z.boolean(),
})
export type Switches = z.output<typeof Switches>

const NEAT: Switches = {
  ...NO_TROUBLE,
  serial: true,
  requestAbsentMs: 0,
  absentMs: 0,
  failsLate: false,
  listCap: 10_000,
  shuffles: false,
  bootsOff: false,
}

/** Sets of them: what is unlike `neat`. */
const CHARACTERS = {
  neat: {},
  awkward: { listLagMs: 60, requestAbsentMs: 20, absentMs: 40, failsLate: true, listCap: 10, shuffles: true, bootsOff: true },
  // Refusals for now alone are nothing that this cloud has: what can wait is queued.
  moody: { lateErrors: 0.05, cuts: 0.05 },
} as const satisfies Record<string, Partial<Switches>>

export const CHARACTER_NAMES = Object.keys(CHARACTERS) as readonly (keyof typeof CHARACTERS)[]
export type CharacterName = (typeof CHARACTER_NAMES)[number]

export const switchesOf = (names: readonly CharacterName[]): Switches =>
  Object.assign({}, NEAT, ...names.map((name) => CHARACTERS[name])) as Switches

export const Order = Switches.partial().extend({ characters: z.array(z.enum(CHARACTER_NAMES)).optional() })
export type Order = z.input<typeof Order>

export function ordered({ characters, ...switches }: z.output<typeof Order>, before: Switches): Switches {
  return Switches.parse({ ...(characters ? switchesOf(characters) : before), ...switches })
}
