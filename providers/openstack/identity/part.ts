import type { ResourceAdapter } from '../../../src/provider/contract.ts'
import type { Sharing } from '../image/sharing.ts'
import type { Part } from '../part.ts'
import { ProjectClient } from './client.ts'
import type { Session } from './session.ts'
import { ProjectAdapter, workspace } from './workspace.ts'

/** Where each workspace has a project of its own. */
export function projectPart(session: Session, sharing: Sharing): Part {
  const client = new ProjectClient(session)
  return {
    client,
    translations: { Workspace: workspace },
    adapters: { Workspace: new ProjectAdapter(session, client, sharing) as ResourceAdapter },
    // Names are unique in a domain, and made of the tag.
    abilities: { Workspace: { create: 'idempotent', lookup: 'key' } },
  }
}
