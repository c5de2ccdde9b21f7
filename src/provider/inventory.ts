import type { KindDefinition } from '../kinds/kind.ts'
import type { CallContext, InventoryItem, Json, Swept } from './contract.ts'
import { ProviderError } from './errors.ts'
import { handleFor, INCARNATION_NOTE } from './notes.ts'
import { isTagKey } from './tags.ts'
import type { CloudClient, Facts, Translation } from './translation.ts'

type Translations<O> = Readonly<Record<string, Pick<Translation<KindDefinition, O>, 'type'>>>

/**
 * All objects of an installation, or of all of them, kind by kind, as a client lists them. A kind that these credentials may not list ends
 * the first: what is missing there would look gone. Who else is there is told by the others.
 */
export async function* inventoryOf<O>(
  client: CloudClient<O>,
  translations: Translations<O>,
  installation: string | undefined,
  context: CallContext,
): AsyncGenerator<InventoryItem> {
  for (const [kind, { type }] of Object.entries(translations)) {
    const listed = client.list(type, installation, context)
    for await (const object of installation === undefined ? asFarAsAllowed(listed) : listed) {
      const facts = client.facts(object)
      const incarnation = facts.incarnation ?? facts.notes?.[INCARNATION_NOTE]
      const handle = handleFor({}, { parent: facts.parent })
      const busy = facts.isGoing ? 'being deleted' : facts.busy
      yield {
        kind,
        externalId: facts.id,
        ...markOf(facts),
        ...(incarnation === undefined ? {} : { incarnation }),
        ...(facts.installationKey === undefined ? {} : { installationKey: facts.installationKey }),
        ...(handle === undefined ? {} : { handle }),
        ...(busy === undefined ? {} : { busy }),
        ...(facts.usedBy === undefined ? {} : { usedBy: facts.usedBy }),
      }
    }
  }
}

async function* asFarAsAllowed<O>(objects: AsyncIterable<O>): AsyncGenerator<O> {
  try {
    yield* objects
  } catch (error) {
    if (!(error instanceof ProviderError && ['rejected', 'unsupported'].includes(error.failure))) throw error
  }
}

/** The same of one kind, with the objects themselves. */
export async function* sweepOf<O>(
  client: CloudClient<O>,
  translations: Translations<O>,
  kind: string,
  installation: string,
  context: CallContext,
): AsyncGenerator<Swept> {
  const translation = translations[kind]
  if (translation === undefined) return
  for await (const object of client.list(translation.type, installation, context)) {
    const facts = client.facts(object)
    yield { externalId: facts.id, ...markOf(facts), found: object as Json }
  }
}

function markOf({ tag }: Facts): Pick<InventoryItem, 'tag' | 'tagKey'> {
  return isTagKey(tag) ? { tagKey: tag } : { tag }
}
