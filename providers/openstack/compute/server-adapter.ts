import type { Instance } from '../../../src/kinds/index.ts'
import { adapterOf } from '../../../src/provider/adapter.ts'
import type { Accepted, CallContext, Desired, Observed, ResourceAdapter } from '../../../src/provider/contract.ts'
import { ProviderError } from '../../../src/provider/errors.ts'
import { withSteps } from '../../../src/provider/steps.ts'
import { idAt, knownIds, skuNumber, targetAt } from '../../../src/provider/targets.ts'
import type { Fields } from '../../../src/provider/translation.ts'
import type { Session } from '../identity/session.ts'
import { projectOf } from '../identity/workspace.ts'
import { Lately, OFFERS_MS } from '../lately.ts'
import { type Native, textOf } from '../native.ts'
import type { ServerClient } from './client.ts'
import { allFlavors, type Flavor, flavorFor } from './flavors.ts'
import { type Difference, instance, nicDifference, volumeDifference } from './instance.ts'
import { keepingPower } from './power.ts'
import { ensureGroup, leaveGroup } from './server-groups.ts'

type D = typeof Instance

/** Servers, with what is attached to them: one volume or port in a call. */
export class ServerAdapter implements ResourceAdapter<D> {
  readonly #session: Session
  readonly #client: ServerClient
  readonly #below: ResourceAdapter<D>
  readonly #flavors = new Lately<readonly Flavor[]>(OFFERS_MS)

  constructor(session: Session, client: ServerClient) {
    this.#session = session
    this.#client = client
    const nics = (desired: Desired<D>, seen: Observed<D>, context: CallContext) => this.#setNics(desired, seen, context)
    this.#below = withSteps(adapterOf(client, instance), {
      dataVolumes: (desired, seen, context) => this.#setVolumes(desired, seen, context),
      primaryNicRef: nics,
      additionalNicRefs: nics,
    })
  }

  async observe(desired: Desired<D>, context: CallContext): Promise<Observed<D> | undefined> {
    const seen = await this.#below.observe(desired, context)
    return seen && keepingPower(seen, desired.handle)
  }

  async create(desired: Desired<D>, context: CallContext): Promise<Accepted> {
    const fields = await this.#fields(desired, context)
    return adapterOf(this.#client, { ...instance, initial: () => fields }).create(desired, context)
  }

  async update(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<Accepted | void> {
    return this.#below.update?.(desired, seen, context)
  }

  async delete(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<Accepted | void> {
    const group = desired.spec.antiAffinityGroup
    if (group) await leaveGroup(this.#client, desired, group, seen.externalId ?? '', context)
    return this.#below.delete(desired, seen, context)
  }

  async #fields(desired: Desired<D>, context: CallContext): Promise<Fields> {
    const boot = idAt(desired, 'bootVolume.deviceRef')
    if (boot === undefined) throw new ProviderError('waiting', 'its boot volume is not in the cloud yet')
    const sku = {
      name: targetAt(desired, 'skuRef')?.path.name ?? '',
      vCPU: skuNumber(desired, 'skuRef', 'vCPU') ?? 1,
      ram: skuNumber(desired, 'skuRef', 'ram') ?? 1,
    }
    await this.#makeBootable(boot, projectOf(desired), context)
    const project = projectOf(desired)
    const ask = () => allFlavors(this.#session, context, project)
    const flavor = await this.#flavors.made(project ?? '', ask, (all) => flavorFor(sku, all, this.#session.settings.flavors))
    const device = (uuid: string, index: number) => ({
      uuid,
      source_type: 'volume',
      destination_type: 'volume',
      boot_index: index === 0 ? 0 : -1,
      delete_on_termination: false,
    })
    const ports = [idAt(desired, 'primaryNicRef') ?? [], knownIds(desired, 'additionalNicRefs[]')].flat()
    const group = desired.spec.antiAffinityGroup
    return {
      flavorRef: flavor.id,
      block_device_mapping_v2: [boot, ...knownIds(desired, 'dataVolumes[].deviceRef')].map(device),
      networks: ports.length === 0 ? 'none' : ports.map((port) => ({ port })),
      ...(group ? { hints: { group: await ensureGroup(this.#client, desired, group, context) } } : {}),
    }
  }

  /** Cinder calls bootable what was filled from an image; the user says what to boot from. */
  async #makeBootable(id: string, project: string | undefined, context: CallContext): Promise<void> {
    const path = `/volumes/${encodeURIComponent(id)}`
    const { volume } = await this.#session.call<{ volume: Native }>('volume', { method: 'GET', path }, context, project)
    if (textOf(volume, 'bootable') === 'true') return
    const body = { 'os-set_bootable': { bootable: true } }
    await this.#session.call('volume', { method: 'POST', path: `${path}/action`, body }, context, project)
  }

  async #setVolumes(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<void> {
    const path = `/servers/${seen.externalId ?? ''}/os-volume_attachments`
    await this.#step(desired, seen, context, volumeDifference, path, (volumeId) => ({ volumeAttachment: { volumeId } }))
  }

  async #setNics(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<void> {
    const path = `/servers/${seen.externalId ?? ''}/os-interface`
    await this.#step(desired, seen, context, nicDifference, path, (port_id) => ({ interfaceAttachment: { port_id } }))
  }

  /** Detaches what is too much, then attaches what is missing: one of it, and the engine looks again. */
  async #step(
    desired: Desired<D>,
    seen: Observed<D>,
    context: CallContext,
    differenceOf: (server: NonNullable<Awaited<ReturnType<ServerClient['get']>>>, desired: Desired<D>) => Difference | undefined,
    path: string,
    body: (id: string) => object,
  ): Promise<void> {
    const place = { type: 'servers', parent: projectOf(desired) }
    const server = await this.#client.get(place, seen.externalId ?? '', context)
    const { missing = [], surplus = [] } = (server && differenceOf(server, desired)) ?? {}
    const [gone] = surplus
    const [wanted] = missing
    if (gone !== undefined) await this.#client.call({ method: 'DELETE', path: `${path}/${gone}` }, place, context)
    else if (wanted !== undefined) await this.#client.call({ method: 'POST', path, body: body(wanted) }, place, context)
  }
}
