import * as z from 'zod'
import { COMMON, NO_TROUBLE } from '../../stand-in/switches.ts'

/** Habits of the cloud, each with a switch. What is said of it and by whom: the issues of its own Terraform provider (tf), SDK (sdk) and operator. */
export const Switches = z.strictObject({
  ...COMMON,
  /** Life of an access token, in seconds. */
  tokenLifeS: z.number().positive(),
  /** What is made of something in transit ends in Failed for good, instead of being refused. */
  failsUnsettled: z.boolean(),
  /** How an error of a field is written. */
  errorShape: z.enum(['message', 'errorMessage', 'propertyName', 'map']),
  /** What is gone still answers 200 with state Deleted, in lists too (tf 69, 279, 280). */
  showsDeleted: z.boolean(),
  /** Answer to the deletion of what is going already (tf 69). */
  secondDelete: z.literal([400, 404, 405]),
  /** For how long after its making another service does not know an object, in milliseconds (tf 206). */
  serviceLagMs: z.int().min(0),
  /** How long the deletion of a volume takes, in milliseconds; null = like anything (tf 293). */
  volumeDeletionMs: z.int().min(0).nullable(),
  /** Answers write collections in another case than requests (tf 275). */
  otherCase: z.boolean(),
  /** A volume that goes before its snapshots is let go, and they stay for ever (tf 258); else it is refused. */
  orphansSnapshots: z.boolean(),
  /** A change that does not say bootable turns it off (sdk 272). */
  flipsBootable: z.boolean(),
  /** What failed stays when it is deleted the first time (tf 245). */
  keepsFailed: z.boolean(),
  /** Billing periods come back in lower case (tf 163). */
  lowerBilling: z.boolean(),
  /** Protocols of rules come back in another case (tf 271). */
  otherProtocols: z.boolean(),
  /** A group does not go before its rules. */
  rulesHold: z.boolean(),
})
export type Switches = z.output<typeof Switches>

const NEAT: Switches = {
  ...NO_TROUBLE,
  tokenLifeS: 300,
  failsUnsettled: true,
  errorShape: 'errorMessage',
  showsDeleted: false,
  secondDelete: 404,
  serviceLagMs: 0,
  volumeDeletionMs: null,
  otherCase: true,
  orphansSnapshots: false,
  flipsBootable: false,
  keepsFailed: false,
  lowerBilling: false,
  otherProtocols: false,
  rulesHold: false,
}

/** Each as what it has unlike `neat`. */
const CHARACTERS = {
  neat: {},
  awkward: {
    tokenLifeS: 2,
    errorShape: 'map',
    showsDeleted: true,
    secondDelete: 405,
    serviceLagMs: 30,
    volumeDeletionMs: 50,
    orphansSnapshots: true,
    flipsBootable: true,
    keepsFailed: true,
    lowerBilling: true,
    otherProtocols: true,
    rulesHold: true,
  },
  lagging: { readLagMs: 30, listLagMs: 60, showsDeleted: true, secondDelete: 400, errorShape: 'message' },
  moody: { notNow: 0.1, errorShape: 'propertyName' },
} as const satisfies Record<string, Partial<Switches>>
export type CharacterName = keyof typeof CHARACTERS

export function switchesOf(names: readonly CharacterName[]): Switches {
  return Object.assign({}, NEAT, ...names.map((name) => CHARACTERS[name])) as Switches
}

/** What an administrator may ask for: single switches of what is there. */
export const Order = Switches.partial()
