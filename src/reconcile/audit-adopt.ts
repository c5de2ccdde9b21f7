import type { Resource } from '../kinds/resource.ts'
import { buildTag, tagKey } from '../provider/tags.ts'
import type { Lookup } from '../resolve/lookup.ts'
import type { Finding } from './audit.ts'
import { pathOf, urnOf } from './path.ts'

/** A resource that is to be made anew for a cloud object that has none. */
export interface Adoption {
  readonly finding: Finding
  /** Without what only the cluster writes. */
  readonly manifest: Pick<Resource, 'apiVersion' | 'kind' | 'spec'> & { readonly metadata: Partial<Resource['metadata']> }
}

/**
 * Which manifests are those of leaked cloud objects: a tag says where an object belongs and not what it should be like, so the manifest
 * has to come from whoever wrote it. Made in the same place the resource has the same tag, and takes the object over without a create.
 */
export function adoptionsOf(
  lookup: Lookup,
  installation: string,
  proven: readonly Finding[],
  manifests: readonly Pick<Resource, 'apiVersion' | 'kind' | 'metadata' | 'spec'>[],
): Adoption[] {
  const leaked = new Map(proven.filter(({ finding }) => finding === 'leaked').map((finding) => [finding.tag, finding]))
  const adoptions = new Map<string, Adoption>()
  for (const { apiVersion, kind: name, metadata, spec } of manifests) {
    const kind = lookup.kindNamed(name)
    if (kind === undefined || kind.apiVersion !== apiVersion || kind.cloud === 'none') continue
    const path = pathOf(lookup, kind, { apiVersion, kind: name, metadata, spec })
    if (path === undefined) continue
    const tag = buildTag({ installation, region: path.region, path: urnOf(lookup, kind, path) })
    const finding = leaked.get(tag) ?? leaked.get(tagKey(tag))
    if (finding === undefined || adoptions.has(tag)) continue
    const { name: called, namespace, labels, annotations } = metadata
    const kept = { name: called, namespace, labels, annotations }
    const known = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined))
    adoptions.set(tag, { finding, manifest: { apiVersion, kind: name, metadata: known, spec } })
  }
  return [...adoptions.values()]
}
