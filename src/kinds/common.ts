import * as z from 'zod'

/** SECA states (contract §5). */
export const STATES = ['pending', 'creating', 'active', 'updating', 'deleting', 'error'] as const
export type State = (typeof STATES)[number]

/** Pattern of a reason on the wire (contract §5). */
const REASON = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/

/** One entry of the SECA history (`StatusCondition`, contract §5). */
export const HistoryEntry = z.object({
  state: z.enum(STATES).describe('State that was entered.'),
  lastTransitionAt: z.string().meta({ format: 'date-time' }).describe('When it was entered.'),
  type: z.string().max(64).optional().describe('What the entry is about, when not the state itself.'),
  reason: z.string().max(1024).regex(REASON).optional().describe('Why, in one word.'),
  message: z.string().max(32_768).optional().describe('Why, for a person.'),
})
export type HistoryEntry = z.output<typeof HistoryEntry>

/** Entries that `status.history` keeps (contract §5: at most 32, at least 5). */
export const HISTORY_LIMIT = 32

/** A Kubernetes condition (`metav1.Condition`). */
export const Condition = z.object({
  type: z.string().min(1).max(316).describe('Ready, Synced, Reconciling or Stalled.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether the condition holds.'),
  reason: z.string().min(1).max(1024).describe('Why, in one word.'),
  message: z.string().max(32_768).describe('Why, for a person.'),
  lastTransitionTime: z.string().meta({ format: 'date-time' }).describe('When the status last changed.'),
  observedGeneration: z.int().min(0).optional().describe('Generation that the condition speaks about.'),
})
export type Condition = z.output<typeof Condition>

/** State of one item of a list (a route, an inline rule). One condition each: a thousand times 32 would not fit in etcd (architecture §3). */
export const ItemStatus = z.object({
  state: z.enum(STATES).optional().describe('SECA state of the item.'),
  conditions: z.array(HistoryEntry).max(1).optional().describe("The item's latest transition."),
})
export type ItemStatus = z.output<typeof ItemStatus>

/** Characters of a request token that status records. */
export const REQUEST_LENGTH = 256

/** Characters of JSON that an adapter may keep of an object. */
export const HANDLE_LENGTH = 2048

/** Status fields of every kind that has a status (architecture §3). None but these is set by the engine itself. */
export const CommonStatus = z.object({
  observedGeneration: z.int().default(-1).describe('Generation that the controller has handled; -1 before the first.'),
  state: z.enum(STATES).optional().describe('SECA state.'),
  history: z.array(HistoryEntry).max(HISTORY_LIMIT).optional().describe('State transitions, newest first.'),
  conditions: z
    .array(Condition)
    .max(8)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
    .optional()
    .describe('Ready, Synced, Reconciling, Stalled.'),
  externalId: z.string().max(512).optional().describe("The cloud's id of this object."),
  incarnation: z.string().max(64).optional().describe('Nonce of the cloud object, chosen before it is created.'),
  incarnationAt: z.string().max(64).optional().describe('When the incarnation was chosen.'),
  handle: z.string().max(HANDLE_LENGTH).optional().describe("What the provider's adapter keeps of the object, as JSON."),
  lastHandledRequest: z
    .string()
    .max(REQUEST_LENGTH)
    .optional()
    .describe('Value of the secapi.cloud/requested annotation that was handled.'),
  lastModifiedAt: z.string().max(64).optional().describe('Last change of the object as SECA sees it, in milliseconds.'),
})
export type CommonStatus = z.output<typeof CommonStatus>
