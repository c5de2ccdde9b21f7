import type { BlockStorage } from '../../src/kinds/index.ts'
import { idAt, pathText, skuNumber, targetAt } from '../../src/provider/targets.ts'
import type { Translation } from '../../src/provider/translation.ts'
import type { CloudObject } from './client.ts'
import { told } from './told.ts'
import { projectOf } from './workspace.ts'

export const blockStorage: Translation<typeof BlockStorage, CloudObject> = {
  type: 'volumes',
  initial: projectOf,
  wants: {
    sizeGB: { fields: ({ spec }) => ({ size_gb: spec.sizeGB }) },
    skuRef: {
      ...told({ iops: (desired) => skuNumber(desired, 'skuRef', 'iops'), media: (desired) => targetAt(desired, 'skuRef')?.spec['type'] }),
      isFixed: true,
    },
    sourceImageRef: {
      fields: (desired) => ({ source_template: idAt(desired, 'sourceImageRef') }),
      notes: (desired) => ({ source: pathText(desired, 'sourceImageRef') }),
      // Kept by name: an image that was made anew under the same name does not call for another filling.
      isMet: (_volume, desired, notes) => {
        const source = pathText(desired, 'sourceImageRef')
        return source === undefined || notes['source'] === source
      },
      isFixed: true,
    },
  },
  status: (volume) => ({ sizeGB: Number(volume['size_gb']) }),
}
