import { createHash } from 'node:crypto'
import { COMPARED_LABEL, TENANT_LABEL, WORKSPACE_LABEL } from '../../kinds/names.ts'
import { LABEL_LENGTH } from '../../kinds/naming.ts'
import type { Scope } from '../../resolve/lookup.ts'
import { defaultNamespace } from '../../resolve/names.ts'

/** A namespace as it is made. */
export interface NewNamespace {
  readonly apiVersion: 'v1'
  readonly kind: 'Namespace'
  readonly metadata: {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations: Readonly<Record<string, string>>
  }
}

type Marks = Readonly<Record<string, string>> | undefined

/** Labels or annotations without those that mean something to the operator: these could reach what is not the comparison's own. */
export const harmless = (marks: Marks): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(marks ?? {}).filter(([key]) => !key.startsWith('secapi.cloud/')))

/** Tenant that stands in for another one while a region is tried. */
export function standIn(tenant: string, region: string): string {
  const name = `${tenant}-compare-${region}`
  if (name.length <= LABEL_LENGTH) return name
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 10)
  return `${name.slice(0, LABEL_LENGTH - hash.length - 1)}-${hash}`
}

/** Where objects of a scope are tried in a region. */
export function placeOf({ tenant, workspace }: Scope, region: string): Scope & { readonly namespace: string } {
  const scope = { tenant: standIn(tenant, region), ...(workspace === undefined ? {} : { workspace }) }
  return { ...scope, namespace: defaultNamespace(scope) }
}

/** The namespace for that, marked as a comparison's; what people wrote on the original is kept. */
export function namespaceFor(scope: Scope, region: string, like: { readonly labels?: Marks; readonly annotations?: Marks }): NewNamespace {
  const { tenant, workspace, namespace } = placeOf(scope, region)
  const labels = {
    ...harmless(like.labels),
    [TENANT_LABEL]: tenant,
    ...(workspace === undefined ? {} : { [WORKSPACE_LABEL]: workspace }),
    [COMPARED_LABEL]: region,
  }
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels, annotations: harmless(like.annotations) } }
}

/** What a namespace stands for by its name alone, where nothing else says it: `seca-<tenant>`, `seca-<tenant>--<workspace>`. */
export function scopeByName(namespace: string): Scope | undefined {
  const [, tenant, workspace] = /^seca-(.+?)(?:--(.+))?$/.exec(namespace) ?? []
  return tenant === undefined ? undefined : { tenant, ...(workspace === undefined ? {} : { workspace }) }
}
