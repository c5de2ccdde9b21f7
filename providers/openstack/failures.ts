import type { FailureClass } from '../../src/provider/errors.ts'
import type { Asked } from '../../src/provider/http.ts'

/** Neutron says by type what was wrong; what is in use, or not connected yet, may be otherwise soon. */
const NEUTRON: Readonly<Record<string, FailureClass>> = {
  OverQuota: 'quota',
  IpAddressGenerationFailure: 'quota',
  IpAddressAlreadyAllocated: 'rejected',
  MacAddressInUse: 'rejected',
  SecurityGroupRuleExists: 'waiting',
}

/** Words by which services tell a limit of the project from a missing right: both are 403 or 413. */
const QUOTA = /quota|exceed|limit reached/i

/** Volumes and servers in the middle of something answer 400 or 409: worth another try. */
const BUSY = /status must be|must be available|is locked|in-use|in use|cannot .* while it is in|conflict/i

/** What a status means in OpenStack, where it differs from the usual. */
export function classify(status: number, body: unknown, { method }: Asked): FailureClass | undefined {
  const text = JSON.stringify(body) ?? ''
  const type = (body as { NeutronError?: { type?: string } } | undefined)?.NeutronError?.type
  const known = type === undefined ? undefined : NEUTRON[type]
  if (known !== undefined) return known
  // Cinder has one status for too many requests and for too many volumes, and says when to come back in both cases.
  if (status === 413) return /rate.?limit/i.test(text) ? 'throttled' : 'quota'
  if (status === 403 && QUOTA.test(text)) return 'quota'
  if (status === 409) return 'waiting'
  if (status === 400 && BUSY.test(text)) return 'waiting'
  // What a request names was there when it was looked up: it has gone, or cannot be seen yet.
  if (status === 404 && method !== 'GET' && method !== 'DELETE') return 'waiting'
  return undefined
}
