import type { CallContext, Offer } from '../../src/provider/contract.ts'
import type { IonosClient } from './client.ts'
import { type Element } from './native.ts'

/** Cores and memory are free here; these sizes are offered where a location has room for them. */
const SIZES = [1, 2, 4, 8, 16, 32].flatMap((vCPU) => [2, 4, 8].map((perCore) => ({ vCPU, ram: vCPU * perCore })))
/** The API tells no IOPS: what the documentation says of volumes of a usual size. */
const STORAGE = { hdd: 500, 'ssd-standard': 2_000, 'ssd-premium': 10_000 }

/** What a location offers, in SECA's words. */
export async function* catalogueOf(client: IonosClient, location: string, context: CallContext): AsyncGenerator<Offer> {
  const read = (path: string, query = {}) =>
    client.http.call<Element & { items?: readonly Element[] }>({ method: 'GET', path, query: { depth: 1, ...query } }, context)
  const { properties } = await read(`/locations/${location.split('/').map(encodeURIComponent).join('/')}`)
  const cpus = (properties?.['cpuArchitecture'] ?? []) as readonly { readonly maxCores?: number; readonly maxRam?: number }[]
  for (const { vCPU, ram } of SIZES)
    if (cpus.some(({ maxCores = 0, maxRam = 0 }) => vCPU <= maxCores && ram * 1_024 <= maxRam))
      yield { kind: 'InstanceSku', name: `c${vCPU}-r${ram}`, spec: { vCPU, ram } }
  for (const [name, iops] of Object.entries(STORAGE))
    yield { kind: 'StorageSku', name, spec: { iops, type: 'remote-durable', minVolumeSize: 1 } }
  const { items = [] } = await read('/images', { 'filter.location': location, 'filter.imageType': 'HDD', 'filter.public': true })
  const names = new Set<string>()
  for (const { id, properties: image = {} } of items) {
    const [alias] = (image['imageAliases'] ?? []) as readonly string[]
    // Filters find what contains a text: others are left out here.
    if (image['location'] !== location || image['public'] !== true || image['imageType'] !== 'HDD' || alias === undefined) continue
    const name = alias.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
    if (names.size === names.add(name).size) continue
    const initializer = image['cloudInit'] === 'V1' ? 'cloudinit-22' : 'none'
    yield { kind: 'Image', name, externalId: id, spec: { cpuArchitecture: 'amd64', boot: 'BIOS', initializer } }
  }
}
