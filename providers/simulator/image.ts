import type { Image } from '../../src/kinds/index.ts'
import { idAt } from '../../src/provider/targets.ts'
import { pathText, type Translation } from './adapter.ts'

const ARCHITECTURES = { amd64: 'x86_64', arm64: 'aarch64' } as const
const FIRMWARE = { UEFI: 'uefi', BIOS: 'bios' } as const
const INITIALIZERS = { none: 'none', 'cloudinit-22': 'cloud-init' } as const

export const image: Translation<typeof Image> = {
  type: 'templates',
  capability: { updates: ['blockStorageRef', 'cpuArchitecture', 'boot', 'initializer'] },
  wants(desired) {
    const { cpuArchitecture, boot, initializer } = desired.spec
    const source = pathText(desired, 'blockStorageRef')
    return {
      blockStorageRef: {
        fields: { source_volume: idAt(desired, 'blockStorageRef'), metadata: source === undefined ? undefined : { source } },
        // Kept by name: a volume that was made anew under the same name must not overwrite the image.
        isMet: (object) => source === undefined || object.metadata['source'] === source,
      },
      cpuArchitecture: { fields: { arch: ARCHITECTURES[cpuArchitecture] } },
      boot: { fields: { firmware: FIRMWARE[boot] } },
      initializer: { fields: { init: INITIALIZERS[initializer] } },
    }
  },
  status: (object) => ({ sizeMB: Number(object['size_mb']) }),
}
