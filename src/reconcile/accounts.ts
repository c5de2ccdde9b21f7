import type { Resource } from '../kinds/resource.ts'
import { type Budget, createBudget, type Rate } from '../provider/budget.ts'
import { type Breaker, createBreaker } from './breaker.ts'

/** Spec of a CloudProvider, as far as accounts and connections need it. */
export interface CloudProviderSpec {
  readonly type: string
  readonly credentialsSecretRef: { readonly name: string }
  readonly tenantCredentials?: readonly { readonly tenant: string; readonly name: string }[]
  readonly settings?: Record<string, unknown>
  readonly requestsPerSecond?: number
  readonly burst?: number
  readonly catalogue?: { readonly skus?: boolean; readonly imagesTenant?: string }
  readonly adoption?: { readonly tenants?: readonly string[] }
}

export const specOf = (cloudProvider: Resource): CloudProviderSpec => cloudProvider.spec as unknown as CloudProviderSpec

/** Name of the Secret that a tenant's calls are made with. */
export function secretOf({ tenantCredentials, credentialsSecretRef }: CloudProviderSpec, tenant: string): string {
  return tenantCredentials?.find((one) => one.tenant === tenant)?.name ?? credentialsSecretRef.name
}

/** CloudProvider and Secret: whose calls share a budget, a breaker and a part of the work queue. */
export function accountOf({ metadata }: Resource, secret: string): string {
  return `${metadata.uid}/${secret}`
}

interface Account {
  readonly budget: Budget
  readonly breaker: Breaker
}

/** Requests per second to one cloud account when its CloudProvider does not say. */
const DEFAULT_RATE = 20

/** What is known of cloud accounts for as long as the process lives: connections are renewed, a budget that was used up stays used up. */
export class Accounts {
  readonly #now: () => number
  readonly #isShared: boolean
  readonly #accounts = new Map<string, Account & { rate: Rate }>()

  /** `now`: monotonic milliseconds. `isShared`: other processes may have worked for an account before, and used its budget. */
  constructor(now: () => number, isShared = false) {
    this.#now = now
    this.#isShared = isShared
  }

  /** Another process may have used the budgets of a CloudProvider just now. */
  begin(object: Resource): void {
    const start = accountOf(object, '')
    for (const [id, { budget }] of this.#accounts) if (id.startsWith(start)) budget.empty()
  }

  /** The account behind a Secret of a CloudProvider, with the budget that the CloudProvider gives it now. */
  of(object: Resource, secret: string): Account {
    const { requestsPerSecond = DEFAULT_RATE, burst = requestsPerSecond } = specOf(object)
    const rate = { requestsPerSecond, burst }
    const id = accountOf(object, secret)
    const known = this.#accounts.get(id)
    if (known === undefined) {
      const breaker = createBreaker({ account: `the cloud of CloudProvider "${object.metadata.name}"`, now: this.#now })
      const made = { rate, budget: createBudget({ ...rate, now: this.#now }), breaker }
      if (this.#isShared) made.budget.empty()
      this.#accounts.set(id, made)
      return made
    }
    if (known.rate.requestsPerSecond !== requestsPerSecond || known.rate.burst !== burst) {
      known.rate = rate
      known.budget.set(rate)
    }
    return known
  }
}
