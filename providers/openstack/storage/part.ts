import type { ResourceAdapter } from '../../../src/provider/contract.ts'
import type { Projects } from '../identity/projects.ts'
import type { Session } from '../identity/session.ts'
import type { Sharing } from '../image/sharing.ts'
import type { Part } from '../part.ts'
import { blockStorage, VolumeAdapter } from './block-storage.ts'
import { VolumeClient } from './client.ts'

/** Kinds that live in Cinder. */
export function storagePart(session: Session, projects: Projects, sharing: Sharing): Part & { readonly client: VolumeClient } {
  const client = new VolumeClient(session, projects)
  return {
    client,
    translations: { BlockStorage: blockStorage },
    adapters: { BlockStorage: new VolumeAdapter(session, client, sharing) as unknown as ResourceAdapter },
    hasLabels: true,
  }
}
