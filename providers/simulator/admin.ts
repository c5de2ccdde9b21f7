import { StandInAdmin } from '../stand-in/admin.ts'
import type { Order, Switches } from './cloud/characters.ts'

export type { InventoryEntry, Mutation } from '../stand-in/admin.ts'

/** Client of the simulator's `/admin`. */
export class SimulatorAdmin extends StandInAdmin<Order, Switches> {}
