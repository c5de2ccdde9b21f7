import { rigOf } from '../../stand-in/testing.ts'
import type { DeskOptions } from '../../stand-in/counter.ts'
import { openDesk } from './counter.ts'
import { type Switches, switchesOf } from './switches.ts'

/** The stand-in in this process, on a clock that stands still until it is moved. */
export function rig(switches: Partial<Switches> = {}, latencyMs = 100, onReply: DeskOptions['onReply'] = () => undefined) {
  return rigOf((time) => openDesk({ latencyMs, switches: { ...switchesOf([]), ...switches }, ...time, onReply }))
}
