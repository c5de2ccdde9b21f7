import type { SimulatorAdmin } from '../../providers/simulator/admin.ts'

/** What tests of the engine ask of a cloud, in the simulated cloud's words. What another cloud cannot do, it refuses. */
export type TestCloud = Pick<SimulatorAdmin, keyof SimulatorAdmin>
