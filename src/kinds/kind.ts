import type * as z from 'zod'
import type { Guard } from './guards.ts'
import { mapFields, type ReferenceField, referenceFields, tenantFields } from './ref.ts'

/** A kubectl column: JSONPath as the apiserver reads it (KEP-53). `priority` 1 shows only with `-o wide`. */
export interface Column {
  readonly name: string
  readonly path: string
  readonly type?: 'string' | 'integer' | 'date' | 'boolean'
  readonly priority?: 0 | 1
  readonly description?: string
}

/** A CEL rule at the root of the object (sees `self.metadata.name`, `self.spec`). */
export interface RootRule {
  readonly rule: string
  readonly message: string
  /** JSON path that kubectl names, for example `.spec.network`. */
  readonly fieldPath?: string
  readonly optionalOldSelf?: boolean
}

/** One SECA kind, as data. Everything else about the kind is derived from this. */
export interface KindDefinition<
  S extends z.ZodObject = z.ZodObject,
  K extends z.ZodObject = z.ZodObject,
  T extends z.ZodObject = z.ZodObject,
> {
  /** PascalCase name: the schema's name in SECA, and the CRD's kind. */
  readonly kind: string
  /** SECA API id with version, `seca.storage/v1`; the operator's own kinds have `operator/v1alpha1`. */
  readonly api: string
  /** SECA collection, `block-storages`. */
  readonly collection: string
  /** `metadata.kind` on the wire, `block-storage` (contract §1). */
  readonly secaKind: string
  /** Where the object lives: cluster, tenant namespace or workspace namespace (architecture §2). */
  readonly scope: 'cluster' | 'tenant' | 'workspace'
  /** Kind in whose path this one is nested; `spec.<field>` names it and `metadata.name` is `<parent>.<name>`. */
  readonly parent?: { readonly kind: string; readonly field: string; readonly onDelete: 'block' | 'cascade' }
  /** What stands behind the object: always a cloud object, one where the provider has such a thing, or nothing. */
  readonly cloud: 'required' | 'optional' | 'none'
  /** Has a finalizer although nothing stands behind it in the cloud: its deletion concerns others. */
  readonly isGuarded?: true
  /** A cloud's own catalogue may hold it. */
  readonly isOffered?: true
  /** Objects that are about one workspace alone are deleted with it (contract §7.4). */
  readonly diesWithWorkspace?: true
  /** Offered by the provider, read-only for tenants: category `seca-catalog` instead of `seca`. */
  readonly catalog?: true
  /** The spec is a free map (Workspace): unknown fields are kept. */
  readonly freeSpec?: true
  /** The whole spec may be absent. */
  readonly optionalSpec?: true
  /** `false`: no `extensions` map (SECA gives regions neither labels nor extensions). */
  readonly extensions?: false
  readonly shortNames: readonly string[]
  readonly columns: readonly Column[]
  /** JSONPaths usable in field selectors besides metadata (KEP-4358), `.spec.network`. */
  readonly selectable?: readonly string[]
  readonly description: string
  /** The SECA contract's own spec fields. */
  readonly spec: S
  /** Spec fields that only Kubernetes users see: region, parent, power. Hidden from the SECA side. */
  readonly kubeSpec: K
  /** The kind's own status fields, besides the common ones; absent for kinds without status. */
  readonly status?: T
  /** Status fields that only Kubernetes users see. */
  readonly kubeStatus?: z.ZodObject
  /** Status fields that SECA requires in every answer (contract §5): what they say while the object's own status has none yet. */
  readonly initialStatus?: Readonly<Record<string, (spec: Readonly<Record<string, unknown>>) => unknown>>
  readonly rules?: readonly RootRule[]
  /** Rules on fields that need other objects or the catalogue of APIs; for both doors. */
  readonly guards?: readonly Guard[]
  /** Fields of the spec that hold the bare name of a cluster-scoped object, whose deletion waits for this one. */
  readonly uses?: readonly { readonly field: string; readonly kind: string }[]
  /** Objects that every tenant has without storing them, by name (architecture §6); nobody else may use the prefix of their names. */
  readonly builtIns?: { readonly prefix: string; readonly specs: ReadonlyMap<string, Readonly<Record<string, unknown>>> }
  /** System role on the new object that who creates it through the SECA API's direct door gets (contract §11.18). */
  readonly creatorRole?: string
  /** Field of the spec that lists the APIs with the URLs by which a client reaches them; rendered in answers where it is absent. */
  readonly apiList?: string
  /** POST actions of the SECA API. */
  readonly actions?: readonly string[]
}

/** Whether objects of a kind carry our finalizer: their end concerns a cloud, or others. Both doors and the controllers put it there. */
export function isFinalized({ cloud, isGuarded }: Pick<KindDefinition, 'cloud' | 'isGuarded'>): boolean {
  return cloud !== 'none' || isGuarded === true
}

/** Group, version, resource: what a Kubernetes path is made of. */
export interface GroupVersionResource {
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly kind: string
  readonly namespaced: boolean
}

/** A defined kind: the definition and what follows from it. */
export type Kind<D extends KindDefinition = KindDefinition> = D & {
  readonly gvr: GroupVersionResource
  /** `storage.secapi.cloud/v1` */
  readonly apiVersion: string
  /** Reference fields of the spec, with their rules. */
  readonly references: readonly ReferenceField[]
  /** Paths of the spec's fields that name tenants. */
  readonly tenantNames: readonly (readonly string[])[]
  /** Paths of the spec's fields that are maps. */
  readonly maps: readonly (readonly string[])[]
}

/** Makes a kind out of its definition; names follow architecture §1. */
export function defineKind<const S extends z.ZodObject, const K extends z.ZodObject, const T extends z.ZodObject>(
  definition: KindDefinition<S, K, T>,
): Kind<KindDefinition<S, K, T>> {
  const [provider = '', version = ''] = definition.api.split('/')
  const group = `${provider.replace(/^seca\./, '')}.secapi.cloud`
  const resource = `${definition.kind.toLowerCase()}s`
  const gvr = { group, version, resource, kind: definition.kind, namespaced: definition.scope !== 'cluster' }
  return Object.freeze({
    ...definition,
    gvr: Object.freeze(gvr),
    apiVersion: `${group}/${version}`,
    references: Object.freeze(referenceFields(definition.spec)),
    tenantNames: Object.freeze(tenantFields(definition.spec)),
    maps: Object.freeze(mapFields(definition.spec)),
  })
}

/** Output of an object schema; `z.object({})` counts as no fields, where zod says `Record<string, never>` (which forbids all). */
type Output<O extends z.ZodObject> = [keyof O['shape']] extends [never] ? Record<never, never> : z.output<O>

/** Spec of a kind as a manifest holds it: the contract's fields and the Kubernetes-only ones. */
export type Spec<D extends KindDefinition = KindDefinition> = Output<D['spec']> & Output<D['kubeSpec']>
/** The kind's own status fields. */
export type OwnStatus<D extends KindDefinition = KindDefinition> = Output<NonNullable<D['status']>>
