import type { CallContext, Offer } from '../../src/provider/contract.ts'
import type { SimulatorClient } from './client.ts'
import { architectureOf, firmwareOf, initializerOf } from './image.ts'

/** What the cloud offers to everybody, in SECA's words. Speeds of ports say nothing of packets, so they are no SKUs. */
export async function* catalogueOf(client: SimulatorClient, context: CallContext): AsyncGenerator<Offer> {
  const { flavours, volume_types: types } = await client.catalogue(context)
  for (const { name, vcpus, ram_gb: ram } of flavours) yield { kind: 'InstanceSku', name, spec: { vCPU: vcpus, ram } }
  for (const { name, iops, media, min_size_gb: minVolumeSize } of types)
    yield { kind: 'StorageSku', name, spec: { iops, type: media, minVolumeSize } }
  for await (const { id, name, arch, firmware, init } of client.publicTemplates(context)) {
    const cpuArchitecture = architectureOf(arch)
    // One name, one image: those for another CPU say so.
    const full = cpuArchitecture === 'amd64' ? String(name) : `${String(name)}-${cpuArchitecture}`
    yield {
      kind: 'Image',
      name: full,
      externalId: id,
      spec: { cpuArchitecture, boot: firmwareOf(firmware), initializer: initializerOf(init) },
    }
  }
}
