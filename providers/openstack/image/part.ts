import { TAG_PATH } from '../../../src/provider/capability.ts'
import type { Projects } from '../identity/projects.ts'
import type { Session } from '../identity/session.ts'
import type { Native } from '../native.ts'
import type { Part } from '../part.ts'
import { ImageClient } from './client.ts'
import { image } from './image.ts'
import { lackingOf, Sharing } from './sharing.ts'

/** Kinds that live in Glance. */
export function imagePart(session: Session, projects: Projects): Part & { readonly client: ImageClient; readonly sharing: Sharing } {
  const sharing = new Sharing(session, projects)
  // Who lacks it gets it along with the mark.
  const shared = { ...image, wants: { ...image.wants, [TAG_PATH]: { isMet: (found: Native) => lackingOf(found).length === 0 } } }
  return { client: new ImageClient(session, projects, sharing), sharing, translations: { Image: projects.isOwn ? shared : image } }
}
