import { setTimeout as realSleep } from 'node:timers/promises'
import * as z from 'zod'
import { adminRoute, type Desk } from './admin-routes.ts'
import { Cloud } from './cloud.ts'
import { type Fault, Faults, Limiter } from './faults.ts'
import { Refusal } from './model.ts'
import { type Call, customerRoute, type Reply } from './routes.ts'

export interface DeskOptions {
  /** How long an operation takes, in milliseconds. */
  readonly latencyMs: number
  /** Refuse second attachments, and addresses and blocks given twice. */
  readonly strict?: boolean
  /** Where the cloud's state is kept; without it, nothing survives the process. */
  readonly stateDir?: string
  /** Milliseconds since the epoch; default: the machine's clock. */
  readonly now?: () => number
  /** How a delayed request waits; default: in real time. */
  readonly sleep?: (ms: number) => Promise<unknown>
  /** Who may come in, told when the administrator changes it; the door checks. */
  readonly onTokens?: (tokens: readonly string[]) => void
}

/** What comes of a customer's call. `cut`: the answer breaks off after half of its body. */
export type Outcome =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'cut'; readonly reply: Reply }
  | { readonly kind: 'hang' }
  | { readonly kind: 'reset' }

/** A cloud with its desk, without a door: for calls in this process, on any clock. */
export function openDesk(options: DeskOptions): Desk {
  const { latencyMs, strict = false, stateDir, now = Date.now, sleep = realSleep, onTokens = () => undefined } = options
  const conduct = { latencyMs, latencyByType: {}, quotas: {}, strict }
  const cloud = new Cloud({ conduct, now, ...(stateDir === undefined ? {} : { stateDir }) })
  return { cloud, faults: new Faults(), limiter: new Limiter(), requests: new Map(), now, sleep, setTokens: onTokens }
}

/** What happens to a customer's call: throttling, whatever fault was ordered for it, and the cloud. Never rejects but for a bug. */
export async function serveCustomer(desk: Desk, call: Call): Promise<Outcome> {
  desk.cloud.settle()
  try {
    return await customer(desk, call)
  } catch (thrown) {
    return { kind: 'reply', reply: refusalReply(thrown) }
  }
}

/** An administrator's call: the cloud's truth, and trouble on order. */
export function serveAdmin(desk: Desk, call: Call): Reply {
  desk.cloud.settle()
  try {
    return adminRoute(desk, call)
  } catch (thrown) {
    return refusalReply(thrown)
  }
}

/** The answer that a refusal is; whatever else was thrown is a bug, and goes on. */
export function refusalReply(thrown: unknown): Reply {
  const refusal = thrown instanceof z.ZodError ? new Refusal(422, 'invalid', z.prettifyError(thrown)) : thrown
  if (!(refusal instanceof Refusal)) throw thrown
  const { status, code, message, retryAfterS } = refusal
  return { status, body: { code, message }, ...(retryAfterS === undefined ? {} : { headers: { 'retry-after': String(retryAfterS) } }) }
}

async function customer(desk: Desk, call: Call): Promise<Outcome> {
  const type = call.path[0] ?? ''
  const key = `${call.method} ${desk.cloud.store.types.includes(type) ? type : 'other'}`
  desk.requests.set(key, (desk.requests.get(key) ?? 0) + 1)
  const waitS = desk.limiter.refusal(desk.now())
  if (waitS !== undefined) throw new Refusal(429, 'too_many_requests', 'too many requests', waitS)
  const fault = desk.faults.take(call.method, type)
  return fault ? withFault(desk, call, fault) : { kind: 'reply', reply: customerRoute(desk.cloud, call) }
}

async function withFault(desk: Desk, call: Call, fault: Fault): Promise<Outcome> {
  if (fault.effect === 'answer') throw new Refusal(fault.status, fault.code, fault.message, fault.retryAfterS)
  if (fault.effect === 'hang') return { kind: 'hang' }
  if (fault.effect === 'refuse') return { kind: 'reset' }
  if (fault.effect === 'delay') {
    await desk.sleep(fault.delayMs)
    desk.cloud.settle()
  }
  if (fault.effect === 'fail-operation') desk.cloud.sabotage = { fails: fault.message }
  if (fault.effect === 'stuck-operation') desk.cloud.sabotage = { hangs: true }
  try {
    const reply = customerRoute(desk.cloud, call)
    if (fault.effect === 'drop') return { kind: 'reset' }
    if (fault.effect === 'late-answer') throw new Refusal(fault.status, fault.code, fault.message, fault.retryAfterS)
    return { kind: fault.effect === 'cut' ? 'cut' : 'reply', reply }
  } finally {
    desk.cloud.sabotage = undefined
  }
}
