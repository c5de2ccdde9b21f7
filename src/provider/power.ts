import type { Instance } from '../kinds/index.ts'
import type { Desired } from './contract.ts'
import type { Actions } from './translation.ts'

type D = typeof Instance
type Power = 'on' | 'off'

/** Off unless asked for. */
export const wantedPower = ({ spec }: Pick<Desired<D>, 'spec'>): Power => spec.powerState ?? 'off'

/** Power and restarts of instances as actions: a request for a restart is answered by what its note holds. Clouds start what they build, whatever was asked for. */
export function powerActions<O>(powerOf: (server: O) => Power, next: Actions<D, O>['next']): Actions<D, O> {
  return {
    paths: ['powerState', 'restart'],
    drift: (server, desired, notes) => [
      ...(powerOf(server) === wantedPower(desired) ? [] : ['powerState']),
      ...(desired.restartRequest === undefined || notes['restart'] === desired.restartRequest ? [] : ['restart']),
    ],
    answered: ({ restartRequest }) => ({ restart: restartRequest }),
    next,
  }
}
