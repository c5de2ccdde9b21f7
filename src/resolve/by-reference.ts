import type { Reference, ReferenceRule } from '../kinds/ref.ts'

/** Values by reference and field, so that each is looked at once. The same words mean something else in another field, so those count apart. */
export class ByReference<T> {
  readonly #values = new Map<ReferenceRule, Map<string, T>>()

  has(rule: ReferenceRule, reference: Reference): boolean {
    return this.#values.get(rule)?.has(canonical(reference)) === true
  }

  /** The value that is kept, made when there is none. */
  of(rule: ReferenceRule, reference: Reference, make: () => T): T {
    let values = this.#values.get(rule)
    if (values === undefined) this.#values.set(rule, (values = new Map()))
    const key = canonical(reference)
    const known = values.get(key)
    if (known !== undefined) return known
    const value = make()
    values.set(key, value)
    return value
  }
}

/** The same text for equal references, in whatever order their fields come. Most are their resource alone. */
function canonical({ resource, provider, tenant, workspace, region }: Reference): string {
  const isAlone = provider === undefined && tenant === undefined && workspace === undefined && region === undefined
  if (isAlone && !resource.startsWith('[')) return resource
  return JSON.stringify([resource, provider, tenant, workspace, region])
}
