import type { BlockStorage } from '../../src/kinds/index.ts'
import { idOf, pathText, projectOf, skuNumber, type Translation } from './adapter.ts'

export const blockStorage: Translation<typeof BlockStorage> = {
  type: 'volumes',
  capability: { updates: ['sizeGB'] },
  initial: (desired) => ({
    ...projectOf(desired),
    iops: skuNumber(desired, desired.spec.skuRef, 'iops'),
    media: desired.target(desired.spec.skuRef)?.spec['type'],
  }),
  wants(desired) {
    const { sizeGB, sourceImageRef } = desired.spec
    const source = sourceImageRef && pathText(desired, sourceImageRef)
    return {
      sizeGB: { fields: { size_gb: sizeGB } },
      // Kept by name: an image that was made anew under the same name does not call for another filling.
      ...(source === undefined
        ? {}
        : {
            sourceImageRef: {
              fields: { source_template: idOf(desired, sourceImageRef), metadata: { source } },
              isMet: (object) => object.metadata['source'] === source,
              fixed: 'a volume is filled once, when it is made; make a new one',
            },
          }),
    }
  },
  status: (object) => ({ sizeGB: Number(object['size_gb']) }),
}
