import type { Image } from '../../../src/kinds/index.ts'
import { idAt, pathText, targetAt } from '../../../src/provider/targets.ts'
import type { Translation } from '../../../src/provider/translation.ts'
import type { Native } from '../native.ts'
import { architecture, firmware, initializer } from './words.ts'

const MIB = 1024 * 1024

/** Owned by the project of the volume that it is made of. */
export const image: Translation<typeof Image, Native> = {
  type: 'images',
  capability: { ignores: ['labels'], note: 'an image of its volume, which must not be attached while it is made' },
  parent: (desired) => targetAt(desired, 'blockStorageRef')?.workspace?.externalId,
  initial: (desired) => ({ volume: idAt(desired, 'blockStorageRef') }),
  wants: {
    blockStorageRef: {
      notes: (desired) => ({ source: pathText(desired, 'blockStorageRef') }),
      // Kept by name: a volume that was made anew under the same name must not overwrite the image. What was found by its tag alone has no note.
      isMet: (_image, desired, notes) => {
        const source = pathText(desired, 'blockStorageRef')
        return source === undefined || notes['source'] === undefined || notes['source'] === source
      },
      isFixed: true,
    },
    cpuArchitecture: { fields: ({ spec }) => ({ architecture: architecture.of(spec.cpuArchitecture) }) },
    boot: { fields: ({ spec }) => ({ hw_firmware_type: firmware.of(spec.boot) }) },
    initializer: { fields: ({ spec }) => ({ seca_initializer: initializer.of(spec.initializer) }) },
  },
  status: ({ size }) => (typeof size === 'number' && size > 0 ? { sizeMB: Math.ceil(size / MIB) } : {}),
}
