import type { Unmanaged } from '../../../src/provider/contract.ts'
import { toId, toSku } from '../../../src/provider/unmanaged.ts'
import type { CloudObject } from '../client.ts'
import { architectureOf, firmwareOf, initializerOf } from '../image.ts'
import { type Account, base } from './account.ts'

export const projectOf = (project: CloudObject, account: Account): Unmanaged => ({ ...base('Workspace', project, account), spec: {} })

export const volumeOf = (volume: CloudObject, account: Account): Unmanaged => ({
  ...base('BlockStorage', volume, account),
  spec: {
    sizeGB: Number(volume['size_gb']),
    skuRef: toSku('StorageSku', { iops: volume['iops'] as number, type: volume['media'] as string }),
  },
})

export const templateOf = (template: CloudObject, account: Account): Unmanaged => ({
  ...base('Image', template, account),
  spec: {
    ...(typeof template['source_volume'] === 'string' ? { blockStorageRef: toId('BlockStorage', template['source_volume']) } : {}),
    cpuArchitecture: architectureOf(template['arch']),
    boot: firmwareOf(template['firmware']),
    initializer: initializerOf(template['init']),
  },
})
