import type { Manifest } from '../../cli/manifests.ts'
import type { Kind } from '../../kinds/kind.ts'
import type { Reference } from '../../kinds/ref.ts'
import type { Resource } from '../../kinds/resource.ts'
import { referencesOf } from '../../resolve/references.ts'
import { harmless, standIn } from './place.ts'

interface Target {
  readonly region: string
  readonly zones: readonly string[]
}

/** Makes of a manifest what it has to be in a region: tenants, region and zones are the region's, what could reach other cloud objects is gone. */
export class Rewriter {
  readonly #target: Target
  readonly #tenants: ReadonlySet<string>
  /** Zones that the region has not, and what was taken instead. */
  readonly #zones = new Map<string, string>()
  readonly #stripped: string[] = []

  constructor(target: Target, tenants: ReadonlySet<string>) {
    this.#target = target
    this.#tenants = tenants
  }

  rewrite(kind: Kind, { apiVersion, metadata, spec, extensions }: Manifest, namespace: string): Resource {
    const { labels, annotations } = metadata as Partial<Record<'labels' | 'annotations', Readonly<Record<string, string>>>>
    for (const key of Object.keys(annotations ?? {}).filter((one) => one.startsWith('secapi.cloud/')))
      this.#stripped.push(`${kind.kind} ${metadata.name}: ${key}`)
    const copy = structuredClone((spec ?? {}) as Record<string, unknown>)
    for (const { reference } of referencesOf(kind, { spec: copy } as Pick<Resource, 'spec'>)) this.#turn(reference)
    if ('region' in kind.kubeSpec.shape) copy['region'] = this.#target.region
    for (const { rule, field } of kind.guards ?? []) if (rule === 'zone') this.#place(copy, field)
    const kept = { labels: harmless(labels), annotations: harmless(annotations) }
    return {
      apiVersion,
      kind: kind.kind,
      metadata: { name: metadata.name, namespace, ...kept },
      spec: copy,
      ...(extensions === undefined ? {} : { extensions }),
    } as unknown as Resource
  }

  /** Own tenants become their stand-ins; others, such as that of the cloud's images, are as they were. */
  #turn(reference: { -readonly [field in keyof Reference]: Reference[field] }): void {
    const { region } = this.#target
    const turned = (tenant: string) => (this.#tenants.has(tenant) ? standIn(tenant, region) : tenant)
    if (reference.tenant !== undefined) reference.tenant = turned(reference.tenant)
    if (reference.region !== undefined) reference.region = region
    reference.resource = reference.resource.replace(
      /(^|\/)tenants\/([^/]+)\//,
      (_, before: string, tenant: string) => `${before}tenants/${turned(tenant)}/`,
    )
  }

  #place(spec: Record<string, unknown>, field: string): void {
    const zone = spec[field]
    const { zones } = this.#target
    if (typeof zone !== 'string' || zone === '' || zones.length === 0 || zones.includes(zone)) return
    const instead = this.#zones.get(zone) ?? zones[this.#zones.size % zones.length] ?? zone
    this.#zones.set(zone, instead)
    spec[field] = instead
  }

  remarks(): readonly string[] {
    return [
      ...[...this.#zones].map(([zone, instead]) => `zone ${zone} is not there: ${instead} was taken`),
      ...this.#stripped.map(
        (annotation) => `an annotation was left out, since it speaks of objects that are not the comparison's: ${annotation}`,
      ),
    ]
  }
}
