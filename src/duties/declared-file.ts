import { createHash } from 'node:crypto'
import { parseAllDocuments } from 'yaml'
import { SecaError } from '../errors.ts'
import { KINDS } from '../kinds/index.ts'
import { TENANT_LABEL } from '../kinds/names.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import type { GroupVersionResource } from '../kube/gvr.ts'

/** An object that the installation's configuration declares. */
export interface Declared {
  readonly gvr: GroupVersionResource
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

/** What an installation is made of; everything else belongs to tenants. In the order in which one needs the other. */
export const DECLARABLE: readonly (GroupVersionResource & { readonly apiVersion: string })[] = [
  { ...KUBERNETES.Namespace, apiVersion: 'v1' },
  ...KINDS.filter(({ catalog, kind }) => catalog || kind === 'Role' || kind === 'RoleAssignment').map(({ gvr, apiVersion }) => ({
    ...gvr,
    apiVersion,
  })),
]

/** The objects of a file of YAML documents, in the order of applying. Throws `InvalidConfiguration`, which names the document, for the first that is wrong. */
export function parseDeclared(text: string): Declared[] {
  const found = parseAllDocuments(text).flatMap((document, index) => {
    const where = `document ${index + 1}`
    const [problem] = document.errors
    if (problem !== undefined) throw invalid(`${where}: ${problem.message.split('\n')[0]}`)
    const content = document.toJS() as Partial<Record<string, unknown>> | null
    return content === null || content === undefined ? [] : [checked(content, where)]
  })
  const seen = new Set<string>()
  for (const one of found) {
    if (seen.has(idOf(one))) throw invalid(`${idOf(one)} is declared twice`)
    seen.add(idOf(one))
  }
  const rank = ({ kind }: Declared) => DECLARABLE.findIndex((one) => one.kind === kind)
  return found.toSorted((a, b) => rank(a) - rank(b))
}

function checked(content: Partial<Record<string, unknown>>, where: string): Declared {
  const { apiVersion, kind, metadata } = content
  const gvr = DECLARABLE.find((one) => one.kind === kind)
  if (gvr === undefined)
    throw invalid(
      `${where}: kind ${JSON.stringify(kind)} is not among ${DECLARABLE.map((one) => one.kind).join(', ')}; apply it with kubectl`,
    )
  if (apiVersion !== gvr.apiVersion)
    throw invalid(`${where}: ${gvr.kind} has apiVersion ${gvr.apiVersion}, not ${JSON.stringify(apiVersion)}`)
  const { name, namespace } = (metadata ?? {}) as { name?: unknown; namespace?: unknown }
  if (typeof name !== 'string' || name === '') throw invalid(`${where}: ${gvr.kind} has no metadata.name`)
  if (gvr.namespaced !== (typeof namespace === 'string'))
    throw invalid(`${where}: ${gvr.kind} ${name} ${gvr.namespaced ? 'needs a' : 'is in no'} metadata.namespace`)
  // Others are not watched, and none of ours.
  if (gvr.kind === 'Namespace' && labelsOf(content)[TENANT_LABEL] === undefined)
    throw invalid(`${where}: Namespace ${name} has no label ${TENANT_LABEL}: only those of tenants are declared here`)
  return { ...(content as object), gvr } as unknown as Declared
}

const labelsOf = ({ metadata }: Partial<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  (metadata as { labels?: Readonly<Record<string, unknown>> } | undefined)?.labels ?? {}

/** `Region eu-1`, `RoleAssignment seca-acme/admins` */
export const idOf = ({
  kind,
  metadata,
}: {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined }
}): string => `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`

/** Stands for all of the object's content. */
export const hashOf = ({ gvr: _gvr, ...object }: Declared): string =>
  createHash('sha256').update(JSON.stringify(object)).digest('hex').slice(0, 16)

const invalid = (message: string): SecaError => new SecaError('InvalidConfiguration', message)
