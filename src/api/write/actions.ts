import { RESTART_REQUESTED } from '../../kinds/names.ts'
import type { Resource } from '../../kinds/resource.ts'
import { isConflict, isNotFound } from '../../kube/errors.ts'
import { Answer } from '../contract.ts'
import type { Json } from '../render/envelope.ts'
import { Refusal } from '../problem.ts'
import { announce, type Writing } from './put.ts'
import { nextToken, shown } from '../render/state.ts'
import { patch } from './update.ts'
import { notFound, parsePrecondition, preconditionFailed, readLive, required } from './version.ts'

interface Action {
  /** Power that the resource must have. */
  readonly requires: 'on' | 'off'
  readonly changes: (object: Resource, now: number) => Json
}

/** POST actions by name (SECA.md §6.6). */
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
  const { context, target, signal } = writing
  const action = ACTIONS[name]
  if (action === undefined) throw new Refusal('NotFound', `there is no action "${name}"`)
  const precondition = parsePrecondition(request.headers)
  for (let tries = 1; ; tries++) {
    const object = await required(context, target, precondition, signal)
    check(writing, name, action, object)
    try {
      await announce(writing, await patch(context, target, object, action.changes(object, context.now()), signal))
      return new Answer(null, { status: 202, headers: { 'cache-control': 'no-store' } })
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error
      const live = await readLive(context, target, signal)
      if (live === undefined) throw notFound(target)
      if (precondition !== undefined) throw preconditionFailed(precondition, live.metadata.resourceVersion)
      if (tries === TRIES) throw error
    }
  }
}

function check({ context, target }: Writing, name: string, { requires }: Action, object: Resource): void {
  const called = `${target.surface.kind.secaKind} "${target.name}"`
  const { state } = shown(object, context.now)
  if (state !== 'active') throw new Refusal('WrongState', `${called} is ${state}: ${name} needs it to be active`)
  const power = (object.status as { powerState?: string } | undefined)?.powerState ?? 'off'
  if (power !== requires) throw new Refusal('WrongState', `${called} is ${power} already: ${name} needs it to be ${requires}`)
}
