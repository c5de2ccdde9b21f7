import { Refusal } from '../stand-in/model.ts'
import { bearerOf, type DoorOptions, type Enter, type StandIn, startStandIn } from '../stand-in/server.ts'
import type { DeskOptions } from '../stand-in/counter.ts'
import type { Switches } from './cloud/characters.ts'
import { openDesk } from './cloud/counter.ts'

/** Starts the simulated cloud; resolves when it takes requests. */
export function startSimulator(options: DoorOptions & Omit<DeskOptions<Switches>, 'onTokens'>): Promise<StandIn> {
  return startStandIn(options, enter, (more) => openDesk({ ...options, ...more }))
}

const enter: Enter = ({ path: [entrance, ...path], headers }, isToken) => {
  if (entrance !== 'v1') throw new Refusal(404, 'not_found', 'this cloud answers below /v1')
  if (!isToken(bearerOf(headers))) throw new Refusal(401, 'unauthorized', 'the token is not valid')
  return path
}
