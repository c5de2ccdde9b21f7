import * as z from 'zod'
import { KINDS } from '../kinds/index.ts'
import type { GroupVersionResource, Kind } from '../kinds/kind.ts'
import { TENANT_LABEL } from '../kinds/names.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import { unknownFields } from './compare.ts'

/** Something wrong in a document: where, from its root, and what a person reads. */
export interface Problem {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** A kind that the configuration may declare, and what an object of it may say. */
interface Declarable {
  readonly gvr: GroupVersionResource
  readonly apiVersion: string
  readonly schema: z.ZodType
}

const text = z.record(z.string(), z.string())
const metadata = (isNamespaced: boolean) =>
  z.strictObject({
    name: z.string().min(1).max(253),
    ...(isNamespaced ? { namespace: z.string().min(1).max(63) } : {}),
    labels: text.optional(),
    annotations: text.optional(),
  })
/** Nobody's tenant lives there. */
const isSystem = (name: string): boolean => name === 'default' || name.startsWith('kube-')

const namespace = z.strictObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: metadata(false)
    .refine(
      ({ labels }) => labels?.[TENANT_LABEL] !== undefined,
      `has no label ${TENANT_LABEL}: only namespaces of tenants are declared here`,
    )
    .refine(({ name }) => !isSystem(name), 'is a namespace of Kubernetes itself, not of a tenant'),
})

function schemaOf({ spec, kubeSpec, gvr, extensions }: Kind): z.ZodType {
  return z.strictObject({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: metadata(gvr.namespaced),
    spec: spec.extend(kubeSpec.shape),
    ...(extensions === false ? {} : { extensions: text.optional() }),
  })
}

/** What an installation is made of; everything else belongs to tenants, and credentials are Secrets of whoever installs. In the order of need. */
export const DECLARABLE: readonly Declarable[] = [
  { gvr: KUBERNETES.Namespace, apiVersion: 'v1', schema: namespace },
  ...KINDS.filter(({ catalog, isOffered, kind }) => catalog || isOffered || kind === 'Role' || kind === 'RoleAssignment').map((kind) => ({
    gvr: kind.gvr,
    apiVersion: kind.apiVersion,
    schema: schemaOf(kind),
  })),
]

/** All that is wrong with a document of the file. */
export function problemsOf(content: unknown): readonly Problem[] {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return [{ path: [], message: 'is no object' }]
  const { apiVersion, kind } = content as { apiVersion?: unknown; kind?: unknown }
  const found = DECLARABLE.find(({ gvr }) => gvr.kind === kind)
  if (found === undefined) {
    const kinds = DECLARABLE.map(({ gvr }) => gvr.kind).join(', ')
    return [{ path: ['kind'], message: `${said(kind)} cannot be declared here, only ${kinds}: apply it with kubectl` }]
  }
  if (apiVersion !== found.apiVersion)
    return [{ path: ['apiVersion'], message: `of ${found.gvr.kind} is ${found.apiVersion}, not ${said(apiVersion)}` }]
  const result = found.schema.safeParse(content)
  if (!result.success)
    return result.error.issues.map((issue) => ({
      path: issue.path.map((step) => (typeof step === 'number' ? step : String(step))),
      message: issue.message,
    }))
  // The apiserver would drop them without a word.
  return unknownFields(content, result.data).map((path) => ({ path, message: 'is no field of this kind' }))
}

const said = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 80))
