import type { Projects } from '../identity/projects.ts'
import type { Session } from '../identity/session.ts'
import type { Part } from '../part.ts'
import { ImageClient } from './client.ts'
import { image } from './image.ts'

/** Kinds that live in Glance. */
export function imagePart(session: Session, projects: Projects): Part & { readonly client: ImageClient } {
  return { client: new ImageClient(session, projects), translations: { Image: image } }
}
