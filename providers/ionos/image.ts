import type { Image } from '../../src/kinds/index.ts'
import type { Desired } from '../../src/provider/contract.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import { idAt, pathText } from '../../src/provider/targets.ts'
import type { Translation } from '../../src/provider/translation.ts'
import type { Native } from './native.ts'

const sourceOf = (desired: Pick<Desired, 'targets'>) => ({ source: pathText(desired, 'blockStorageRef') })

export const image: Translation<typeof Image, Native> = {
  type: 'snapshots',
  capability: {
    ignores: ['initializer', 'boot'],
    note: 'a snapshot, for amd64; it boots as its source does, and what is in it is not looked at',
  },
  parent: (desired) => idAt(desired, 'blockStorageRef'),
  initial({ spec }) {
    if (spec.cpuArchitecture !== 'amd64')
      throw new ProviderError('unsupported', `${spec.cpuArchitecture}: this cloud has snapshots for amd64 alone`)
    return {}
  },
  wants: {
    blockStorageRef: {
      notes: sourceOf,
      // Not known where the answer to its creation was lost.
      isMet: (_snapshot, desired, { source }) => source === undefined || source === sourceOf(desired).source,
      isFixed: true,
    },
    cpuArchitecture: { isMet: (_snapshot, { spec }) => spec.cpuArchitecture === 'amd64', isFixed: true },
  },
  status: ({ properties }) => ({ sizeMB: Math.max(1, Number(properties['size']) * 1_024) }),
}
