import type { Offer } from '../../src/provider/contract.ts'
import { FLAVORS, sizeOf } from './flavors.ts'
import type { Settings } from './settings.ts'

/** Templates by their codes, with the names that they go by elsewhere. The cloud lists them in words only (api.arubacloud.com/docs/metadata). */
const TEMPLATES: Readonly<Record<string, string>> = {
  'almalinux-8': 'alma8',
  'almalinux-9': 'alma9',
  'debian-11': 'DE11-001',
  'debian-12': 'DE12-001',
  'ubuntu-20.04': 'LU20-001',
  'ubuntu-22.04': 'LU22-001',
  'ubuntu-24.04': 'LU24-001',
  'opensuse-15.2': 'osuse15_2_x64_1_0',
  'windows-server-2019': 'WS19-001_W2K19_1_0',
  'windows-server-2022': 'WS22-001_W2K22_1_0',
}

/** What the cloud offers to everybody, in SECA's words. Nothing of it can be asked for, and speeds of networks and volumes are not published at all. */
export async function* catalogueOf({ iops }: Pick<Settings, 'iops'>): AsyncGenerator<Offer> {
  for (const flavor of FLAVORS) yield { kind: 'InstanceSku', name: flavor.toLowerCase(), spec: { ...sizeOf(flavor) } }
  for (const [type, speed] of Object.entries(iops))
    if (speed !== undefined)
      yield { kind: 'StorageSku', name: type.toLowerCase(), spec: { iops: speed, type: 'remote-durable', minVolumeSize: 1 } }
  for (const [name, externalId] of Object.entries(TEMPLATES)) {
    const initializer = name.startsWith('windows') ? 'none' : 'cloudinit-22'
    yield { kind: 'Image', name, externalId, spec: { cpuArchitecture: 'amd64', boot: 'UEFI', initializer } }
  }
}
