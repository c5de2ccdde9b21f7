import type { CallContext, Unmanaged } from '../../../src/provider/contract.ts'
import { leftOut, settled } from '../../../src/provider/unmanaged.ts'
import type { Session } from '../identity/session.ts'
import type { ImageClient } from '../image/client.ts'
import { architecture, firmware, initializer } from '../image/words.ts'
import { type Native, textOf } from '../native.ts'

/** Images of a project's own that carry no tag. Those that are offered to everybody are the catalogue's. */
export async function* imagesOf(client: ImageClient, session: Session, context: CallContext): AsyncGenerator<Unmanaged> {
  const owner = await session.projectId(context)
  for await (const image of client.pages({ owner }, undefined, context)) {
    const facts = client.facts(image)
    if (facts.tag !== '' || textOf(image, 'owner') !== owner || textOf(image, 'visibility') === 'public') continue
    const found = settled(facts, imageOf(image))
    if (found !== undefined) yield found
  }
}

/** Glance does not keep which volume an image was made of. */
export function imageOf(image: Native): Unmanaged {
  const base = { kind: 'Image', externalId: image.id, name: textOf(image, 'name') || `image-${image.id.slice(0, 8)}` } as const
  // Nova's image of a server that boots from a volume is a list of snapshots: nothing that a volume could be filled from.
  if (textOf(image, 'block_device_mapping') !== '' && !(Number(image['size']) > 0))
    return leftOut(base, 'it names snapshots of volumes and holds nothing itself: make a volume of its snapshot, and an image of that')
  return {
    ...base,
    spec: {
      cpuArchitecture: architecture.from(image['architecture']),
      boot: firmware.from(image['hw_firmware_type']),
      initializer: initializer.from(image['seca_initializer']),
    },
  }
}
