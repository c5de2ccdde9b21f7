import { isFinalized } from '../../kinds/kind.ts'
import { API_FIELD_MANAGER, FINALIZER, KEPT } from '../../kinds/names.ts'
import type { Resource } from '../../kinds/resource.ts'
import { type Input, invalid } from '../input/input.ts'
import { objectName, type Target } from '../path/target.ts'
import { inParameter, Refusal } from '../problem.ts'
import { stored, type Strings } from '../../resolve/labels.ts'
import { refOf } from '../render/metadata.ts'
import { creatorMark } from './creator.ts'
import { guarded } from './guarded.ts'
import { checkPlace } from './place.ts'
import type { Put } from './writing.ts'

/** Longest `metadata.ref` (contract §3). */
const MAX_REF = 255

/** Creates the object where its path says, once everything that it names is there. */
export async function create(writing: Put, input: Input): Promise<Resource> {
  const { context, target, caller, signal } = writing
  const { kind } = target.surface
  const namespace = await checkPlace(context, target, signal)
  const candidate = candidateOf(target, namespace, input, creatorMark(target, caller))
  const issues = [...(await guarded(writing, candidate, undefined)), ...(await writing.references.issues(candidate, undefined))]
  if (issues.length > 0) throw invalid(issues)
  return context.client.create<Resource>(kind.gvr, namespace, candidate, signal, { fieldManager: API_FIELD_MANAGER })
}

/** Names and parents together may pass what `metadata.ref` can hold (contract §3). */
function checkLength(target: Target): void {
  if (refOf(target).length <= MAX_REF) return
  throw new Refusal('ValidationFailed', `with its parents, the name is too long: metadata.ref would have more than ${MAX_REF} characters`, {
    sources: [inParameter('name', '/metadata/name')],
  })
}

/** The object as it would be created; `mark`: annotations of ours. */
function candidateOf(target: Target, namespace: string | undefined, input: Input, mark: Strings): Resource {
  const { kind } = target.surface
  checkLength(target)
  const { labels, annotations, kept } = stored(input)
  const notes = { ...annotations, ...(kept === undefined ? {} : { [KEPT]: kept }), ...mark }
  const metadata = {
    name: objectName(target),
    ...(namespace === undefined ? {} : { namespace }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(notes).length === 0 ? {} : { annotations: notes }),
    // It may be deleted before the controllers have seen it, and they still have to hear of that; and it spares them a write.
    ...(isFinalized(kind) ? { finalizers: [FINALIZER] } : {}),
  }
  return {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata,
    spec: { ...input.spec, ...placement(target) },
    ...(Object.keys(input.extensions).length === 0 ? {} : { extensions: input.extensions }),
  } as unknown as Resource
}

/** What the path says of the object, where the object itself must say it: region and parent. */
function placement({ surface, region, parent }: Target): Readonly<Record<string, string>> {
  const { kind } = surface
  return {
    ...('region' in kind.kubeSpec.shape ? { region } : {}),
    ...(kind.parent === undefined || parent === undefined ? {} : { [kind.parent.field]: parent }),
  }
}
