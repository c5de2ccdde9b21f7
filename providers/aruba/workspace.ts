import type { Workspace } from '../../src/kinds/index.ts'
import type { Desired } from '../../src/provider/contract.ts'
import type { Translation } from '../../src/provider/translation.ts'
import type { Native } from './native.ts'

export const workspace: Translation<typeof Workspace, Native> = {
  type: 'projects',
  capability: { note: 'a project' },
  initial: ({ path }) => ({ default: false, description: `SECA workspace ${path.tenant}/${path.name}` }),
  wants: {},
}

/** The workspace's project, which everything in the workspace is in. */
export function projectOf(desired: Pick<Desired, 'workspace'>): string | undefined {
  return desired.workspace?.externalId
}
