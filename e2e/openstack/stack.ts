import { type Stack, startStack } from '../support/harness.ts'
import { provide, type Provided } from './provide.ts'

/** These tests look at the cloud by its own API. */
export const NO_SIMULATOR = { cloud: undefined as never, cloudUrl: '' }

/** Back-ends of tests are done at once: nothing is to be waited for. */
const SETTINGS = { settleMs: 1_000 }

export interface OpenStackStack extends Pick<Stack, 'client' | 'kubeconfig' | 'healthUrl' | 'restart' | 'kill' | 'logs' | 'stop'> {
  /** Makes the account, a region bound to it, and the SKUs of the examples. */
  provide(account: Provided): Promise<void>
}

/** The controllers on an OpenStack that is provided; `isIdle`: neither is started nor provided yet. */
export async function startOpenStackStack(
  options: { readonly isIdle: true } | (Provided & { readonly flags?: readonly string[] }),
): Promise<OpenStackStack> {
  const flags = 'flags' in options ? { flags: options.flags } : {}
  const stack = await startStack({ cloudOf: NO_SIMULATOR, isBare: true, isIdle: true, ...flags })
  const provideTo = (account: Provided) => provide(stack.client, { ...account, settings: { ...SETTINGS, ...account.settings } })
  if (!('isIdle' in options)) {
    await provideTo(options)
    await stack.restart('controllers')
  }
  return { ...stack, provide: provideTo }
}
