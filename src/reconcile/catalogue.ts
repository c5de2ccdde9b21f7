import { isDeepStrictEqual } from 'node:util'
import { asError } from '../errors.ts'
import { kindNamed, KINDS } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import { CATALOGUE_LABEL, DRIFT_POLICY, EXTERNAL_ID, FIELD_MANAGER } from '../kinds/names.ts'
import { NO_VOLUME } from '../kinds/naming.ts'
import type { Resource } from '../kinds/resource.ts'
import type { KubeClient } from '../kube/client.ts'
import { isNotFound } from '../kube/errors.ts'
import type { CallContext, Offer } from '../provider/contract.ts'
import type { Lookup } from '../resolve/lookup.ts'
import { keyOf } from '../resolve/names.ts'
import { boundTo } from '../resolve/region.ts'
import { specOf } from './accounts.ts'
import type { Connections } from './connections.ts'

interface CatalogueOptions {
  readonly client: Pick<KubeClient, 'apply' | 'delete'>
  readonly lookup: Lookup
  readonly connections: Pick<Connections, 'get'>
}

/** An object of the catalogue as it should be. */
interface Listed {
  readonly kind: Kind
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels: Labels; readonly annotations?: Labels }
  readonly spec: Readonly<Record<string, unknown>>
}
type Labels = Readonly<Record<string, string>>

const OFFERED = KINDS.filter(({ isOffered }) => isOffered)
/** More than any cloud offers: what goes on for longer than this is no catalogue. */
const LIMIT = 5_000

/**
 * Keeps up what the cloud of a region offers, as its CloudProvider's `catalogue` says: SKUs, and images in one tenant's namespace, which refer
 * to the cloud's own and are only looked at. Objects that others made are left alone, so a mapping by hand wins. What is offered no more goes,
 * which harms nobody: SKUs and images count for creation alone (architecture §4 "Deletion"). Answers what went wrong; nothing is deleted then.
 */
export async function keepCatalogue(options: CatalogueOptions, region: Resource, context: CallContext): Promise<string | undefined> {
  const { lookup, connections } = options
  const cloudProvider = lookup.get('CloudProvider', boundTo(region) ?? '')
  const { skus = false, imagesTenant } = (cloudProvider && specOf(cloudProvider).catalogue) ?? {}
  const isGoing = region.metadata.deletionTimestamp !== undefined
  if (isGoing || (!skus && imagesTenant === undefined)) return withdraw(options, region, [], context)
  const namespace = imagesTenant === undefined ? undefined : lookup.namespaceOf({ tenant: imagesTenant })
  if (imagesTenant !== undefined && namespace === undefined)
    return `spec.catalogue.imagesTenant: no namespace stands for tenant "${imagesTenant}"`
  try {
    const { connection } = await connections.get(region.metadata.name, imagesTenant ?? '', context)
    if (connection.catalogue === undefined) return 'this provider cannot tell what its cloud offers: write SKUs and images by hand'
    const wanted: Listed[] = []
    for await (const offer of connection.catalogue(context)) {
      if (wanted.length >= LIMIT) return `the cloud offers more than ${LIMIT} things`
      if (offer.kind === 'Image' ? namespace !== undefined : skus) wanted.push(listed(offer, region.metadata.name, namespace))
    }
    const taken = await offer(options, region, wanted, context)
    return (await withdraw(options, region, wanted, context)) ?? taken
  } catch (error) {
    context.signal.throwIfAborted()
    return `the catalogue could not be kept up: ${asError(error).message}`
  }
}

function listed({ kind, name, spec, labels = {}, externalId }: Offer, region: string, namespace: string | undefined): Listed {
  const marked = { ...labels, [CATALOGUE_LABEL]: region }
  const isImage = kind === 'Image'
  return {
    kind: kindNamed(kind) as Kind,
    metadata: {
      name: isImage ? name : `${region}.${name}`,
      ...(isImage && namespace !== undefined ? { namespace } : {}),
      labels: marked,
      ...(isImage ? { annotations: { [EXTERNAL_ID]: externalId ?? '', [DRIFT_POLICY]: 'Observe' } } : {}),
    },
    spec: { ...(isImage ? { blockStorageRef: { resource: NO_VOLUME } } : {}), ...spec, region },
  }
}

/** Makes and changes what differs; answers what others have the names of. */
async function offer({ client, lookup }: CatalogueOptions, region: Resource, wanted: readonly Listed[], { signal }: CallContext) {
  const taken: string[] = []
  for (const { kind, metadata, spec } of wanted) {
    const known = lookup.get(kind.kind, keyOf(metadata.namespace, metadata.name))
    if (known !== undefined && !isOf(known, region)) taken.push(`${kind.kind} "${metadata.name}"`)
    else if (known === undefined || !isAsListed(known, { kind, metadata, spec }))
      await client.apply(
        kind.gvr,
        { apiVersion: kind.apiVersion, kind: kind.kind, metadata, spec } as never,
        { fieldManager: FIELD_MANAGER, force: true },
        signal,
      )
  }
  // SKUs by hand are a mapping, and meant; an image of that name is something else.
  const images = taken.filter((one) => one.startsWith('Image'))
  return images.length === 0 ? undefined : `${images.join(', ')}: not of this region's catalogue, and left alone`
}

async function withdraw({ client, lookup }: CatalogueOptions, region: Resource, wanted: readonly Listed[], { signal }: CallContext) {
  const kept = new Set(wanted.map(({ kind, metadata }) => `${kind.kind}|${keyOf(metadata.namespace, metadata.name)}`))
  for (const { kind, gvr } of OFFERED)
    for (const { metadata } of lookup.all(kind)) {
      const isGoing = metadata.deletionTimestamp !== undefined || !isOf({ metadata }, region)
      if (isGoing || kept.has(`${kind}|${keyOf(metadata.namespace, metadata.name)}`)) continue
      await client.delete(gvr, metadata.namespace, metadata.name, { uid: metadata.uid }, signal).catch(unlessGone)
    }
  return undefined
}

function unlessGone(error: unknown): void {
  if (!isNotFound(error)) throw error
}

const isOf = ({ metadata }: Pick<Resource, 'metadata'>, region: Resource): boolean =>
  metadata.labels?.[CATALOGUE_LABEL] === region.metadata.name

/** Whether everything that is listed is there; what others added stays. */
function isAsListed(known: Resource, { metadata, spec }: Listed): boolean {
  const has = (all: object | undefined, some: object = {}) =>
    Object.entries(some).every(([key, value]) => isDeepStrictEqual((all as Record<string, unknown> | undefined)?.[key], value))
  return has(known.spec, spec) && has(known.metadata.labels, metadata.labels) && has(known.metadata.annotations, metadata.annotations)
}
