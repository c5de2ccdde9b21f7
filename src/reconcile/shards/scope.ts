import type { Resource } from '../../kinds/resource.ts'
import type { Lookup } from '../../resolve/lookup.ts'
import { boundTo, regionOf, workspaceOf } from '../../resolve/region.ts'
import type { Controller } from '../controller.ts'

/** What decides who works on a queue key: the account itself, the region that it is in, or neither: then it is the leader's. */
export type Scope = { readonly account: string } | { readonly region: string } | 'leader'

type ScopeOf = (controller: Controller, object: Resource) => Scope

/** Scope of an object, by where the stores have it now. */
export function scopeOfObject(lookup: Lookup, controllers: ReadonlyMap<string, Controller>): ScopeOf {
  /** Kinds that are bound to an account themselves: regions. */
  const bound = new Set<string>()
  for (const { kind } of controllers.values())
    if (kind.uses?.some((use) => controllers.get(use.kind)?.isAccount === true) === true) bound.add(kind.kind)
  return ({ kind, isAccount }, object) => {
    if (isAccount === true) return { account: object.metadata.name }
    if (bound.has(kind.kind)) return { region: object.metadata.name }
    const isHomeless = kind.scope === 'workspace' && workspaceOf(lookup, object) === undefined
    return kind.cloud === 'none' || isHomeless ? 'leader' : { region: regionOf(lookup, kind, object) }
  }
}

/** Scope of a queue key (`Kind|namespace/name`); undefined: there is no such object. */
export function scopeOf(lookup: Lookup, controllers: ReadonlyMap<string, Controller>): (id: string) => Scope | undefined {
  const ofObject = scopeOfObject(lookup, controllers)
  return (id) => {
    const at = id.indexOf('|')
    const controller = controllers.get(id.slice(0, at))
    const object = controller && lookup.get(controller.kind.kind, id.slice(at + 1))
    return controller === undefined || object === undefined ? undefined : ofObject(controller, object)
  }
}

/** Names of the CloudProviders that there are. */
export function accountsOf(lookup: Lookup, controllers: ReadonlyMap<string, Controller>): ReadonlySet<string> {
  const kinds = [...controllers.values()].filter(({ isAccount }) => isAccount === true)
  return new Set(kinds.flatMap(({ kind }) => [...lookup.all(kind.kind)].map(({ metadata }) => metadata.name)))
}

/** Regions that name one of them. */
export function bindingsOf(lookup: Lookup, accounts: ReadonlySet<string>): ReadonlyMap<string, string> {
  const bindings = [...lookup.all('Region')].map((region) => [region.metadata.name, boundTo(region) ?? ''] as const)
  return new Map(bindings.filter(([, account]) => accounts.has(account)))
}
