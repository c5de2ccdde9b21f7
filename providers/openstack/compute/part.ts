import type { ResourceAdapter } from '../../../src/provider/contract.ts'
import type { Projects } from '../identity/projects.ts'
import type { Session } from '../identity/session.ts'
import type { NetworkClient } from '../network/client.ts'
import type { Part } from '../part.ts'
import { ServerClient } from './client.ts'
import { instance } from './instance.ts'
import { ServerAdapter } from './server-adapter.ts'

/** Kinds that live in Nova. */
export function computePart(session: Session, projects: Projects, network: NetworkClient): Part & { readonly client: ServerClient } {
  const client = new ServerClient(session, projects, network)
  return {
    client,
    translations: { Instance: instance },
    adapters: { Instance: new ServerAdapter(session, client) as unknown as ResourceAdapter },
    abilities: { Instance: { lookup: 'key' } },
    hasLabels: true,
  }
}
