import { RESTART_REQUESTED } from '../../kinds/names.ts'
import type { Resource } from '../../kinds/resource.ts'
import { isConflict, isNotFound } from '../../kube/errors.ts'
import { nextToken } from '../../resolve/requests.ts'
import { Answer } from '../contract.ts'
import type { Context } from '../context.ts'
import type { Target } from '../path/target.ts'
import { type Json, statusOf } from '../render/envelope.ts'
import { Refusal } from '../problem.ts'
import { confirm, inTurn, learn, type Writing } from './writing.ts'
import { patch } from './update.ts'
import { notFound, parsePrecondition, preconditionFailed, readLive, required } from './version.ts'

interface Action {
  /** Power that the resource must have. */
  readonly requires: 'on' | 'off'
  readonly changes: (object: Resource, now: number) => Json
}

/** POST actions by name (contract §6.6). */
const ACTIONS: Readonly<Record<string, Action>> = {
  start: { requires: 'off', changes: () => ({ spec: { powerState: 'on' } }) },
  stop: { requires: 'on', changes: () => ({ spec: { powerState: 'off' } }) },
  restart: {
    requires: 'on',
    changes: ({ metadata }, now) => ({
      metadata: { annotations: { [RESTART_REQUESTED]: nextToken(metadata.annotations?.[RESTART_REQUESTED], now) } },
    }),
  },
}

const TRIES = 5

/** POST …/start, stop, restart: 202, or 409 in the wrong state; a write that lost to another one looks again. */
export async function act(writing: Writing, name: string, request: Request): Promise<Answer> {
  const action = ACTIONS[name]
  if (action === undefined) throw new Refusal('NotFound', `there is no action "${name}"`)
  const precondition = parsePrecondition(request.headers)
  await confirm(writing, await inTurn(writing, () => change(writing, name, action, precondition)))
  return new Answer(null, { status: 202, headers: { 'cache-control': 'no-store' } })
}

async function change(writing: Writing, name: string, action: Action, precondition: string | undefined): Promise<Resource> {
  const { context, target, signal } = writing
  for (let tries = 1; ; tries++) {
    const object = await ready(writing, name, action, precondition)
    try {
      const changed = await patch(context, target, object, action.changes(object, context.now()), signal)
      learn(writing, changed)
      return changed
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error
      const live = await readLive(context, target, signal)
      if (live === undefined) throw notFound(target)
      if (precondition !== undefined) throw preconditionFailed(precondition, live.metadata.resourceVersion)
      if (tries === TRIES) throw error
    }
  }
}

/**
 * The object, if it may be acted on. A client may have seen its state at another replica before this one hears of it: a refusal is worth
 * a look at the cluster.
 */
async function ready(writing: Writing, name: string, action: Action, precondition: string | undefined): Promise<Resource> {
  const { context, target, signal } = writing
  const known = await required(context, target, precondition, signal)
  if (refusal(context, target, name, action, known) === undefined) return known
  const live = (await readLive(context, target, signal)) ?? known
  const refused = refusal(context, target, name, action, live)
  if (refused !== undefined) throw refused
  const { resourceVersion } = live.metadata
  if (precondition !== undefined && resourceVersion !== precondition) throw preconditionFailed(precondition, resourceVersion)
  return live
}

/** Goes by what a GET shows of state and power, and by nothing else. */
function refusal(context: Context, target: Target, name: string, { requires }: Action, object: Resource): Refusal | undefined {
  const { kind } = target.surface
  const called = `${kind.secaKind} "${target.name}"`
  const { state, powerState } = statusOf(kind, object, context.now)
  if (state !== 'active') return new Refusal('WrongState', `${called} is ${String(state)}: ${name} needs it to be active`)
  if (powerState === requires) return undefined
  return new Refusal('WrongState', `${called} is ${String(powerState)} already: ${name} needs it to be ${requires}`)
}
