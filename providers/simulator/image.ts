import type { Image } from '../../src/kinds/index.ts'
import { idAt, pathText } from '../../src/provider/targets.ts'
import type { Translation } from '../../src/provider/translation.ts'
import type { CloudObject } from './client.ts'

const ARCHITECTURES = { amd64: 'x86_64', arm64: 'aarch64' } as const
const FIRMWARE = { UEFI: 'uefi', BIOS: 'bios' } as const
const INITIALIZERS = { none: 'none', 'cloudinit-22': 'cloud-init' } as const

const reverse = <T extends string>(words: Readonly<Record<T, string>>, otherwise: T) => {
  const back = Object.fromEntries(Object.entries(words).map(([seca, cloud]) => [cloud, seca])) as Readonly<Record<string, T>>
  return (word: unknown): T => back[String(word)] ?? otherwise
}
export const architectureOf = reverse(ARCHITECTURES, 'amd64')
export const firmwareOf = reverse(FIRMWARE, 'UEFI')
export const initializerOf = reverse(INITIALIZERS, 'none')

export const image: Translation<typeof Image, CloudObject> = {
  type: 'templates',
  wants: {
    blockStorageRef: {
      fields: (desired) => ({ source_volume: idAt(desired, 'blockStorageRef') }),
      notes: (desired) => ({ source: pathText(desired, 'blockStorageRef') }),
      // Kept by name: a volume that was made anew under the same name must not overwrite the image. Of one that was taken over, the id tells.
      isMet: (template, desired, notes) => {
        const source = pathText(desired, 'blockStorageRef')
        const isTaken = notes['source'] === undefined && template['source_volume'] === idAt(desired, 'blockStorageRef')
        return source === undefined || notes['source'] === source || isTaken
      },
    },
    cpuArchitecture: { fields: ({ spec }) => ({ arch: ARCHITECTURES[spec.cpuArchitecture] }) },
    boot: { fields: ({ spec }) => ({ firmware: FIRMWARE[spec.boot] }) },
    initializer: { fields: ({ spec }) => ({ init: INITIALIZERS[spec.initializer] }) },
  },
  status: (template) => (Number(template['size_mb']) >= 1 ? { sizeMB: Number(template['size_mb']) } : {}),
}
