import type { Provider } from '../src/provider/contract.ts'
import { openstack } from './openstack/index.ts'
import { simulator } from './simulator/index.ts'

/** All adapters, by `CloudProvider.spec.type`. */
export const PROVIDERS: readonly Provider[] = [simulator, openstack] as unknown as readonly Provider[]
