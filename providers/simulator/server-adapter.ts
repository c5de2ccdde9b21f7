import type { Instance } from '../../src/kinds/index.ts'
import { adapterOf } from '../../src/provider/adapter.ts'
import type { Accepted, CallContext, Desired, Observed, Other, ResourceAdapter } from '../../src/provider/contract.ts'
import { isTagKey, tagKey } from '../../src/provider/tags.ts'
import type { CloudObject, SimulatorClient } from './client.ts'
import { nicsOf, portOf, serverWithPorts } from './parts.ts'

type D = typeof Instance

const NIC_PATHS: ReadonlySet<string> = new Set(['primaryNicRef', 'additionalNicRefs'])
const isOfNics = (path: string) => NIC_PATHS.has(path)

/** What differs between the ports of a server and the NICs that its instance names. */
interface Difference {
  readonly missing: readonly Other[]
  /** Ids of ports that no NIC of the instance stands for. */
  readonly surplus: readonly string[]
}

/** Instances where ports are parts of servers: each is made, and goes, in calls of its server, under the key of its NIC. */
export class ServerAdapter implements ResourceAdapter<D> {
  readonly #client: SimulatorClient
  readonly #server: ResourceAdapter<D>

  constructor(client: SimulatorClient) {
    this.#client = client
    this.#server = adapterOf(client, {
      ...serverWithPorts,
      initial: (desired) => ({
        ...serverWithPorts.initial?.(desired),
        ports: nicsOf(desired).map((nic) => this.#client.portBody(nic, desired.installationKey, portOf(nic))),
      }),
    })
  }

  async observe(desired: Desired<D>, context: CallContext): Promise<Observed<D> | undefined> {
    const seen = await this.#server.observe(desired, context)
    if (seen?.externalId === undefined || !seen.drift.some(isOfNics)) return seen
    const { missing, surplus } = await this.#compare(desired, seen.externalId, context)
    const others = seen.drift.filter((path) => !isOfNics(path))
    const isFirst =
      missing.some((nic) => nic === desired.targets['primaryNicRef']) || (surplus.length > 0 && !desired.spec.additionalNicRefs)
    const ofNics = missing.length + surplus.length === 0 ? [] : [isFirst ? 'primaryNicRef' : 'additionalNicRefs']
    return { ...seen, drift: [...ofNics, ...others] }
  }

  async create(desired: Desired<D>, context: CallContext): Promise<Accepted> {
    return this.#server.create(desired, context)
  }

  async update(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<Accepted | void> {
    const others = seen.drift.filter((path) => !isOfNics(path))
    if (others.length === seen.drift.length) return this.#server.update?.(desired, seen, context)
    const server = seen.externalId ?? ''
    const { missing, surplus } = await this.#compare(desired, server, context)
    const place = { type: 'ports', parent: server }
    const [first] = surplus
    if (first !== undefined) return this.#client.delete(place, first, context)
    const [nic] = missing
    if (nic !== undefined) return void (await this.#client.addPort(server, nic, desired.installationKey, portOf(nic), context))
    return others.length === 0 ? undefined : this.#server.update?.(desired, { ...seen, drift: others }, context)
  }

  delete(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<Accepted | void> {
    return this.#server.delete(desired, seen, context)
  }

  async #compare(desired: Desired<D>, server: string, context: CallContext): Promise<Difference> {
    const ports = await this.#client.portsOf(server, context)
    const nics = nicsOf(desired)
    const wanted = new Set(nics.map((nic) => nic.tagKey))
    const there = new Map(ports.map((port) => [keyOf(port), port.id]))
    return {
      missing: nics.filter((nic) => !there.has(nic.tagKey)),
      surplus: ports.filter((port) => !wanted.has(keyOf(port))).map(({ id }) => id),
    }
  }
}

/** The key of the NIC that a port stands for, whether the port has that or its tag by now. */
function keyOf({ key, tag }: CloudObject): string {
  return key ?? (isTagKey(tag) ? tag : tagKey(tag))
}
