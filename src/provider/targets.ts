import type { Desired, Other, Targets } from './contract.ts'

/** Where targets can be looked up: what is desired, or another object. */
interface HasTargets {
  readonly targets: Targets
  readonly spec: unknown
}

/** The object behind one reference of the spec, `skuRef` or `bootVolume.deviceRef`; undefined while it is not there. */
export function targetAt({ targets }: Pick<Desired, 'targets'>, path: string): Other | undefined {
  return targets[path]
}

/** Objects behind a list of references, in the order of the spec: `securityGroupRefs[]`, `dataVolumes[].deviceRef`. Those not there are undefined. */
export function targetsAt({ targets, spec }: HasTargets, path: string): readonly (Other | undefined)[] {
  const [list = '', rest = ''] = path.split('[]')
  const items = list.split('.').reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], spec)
  return Array.isArray(items) ? items.map((_item, index) => targets[`${list}[${index}]${rest}`]) : []
}

/** The cloud's id of what a reference names; undefined while it has none. */
export function idAt(desired: Pick<Desired, 'targets'>, path: string): string | undefined {
  return targetAt(desired, path)?.externalId
}

/**
 * Ids of a list of references: what is not there, or is going, is left out (architecture §4 "Deletion"). Undefined while one of them is
 * still being made: then the field is left alone, or what stands for it now would be lost for a while.
 */
export function idsAt(desired: HasTargets, path: string): readonly string[] | undefined {
  const found = targetsAt(desired, path).filter((target) => target !== undefined)
  const ids = found.flatMap(({ externalId }) => externalId ?? [])
  return ids.length === found.length ? ids : undefined
}

/** A number of the SKU behind a reference. */
export function skuNumber(desired: Pick<Desired, 'targets'>, path: string, key: string): number | undefined {
  const value = targetAt(desired, path)?.spec[key]
  return typeof value === 'number' ? value : undefined
}

/** `tenant/workspace/name` of what a reference names: the same for an object that was made anew under that name. */
export function pathText(desired: Pick<Desired, 'targets'>, path: string): string | undefined {
  const target = targetAt(desired, path)?.path
  return target && [target.tenant, target.workspace, target.name].filter((part) => part !== undefined).join('/')
}

/** Ids of a list of references that are there already, for a creation that the others join later. */
export function knownIds(desired: HasTargets, path: string): readonly string[] {
  return targetsAt(desired, path).flatMap((target) => target?.externalId ?? [])
}
