import type { Provider } from '../src/provider/contract.ts'
import { aruba } from './aruba/index.ts'
import { ionos } from './ionos/index.ts'
import { openstack } from './openstack/index.ts'
import { simulator } from './simulator/index.ts'

/** All adapters, by `CloudProvider.spec.type`. */
export const PROVIDERS: readonly Provider[] = [simulator, openstack, ionos, aruba] as unknown as readonly Provider[]
