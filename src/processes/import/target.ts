import type { Known, Sku } from './known.ts'

/** Where the manifests are for, and what is there. */
export interface Target {
  readonly tenant: string
  readonly workspace: string
  /** Namespaces of tenant and workspace. */
  readonly home: string
  readonly space: string
  readonly region: string
  /** Zones here, and names of them by what the cloud calls them. */
  readonly availableZones: readonly string[]
  readonly zones: Readonly<Record<string, string>>
  readonly skus: readonly Sku[]
  readonly known: Known
  /** The namespace and the Workspace are there. */
  readonly isThere: boolean
  /** Only looked at, until somebody takes the annotation away. */
  readonly isObserved: boolean
}
