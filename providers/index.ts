import type { Provider } from '../src/provider/contract.ts'
import { simulator } from './simulator/index.ts'

/** All adapters, by `CloudProvider.spec.type`. */
export const PROVIDERS: readonly Provider[] = [simulator as unknown as Provider]
