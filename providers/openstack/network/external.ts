import type { CallContext } from '../../../src/provider/contract.ts'
import { ProviderError } from '../../../src/provider/errors.ts'
import type { Session } from '../identity/session.ts'
import { type Native, textOf } from '../native.ts'

/** The network that internet gateways and public IPs are in: the one of the settings, or the only one there is. Looked up once. */
export class ExternalNetwork {
  readonly #session: Session
  #id: Promise<string> | undefined

  constructor(session: Session) {
    this.#session = session
  }

  id(context: CallContext): Promise<string> {
    this.#id ??= this.#look(context)
    this.#id.catch(() => (this.#id = undefined))
    return this.#id
  }

  async #look(context: CallContext): Promise<string> {
    const call = { method: 'GET', path: '/networks', query: { 'router:external': true } } as const
    const { networks } = await this.#session.call<{ networks: readonly Native[] }>(
      'network',
      call,
      context,
      await this.#session.outlook(context),
    )
    const { externalNetwork: wanted } = this.#session.settings
    const found = wanted === undefined ? networks : networks.filter((one) => one.id === wanted || textOf(one, 'name') === wanted)
    const [network, another] = found
    if (network !== undefined && another === undefined) return network.id
    const names = networks.map((one) => textOf(one, 'name')).join(', ') || 'none'
    throw new ProviderError(
      'rejected',
      `the cloud's external networks are: ${names}. Name one in settings.externalNetwork of the CloudProvider`,
    )
  }
}
