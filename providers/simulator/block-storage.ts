import type { BlockStorage } from '../../src/kinds/index.ts'
import { idAt, targetAt } from '../../src/provider/targets.ts'
import { pathText, projectOf, skuNumber, type Translation } from './adapter.ts'

export const blockStorage: Translation<typeof BlockStorage> = {
  type: 'volumes',
  capability: { updates: ['sizeGB'] },
  initial: (desired) => ({
    ...projectOf(desired),
    iops: skuNumber(desired, 'skuRef', 'iops'),
    media: targetAt(desired, 'skuRef')?.spec['type'],
  }),
  wants(desired) {
    const { sizeGB } = desired.spec
    const source = pathText(desired, 'sourceImageRef')
    return {
      sizeGB: { fields: { size_gb: sizeGB } },
      // Kept by name: an image that was made anew under the same name does not call for another filling.
      ...(source === undefined
        ? {}
        : {
            sourceImageRef: {
              fields: { source_template: idAt(desired, 'sourceImageRef'), metadata: { source } },
              isMet: (object) => object.metadata['source'] === source,
              fixed: 'a volume is filled once, when it is made; make a new one',
            },
          }),
    }
  },
  status: (object) => ({ sizeGB: Number(object['size_gb']) }),
}
