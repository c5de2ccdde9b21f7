import type { Workspace } from '../../src/kinds/index.ts'
import type { Translation } from './adapter.ts'

export const workspace: Translation<typeof Workspace> = {
  type: 'projects',
  capability: { updates: [], note: 'a project' },
  wants: () => ({}),
}
