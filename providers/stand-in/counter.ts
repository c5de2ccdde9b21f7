import { setTimeout as realSleep } from 'node:timers/promises'
import * as z from 'zod'
import { adminRoute, type Desk } from './admin-routes.ts'
import type { Call, Reply } from './call.ts'
import { type Fault, Faults, Limiter } from './faults.ts'
import type { Front } from './front.ts'
import type { Ground, GroundOptions } from './ground.ts'
import { Refusal } from './model.ts'
import { type Mood, Moods } from './moods.ts'
import type { CommonSwitches } from './switches.ts'

export interface DeskOptions<S extends CommonSwitches = CommonSwitches> {
  /** How long an operation takes, in milliseconds. */
  readonly latencyMs: number
  /** Refuse second attachments, and addresses and blocks given twice. */
  readonly strict?: boolean
  /** How the cloud differs from a neat one. */
  readonly switches?: S
  /** Name of the account; default: what it was, at first a random one. */
  readonly account?: string | undefined
  /** Where the cloud's state is kept; without it, nothing survives the process. */
  readonly stateDir?: string
  /** Milliseconds since the epoch; default: the machine's clock. */
  readonly now?: () => number
  /** How a delayed request waits; default: in real time. */
  readonly sleep?: (ms: number) => Promise<unknown>
  /** Who may come in, told when the administrator changes it; the door checks. */
  readonly onTokens?: (tokens: readonly string[]) => void
  /** Sees what the cloud itself answers to customers. */
  readonly onReply?: (call: Call, reply: Reply) => void
}

/** What comes of a customer's call. `cut`: the answer breaks off after half of its body. */
export type Outcome =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'cut'; readonly reply: Reply }
  | { readonly kind: 'hang' }
  | { readonly kind: 'reset' }

/** A cloud with its desk, without a door: for calls in this process, on any clock. */
export function openDesk<S extends CommonSwitches, C extends Ground<S>>(
  options: DeskOptions<S> & { readonly switches: S },
  make: (options: GroundOptions<S>) => C,
  frontOf: (cloud: C) => Front<S>,
): Desk<C> {
  const { latencyMs, strict = false, switches, stateDir, account } = options
  const { now = Date.now, sleep = realSleep, onTokens = () => undefined, onReply = () => undefined } = options
  const cloud = make({ conduct: { latencyMs, latencyByType: {}, quotas: {}, strict }, switches, account, stateDir, now })
  const nothing = { faults: new Faults(), limiter: new Limiter(), moods: new Moods(), requests: new Map<string, number>() }
  return { cloud, front: frontOf(cloud), ...nothing, now, sleep, setTokens: onTokens, onReply }
}

/** What happens to a customer's call: throttling, whatever fault was ordered for it, and the cloud. Never rejects but for a bug. */
export async function serveCustomer(desk: Desk, call: Call): Promise<Outcome> {
  desk.cloud.settle()
  const outcome = await customer(desk, call).catch((thrown: unknown) => ({ kind: 'reply', reply: refusalReply(desk, thrown) }) as const)
  if ('reply' in outcome) desk.onReply(call, outcome.reply)
  return outcome
}

/** An administrator's call: the cloud's truth, and trouble on order. */
export function serveAdmin(desk: Desk, call: Call): Reply {
  desk.cloud.settle()
  try {
    return adminRoute(desk, call)
  } catch (thrown) {
    return refusalReply(desk, thrown)
  }
}

/** The answer that a refusal is; whatever else was thrown is a bug, and goes on. */
export function refusalReply({ front }: Pick<Desk, 'front'>, thrown: unknown): Reply {
  const refusal = thrown instanceof z.ZodError ? new Refusal(422, 'invalid', z.prettifyError(thrown)) : thrown
  if (!(refusal instanceof Refusal)) throw thrown
  const { headers, ...reply } = front.refused(refusal)
  const { retryAfterS } = refusal
  const wait = retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }
  return { ...reply, ...(headers === undefined && retryAfterS === undefined ? {} : { headers: { ...headers, ...wait } }) }
}

async function customer(desk: Desk, call: Call): Promise<Outcome> {
  const type = desk.front.typeOf(call.path)
  const key = `${call.method} ${desk.cloud.store.types.includes(type) ? type : 'other'}`
  desk.requests.set(key, (desk.requests.get(key) ?? 0) + 1)
  const waitS = desk.limiter.refusal(desk.now())
  if (waitS !== undefined) throw new Refusal(429, 'too_many_requests', 'too many requests', { retryAfterS: waitS })
  const fault = desk.faults.take(call.method, type)
  if (fault) return withFault(desk, call, fault)
  const mood = desk.moods.next(call.method, type, desk.cloud.switches)
  return mood ? inMood(desk, call, mood) : { kind: 'reply', reply: desk.front.serve(call) }
}

function inMood(desk: Desk, call: Call, mood: Mood): Outcome {
  if (mood.kind === 'not-now') throw new Refusal(mood.status, 'not_now', 'not now; try again later')
  const reply = desk.front.serve(call)
  if (mood.kind === 'late-error') throw new Refusal(mood.status, 'internal', 'something went wrong on the way back')
  return { kind: 'cut', reply }
}

function refusalOf({ status, code, message, retryAfterS }: Fault): Refusal {
  return new Refusal(status, code, message, { retryAfterS })
}

async function withFault(desk: Desk, call: Call, fault: Fault): Promise<Outcome> {
  if (fault.effect === 'answer') throw refusalOf(fault)
  if (fault.effect === 'hang') return { kind: 'hang' }
  if (fault.effect === 'refuse') return { kind: 'reset' }
  if (fault.effect === 'delay') {
    await desk.sleep(fault.delayMs)
    desk.cloud.settle()
  }
  if (fault.effect === 'fail-operation') desk.cloud.sabotage = { fails: fault.message }
  if (fault.effect === 'stuck-operation') desk.cloud.sabotage = { hangs: true }
  try {
    const reply = desk.front.serve(call)
    if (fault.effect === 'drop') return { kind: 'reset' }
    if (fault.effect === 'late-answer') throw refusalOf(fault)
    return { kind: fault.effect === 'cut' ? 'cut' : 'reply', reply }
  } finally {
    desk.cloud.sabotage = undefined
  }
}
