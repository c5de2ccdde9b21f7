import type { Ground } from '../../stand-in/ground.ts'
import type { CloudObject, Refusal } from '../../stand-in/model.ts'
import type { Switches } from './switches.ts'

/** The cloud, as its own rules look at it. */
export interface View extends Pick<Ground<Switches>, 'store' | 'time' | 'account' | 'switches' | 'find'> {
  /** What a URI names, in whatever case. */
  named(uri: string, type: string): CloudObject | undefined
  /** The server that uses an object. */
  serverOf(id: string): CloudObject | undefined
  /** Objects of a type that live in another one. */
  inside(type: string, field: string, id: unknown): readonly CloudObject[]
  unknownYet(uri: string): Refusal
  broken(): Refusal
}
