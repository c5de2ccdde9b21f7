import type { Workspace } from '../../src/kinds/index.ts'
import type { Desired } from '../../src/provider/contract.ts'
import type { Translation } from '../../src/provider/translation.ts'
import type { Native } from './native.ts'

export const workspace: Translation<typeof Workspace, Native> = {
  type: 'datacenters',
  capability: { note: 'a virtual data center; deleted only when nothing at all is in it' },
  initial: ({ region }) => ({ location: region }),
  wants: {},
}

/** Id of the data center. */
export const centerOf = ({ workspace: one }: Pick<Desired, 'workspace'>): string | undefined => one?.externalId
