import type { SimulatorAdmin } from '../../providers/simulator/admin.ts'
import type { KubeClient } from '../../src/kube/client.ts'

/** What tests of the engine ask of a cloud, in the simulated cloud's words. What another cloud cannot do, it refuses. */
export type TestCloud = Pick<SimulatorAdmin, keyof SimulatorAdmin>

/** A cloud that is there already, and how the cluster is told of it, where it is. */
export interface OtherCloud {
  readonly cloud: TestCloud
  readonly cloudUrl: string
  provide?(client: KubeClient): Promise<void>
  /** Refuses connections, and takes them again: in the place of a simulated cloud that is killed and started. */
  away?(): Promise<void>
  back?(): Promise<void>
  stop?(): Promise<void>
}
