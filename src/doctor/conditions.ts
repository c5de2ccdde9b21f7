/** Conditions as Kubernetes and this operator write them. */
export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
  readonly observedGeneration?: number | undefined
}

export interface Conditioned {
  readonly status?: { readonly conditions?: readonly Condition[] | undefined }
}

export const conditionOf = ({ status }: Conditioned, type: string): Condition | undefined =>
  status?.conditions?.find((condition) => condition.type === type)

/** `Rejected: the cloud will not have it` */
export const words = (condition: Condition | undefined): string =>
  condition === undefined
    ? 'nothing is said'
    : [condition.reason, condition.message].filter((text) => text !== undefined && text !== '').join(': ')

/** `3 min`, `2 h`, `12 days` */
export function span(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (minutes < 1) return `${Math.max(0, Math.round(ms / 1_000))} s`
  if (minutes < 120) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 72 ? `${hours} h` : `${Math.round(hours / 24)} days`
}
