import type { Share } from '../kube/queue.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Lookup } from '../resolve/lookup.ts'
import { cloudProviderOf, regionOf } from '../resolve/region.ts'
import { accountOf, secretOf, specOf } from './accounts.ts'
import type { Controller } from './controller.ts'

const NOBODYS: Share = { account: '', tenant: '' }

/** Whose work a queue key is (`Kind|namespace/name`): the account whose cloud is asked for it. What asks no cloud waits for none. */
export function shareOf(lookup: Lookup, controllers: ReadonlyMap<string, Controller>): (id: string) => Share {
  /** A CloudProvider may name a thousand Secrets. */
  const accounts = new WeakMap<Resource, Map<string, string>>()
  const accountFor = (object: Resource, tenant: string): string => {
    const known = accounts.get(object) ?? new Map<string, string>()
    accounts.set(object, known)
    const account = known.get(tenant) ?? accountOf(object, secretOf(specOf(object), tenant))
    known.set(tenant, account)
    return account
  }
  return (id) => {
    const at = id.indexOf('|')
    const kind = id.slice(0, at)
    const controller = controllers.get(kind)
    if (controller?.isAccount === true) return { account: id, tenant: '' }
    const object = controller === undefined || controller.kind.cloud === 'none' ? undefined : lookup.get(kind, id.slice(at + 1))
    if (controller === undefined || object === undefined) return NOBODYS
    const name = cloudProviderOf(lookup, regionOf(lookup, controller.kind, object))
    const cloudProvider = name === undefined ? undefined : lookup.get('CloudProvider', name)
    const tenant = lookup.scopeOf(object.metadata.namespace ?? '')?.tenant ?? ''
    return cloudProvider === undefined ? { account: '', tenant } : { account: accountFor(cloudProvider, tenant), tenant }
  }
}
