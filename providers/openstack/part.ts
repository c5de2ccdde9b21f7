import type { KindDefinition } from '../../src/kinds/kind.ts'
import type { Capability, ResourceAdapter } from '../../src/provider/contract.ts'
import type { CloudClient, Translation } from '../../src/provider/translation.ts'
import type { Native } from './native.ts'

/** What one service of the cloud has of our kinds. */
export interface Part {
  readonly client: CloudClient<Native>
  readonly translations: Readonly<Record<string, Translation<KindDefinition, Native>>>
  /** Adapters that do more than the translation says, by kind. */
  readonly adapters?: Readonly<Record<string, ResourceAdapter>>
  /** Objects hold labels. */
  readonly hasLabels?: boolean
  /** Where the translation does not tell all of it, by kind. */
  readonly abilities?: Readonly<Record<string, Partial<Capability>>>
}
