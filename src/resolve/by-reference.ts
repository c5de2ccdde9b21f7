import type { Reference, ReferenceRule } from '../kinds/ref.ts'

/** Values by reference and field, so that each is looked at once. The same words mean something else in another field, so those count apart. */
export class ByReference<T> {
  readonly #values = new Map<ReferenceRule, Map<string, T>>()

  get(rule: ReferenceRule, reference: Reference): T | undefined {
    return this.#values.get(rule)?.get(canonical(reference))
  }

  /** Keeps the value and answers it. */
  set(rule: ReferenceRule, reference: Reference, value: T): T {
    let values = this.#values.get(rule)
    if (values === undefined) this.#values.set(rule, (values = new Map()))
    values.set(canonical(reference), value)
    return value
  }
}

/** The same text for equal references, in whatever order their fields come. */
function canonical({ resource, provider, tenant, workspace, region }: Reference): string {
  return JSON.stringify([resource, provider, tenant, workspace, region])
}
