import type { CommonStatus } from './common.ts'
import type { KindDefinition, OwnStatus, Spec } from './kind.ts'

/** The part of `metav1.ObjectMeta` that is read here. */
export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly uid: string
  readonly resourceVersion: string
  readonly generation: number
  readonly creationTimestamp: string
  readonly deletionTimestamp?: string
  readonly finalizers?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

/** A custom resource of ours as the apiserver stores it. */
export interface Resource<D extends KindDefinition = KindDefinition> {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly spec: Spec<D>
  readonly status?: Partial<CommonStatus> & Partial<OwnStatus<D>>
  readonly extensions?: Readonly<Record<string, string>>
}
