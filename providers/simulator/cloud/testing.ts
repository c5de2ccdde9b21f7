import { rigOf } from '../../stand-in/testing.ts'
import { type CharacterName, switchesOf } from './characters.ts'
import { openDesk } from './counter.ts'

/** A cloud of some characters in this process, on a clock that stands still until it is moved. For tests. */
export function rig(characters: readonly CharacterName[] = [], latencyMs = 0, stateDir?: string) {
  return rigOf((time) =>
    openDesk({ latencyMs, switches: switchesOf(characters), ...time, ...(stateDir === undefined ? {} : { stateDir }) }),
  )
}
