import type { Instance } from '../../../src/kinds/index.ts'
import type { Json, Observed } from '../../../src/provider/contract.ts'
import { type Native, textOf } from '../native.ts'

/** Power as it was seen, and since when. */
interface Power {
  readonly state: 'on' | 'off'
  readonly since: string
}

/** What gets a server running again, by the state that somebody else put it into; one that was stopped is started. */
const STARTS: Readonly<Record<string, string>> = {
  PAUSED: 'unpause',
  SUSPENDED: 'resume',
  SHELVED: 'unshelve',
  SHELVED_OFFLOADED: 'unshelve',
}

/** What `status.powerState` goes by: Nova's own word for what the hypervisor says (1 = running), unless it was made to hold. */
export const powerOf = (server: Native): Power['state'] =>
  server['OS-EXT-STS:power_state'] === 1 && STARTS[textOf(server, 'status')] === undefined ? 'on' : 'off'

/** The action that switches a server on. */
export const startOf = (status: string): string => STARTS[status] ?? 'os-start'

/**
 * Nova does not tell since when, and each of its records of actions would be a request. But it notes when a server changed last, and a change of
 * power is one: the time that it tells when another power is seen for the first time is kept.
 */
export function powerSince(server: Native, handle: Json | undefined): string | undefined {
  const { state, since } = keptPower(handle) ?? {}
  return state === powerOf(server) ? since : textOf(server, 'updated') || undefined
}

/** What was seen, with the power in what is kept of it. */
export function keepingPower(seen: Observed<typeof Instance>, handle: Json | undefined): Observed<typeof Instance> {
  const { powerState: state, powerStateSince: since } = seen.status
  const kept = keptPower(handle)
  if (state === undefined || since === undefined) return seen
  if (seen.handle === undefined && kept?.state === state && kept.since === since) return seen
  return { ...seen, handle: { ...objectIn(seen.handle ?? handle), power: { state, since } } }
}

const objectIn = (json: Json | undefined) =>
  typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as Readonly<Record<string, Json | undefined>>) : {}

/** Anybody with rights on status can write the handle. */
function keptPower(handle: Json | undefined): Power | undefined {
  const { state, since } = objectIn(objectIn(handle)['power'])
  return (state === 'on' || state === 'off') && typeof since === 'string' && !Number.isNaN(Date.parse(since)) ? { state, since } : undefined
}
