import { expect, test } from 'vitest'
import { skuFor } from './known.ts'
import { TARGET } from './testing.ts'

test.each([
  ['InstanceSku', 'vCPU=2&ram=4', { name: 'small', isThere: true }],
  ['InstanceSku', 'vCPU=2&ram=8', undefined],
  ['NetworkSku', 'any', { name: 'n1k', isThere: true }],
  ['NetworkSku', 'name=n1k', { name: 'n1k', isThere: true }],
  ['NetworkSku', 'name=n9k', { name: 'n9k', isThere: false }],
  ['StorageSku', 'name=fast&iops=7', undefined],
])('%s with %s', (kind, id, found) => {
  expect(skuFor(TARGET.skus, kind, id)).toEqual(found)
})
