import type { Resource } from '../../kinds/resource.ts'
import { lastModifiedAt, millis } from './state.ts'
import type { Surface } from '../path/surface.ts'
import type { Target } from '../path/target.ts'

/** SECA metadata of an object (contract §3); `verb` is the method of this very request. */
export function metadataOf(target: Target, object: Resource, verb: string): Readonly<Record<string, unknown>> {
  const { surface, tenant, workspace, parent, region } = target
  const { metadata } = object
  const name = metadata.name.slice(target.prefix.length)
  return {
    name,
    provider: surface.kind.api,
    resource: `${collectionPath(surface, parent)}/${name}`,
    verb,
    apiVersion: surface.version,
    kind: surface.kind.secaKind,
    ref: refOf(target, name),
    ...(tenant === undefined ? {} : { tenant }),
    ...(workspace === undefined ? {} : { workspace }),
    ...(surface.parent === undefined ? {} : { [surface.parent.parameter]: parent }),
    ...(surface.isRegional ? { region } : {}),
    ...(surface.hasHistory
      ? {
          createdAt: millis(metadata.creationTimestamp),
          lastModifiedAt: lastModifiedAt(object),
          resourceVersion: Number(metadata.resourceVersion),
          ...(metadata.deletionTimestamp === undefined ? {} : { deletedAt: millis(metadata.deletionTimestamp) }),
        }
      : {}),
  }
}

/** URN of a resource. */
export function refOf(target: Target, name = target.name ?? ''): string {
  return `${scopePath(target)}/${collectionPath(target.surface, target.parent)}/${name}`
}

/** Metadata of a page of a list. */
export function listMetadata({ surface, parent }: Target, skipToken: string | undefined): Readonly<Record<string, string>> {
  return {
    provider: surface.kind.api,
    resource: collectionPath(surface, parent),
    verb: 'GET',
    ...(skipToken === undefined ? {} : { skipToken }),
  }
}

/** `networks/n/subnets`: the path below the workspace, tenant or root. */
function collectionPath(surface: Surface, parent: string | undefined): string {
  return surface.parent === undefined
    ? surface.kind.collection
    : `${surface.parent.kind.collection}/${parent ?? ''}/${surface.kind.collection}`
}

/** `seca.network/v1/tenants/t/workspaces/w`: what a URN has before the collection. */
function scopePath({ surface, tenant, workspace }: Target): string {
  return [
    surface.kind.api,
    ...(tenant === undefined ? [] : ['tenants', tenant]),
    ...(workspace === undefined ? [] : ['workspaces', workspace]),
  ].join('/')
}
