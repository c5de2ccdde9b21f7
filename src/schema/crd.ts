import { CommonStatus } from '../kinds/common.ts'
import { MAX_KEYS } from '../kinds/fields.ts'
import { KINDS } from '../kinds/index.ts'
import type { Column, Kind } from '../kinds/kind.ts'
import { type Structural, structural } from './structural.ts'

/** What the CRD of a kind looks like; plain data, ready for YAML or an apply. */
export interface Crd {
  readonly apiVersion: 'apiextensions.k8s.io/v1'
  readonly kind: 'CustomResourceDefinition'
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
  readonly spec: {
    readonly group: string
    readonly scope: 'Cluster' | 'Namespaced'
    readonly names: {
      readonly kind: string
      readonly listKind: string
      readonly plural: string
      readonly singular: string
      readonly shortNames?: readonly string[]
      readonly categories: readonly string[]
    }
    readonly versions: readonly CrdVersion[]
  }
}

interface CrdVersion {
  readonly name: string
  readonly served: true
  readonly storage: true
  readonly subresources?: { readonly status: Record<never, never> }
  readonly additionalPrinterColumns: readonly PrinterColumn[]
  readonly selectableFields?: readonly { readonly jsonPath: string }[]
  readonly schema: { readonly openAPIV3Schema: Structural }
}

interface PrinterColumn {
  readonly name: string
  readonly type: string
  readonly jsonPath: string
  readonly priority?: number
  readonly description?: string
}

const AGE: Column = { name: 'Age', path: '.metadata.creationTimestamp', type: 'date' }
const STATE: readonly Column[] = [
  { name: 'Ready', path: '.status.conditions[?(@.type=="Ready")].status' },
  { name: 'State', path: '.status.state' },
]
const WHY: readonly Column[] = [
  { name: 'Reason', path: '.status.conditions[?(@.type=="Ready")].reason', priority: 1 },
  { name: 'Message', path: '.status.conditions[?(@.type=="Ready")].message', priority: 1 },
]
const CLOUD: Column = { name: 'Cloud ID', path: '.status.externalId', priority: 1 }

/** Bounds of the extensions map: SECA names none, but etcd has one. */
const EXTENSIONS = { maxProperties: 128, maxLength: 8192 } as const

/** The CRD of a kind. */
export function crd(kind: Kind): Crd {
  const { group, version, resource } = kind.gvr
  const selectable = [...(kind.selectable ?? []), ...(kind.status ? ['.status.state'] : [])]
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${resource}.${group}`, labels: { 'app.kubernetes.io/part-of': 'seca-operator' } },
    spec: {
      group,
      scope: kind.gvr.namespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: resource,
        singular: kind.kind.toLowerCase(),
        ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
        categories: [kind.catalog ? 'seca-catalog' : 'seca'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          ...(kind.status ? { subresources: { status: {} } } : {}),
          additionalPrinterColumns: columns(kind).map(printerColumn),
          ...(selectable.length > 0 ? { selectableFields: selectable.map((jsonPath) => ({ jsonPath })) } : {}),
          schema: { openAPIV3Schema: objectSchema(kind) },
        },
      ],
    },
  }
}

/** The CRDs of all kinds, in the order of the registry. */
export function allCrds(): Crd[] {
  return KINDS.map(crd)
}

/** Schema of a whole object of a kind, as the CRD has it. */
export function objectSchema(kind: Kind): Structural {
  return {
    type: 'object',
    description: kind.description,
    properties: {
      // Declared so that the apiserver knows how long a name can be: rules that walk it would cost too much otherwise.
      metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 253 } } },
      spec: specSchema(kind),
      ...(kind.extensions !== false ? { extensions: extensions() } : {}),
      ...(kind.status ? { status: statusSchema(kind) } : {}),
    },
    ...(kind.optionalSpec ? {} : { required: ['spec'] }),
    ...(kind.rules ? { 'x-kubernetes-validations': kind.rules.map((rule) => ({ ...rule })) } : {}),
  }
}

/** The contract's fields and the Kubernetes-only ones, as one object. */
function specSchema(kind: Kind): Structural {
  const own = structural(kind.spec, `${kind.kind}.spec`)
  const kube = structural(kind.kubeSpec, `${kind.kind}.spec`)
  const required = [...(kube.required ?? []), ...(own.required ?? [])]
  const rules = [...(kube['x-kubernetes-validations'] ?? []), ...(own['x-kubernetes-validations'] ?? [])]
  const properties = { ...kube.properties, ...own.properties }
  return {
    type: 'object',
    description: 'What is wanted.',
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(required.length > 0 ? { required } : {}),
    // An object without a spec still gets one, so that rules which compare with the old spec always have it.
    ...(kind.optionalSpec ? { default: {} } : {}),
    ...(kind.freeSpec
      ? { 'x-kubernetes-preserve-unknown-fields': true as const, maxProperties: MAX_KEYS + Object.keys(kube.properties ?? {}).length }
      : {}),
    ...(rules.length > 0 ? { 'x-kubernetes-validations': rules } : {}),
  }
}

/** Common, own and Kubernetes-only status fields. Nothing is required; the default on the object itself makes status exist from the start (architecture §3). */
function statusSchema(kind: Kind): Structural {
  const common = structural(CommonStatus, `${kind.kind}.status`)
  const own = kind.status ? structural(kind.status, `${kind.kind}.status`) : {}
  const kube = kind.kubeStatus ? structural(kind.kubeStatus, `${kind.kind}.status`) : {}
  return {
    type: 'object',
    description: 'What is there, written by the operator.',
    default: { observedGeneration: -1 },
    properties: { ...common.properties, ...own.properties, ...kube.properties },
  }
}

function extensions(): Structural {
  return {
    type: 'object',
    description: 'SECA extensions of the object.',
    maxProperties: EXTENSIONS.maxProperties,
    additionalProperties: { type: 'string', maxLength: EXTENSIONS.maxLength },
  }
}

function columns(kind: Kind): Column[] {
  if (!kind.status) return [...kind.columns, AGE]
  return [...STATE, ...kind.columns, ...WHY, ...(kind.cloud === 'none' ? [] : [CLOUD]), AGE]
}

function printerColumn(column: Column): PrinterColumn {
  const { name, path, type, priority, description } = column
  return { name, type: type ?? 'string', jsonPath: path, ...(priority ? { priority } : {}), ...(description ? { description } : {}) }
}
