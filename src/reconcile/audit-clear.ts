import { asError } from '../errors.ts'
import type { Desired } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import { installationKey, parseTag, tagKey } from '../provider/tags.ts'
import type { Found } from './audit.ts'
import type { Link } from './connect.ts'

export interface ClearOptions {
  readonly installation: string
  readonly linkOf: (found: Found) => Omit<Link, 'mayAdopt'> | undefined
  /** Whether the object may still go, asked of the cluster itself right before each call; else why not. */
  readonly objection: (found: Found) => Promise<string | undefined>
  /** What is still there of what was to go. */
  readonly remaining: (objects: readonly Found[]) => Promise<readonly Found[]>
  readonly sleep: (ms: number) => Promise<void>
  readonly onProgress: (text: string) => void
  readonly signal: AbortSignal
}

/** What became of objects that were to be deleted. */
export interface Cleared {
  readonly gone: readonly Found[]
  readonly left: readonly { readonly found: Found; readonly why: string }[]
}

const PAUSE_MS = 2_000
const CALL_MS = 60_000
/** Rounds in a row in which nothing went: then the rest is not going to. */
const PATIENCE = 15

/**
 * Deletes cloud objects that are nobody's. In rounds, since one may use the other: what cannot go yet is tried again as long as others go.
 */
export async function clear(objects: readonly Found[], options: ClearOptions): Promise<Cleared> {
  const why = new Map<Found, string>()
  const given = new Set<Found>()
  let left = objects
  for (let idle = 0; left.length > 0 && idle < PATIENCE;) {
    // What something else uses comes last.
    for (const found of left.toSorted((a, b) => Number(a.usedBy !== undefined) - Number(b.usedBy !== undefined))) {
      const said = await attempt(found, options)
      why.set(found, said.why)
      if (said.isFinal) given.add(found)
    }
    left = left.filter((one) => !given.has(one))
    if (left.length === 0) break
    await options.sleep(PAUSE_MS)
    const still = new Set((await options.remaining(left)).map(idOf))
    const next = left.filter((one) => still.has(idOf(one)))
    idle = next.length < left.length ? 0 : idle + 1
    left = next
    options.onProgress(`${objects.length - left.length} of ${objects.length}`)
  }
  const kept = [...given, ...left]
  return {
    gone: objects.filter((one) => !kept.includes(one)),
    left: kept.map((found) => ({ found, why: why.get(found) ?? '' })),
  }
}

const idOf = ({ account, kind, externalId }: Found): string => JSON.stringify([account, kind, externalId])

/** One try; final: another one will not help. */
async function attempt(
  found: Found,
  { installation, linkOf, objection, signal }: ClearOptions,
): Promise<{ why: string; isFinal: boolean }> {
  const link = linkOf(found)
  const adapter = link?.connection.adapters[found.kind]
  if (link === undefined || adapter === undefined) return { why: `its cloud has no ${found.kind}`, isFinal: true }
  try {
    const against = await objection(found)
    if (against !== undefined) return { why: against, isFinal: true }
    const desired = leaving(found, installation)
    const seen = { externalId: found.externalId, status: {}, drift: [], ...(found.handle === undefined ? {} : { handle: found.handle }) }
    const limit = AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)])
    await link.through(desired.tag, { signal: limit, priority: 'low' }, (context) => adapter.delete(desired, seen, context))
    return { why: 'its deletion was accepted, and it is still there', isFinal: false }
  } catch (error) {
    signal.throwIfAborted()
    const isPassing = error instanceof ProviderError && ['transient', 'throttled', 'waiting'].includes(error.failure)
    return { why: asError(error).message, isFinal: !isPassing }
  }
}

/** All that is known of an object that has no resource, as an adapter's `delete` wants it. */
function leaving(found: Found, installation: string): Desired {
  const { kind, externalId, handle, tag = '', incarnation = '' } = found
  const steps = parseTag(tag)?.path.split('/') ?? []
  const after = (word: string) => steps[steps.indexOf(word) + 1]
  const workspace = steps.includes('workspaces') ? after('workspaces') : undefined
  return {
    path: {
      api: steps.slice(0, 2).join('/'),
      tenant: (steps.includes('tenants') ? after('tenants') : undefined) ?? '',
      ...(workspace === undefined ? {} : { workspace }),
      region: parseTag(tag)?.region ?? found.region,
      kind,
      name: steps.at(-1) ?? '',
    },
    spec: {},
    labels: {},
    externalId,
    handle,
    tag,
    tagKey: found.tagKey ?? tagKey(tag),
    installationKey: installationKey(installation),
    incarnation,
    mayAdopt: false,
    restartRequest: undefined,
    zone: undefined,
    region: found.cloudRegion,
    targets: {},
    holders: [],
    parent: undefined,
    workspace: undefined,
    isLeaving: true,
  }
}
