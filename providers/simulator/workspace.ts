import type { Workspace } from '../../src/kinds/index.ts'
import type { Desired } from '../../src/provider/contract.ts'
import type { Fields, Translation } from '../../src/provider/translation.ts'
import type { CloudObject } from './client.ts'

export const workspace: Translation<typeof Workspace, CloudObject> = {
  type: 'projects',
  capability: { note: 'a project' },
  wants: {},
}

/** The workspace's project; every object in a workspace belongs to it. */
export function projectOf(desired: Desired): Fields {
  return { project: desired.workspace?.externalId }
}
