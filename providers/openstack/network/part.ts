import type { Part } from '../part.ts'
import type { Projects } from '../identity/projects.ts'
import type { Session } from '../identity/session.ts'
import { NetworkClient } from './client.ts'
import { networkIn } from './network.ts'

/** Kinds that live in Neutron. */
export function networkPart(session: Session, projects: Projects): Part {
  const client = new NetworkClient(session, projects, [])
  return { client, translations: { Network: networkIn(session.settings) } }
}
