import { kindNamed } from '../../kinds/index.ts'
import type { Kind } from '../../kinds/kind.ts'
import { DRIFT_POLICY, EXTERNAL_ID, TENANT_LABEL, WORKSPACE_LABEL } from '../../kinds/names.ts'
import { NO_VOLUME } from '../../kinds/naming.ts'
import type { Json, Unmanaged } from '../../provider/contract.ts'
import { unmanagedId } from '../../provider/unmanaged.ts'
import { Inventory } from './inventory.ts'
import { Names } from './names.ts'
import type { Target } from './target.ts'

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec?: Readonly<Record<string, Json>>
}

/** Manifests in order of dependency, and what could not be said, or not be taken over. */
export interface Import {
  readonly manifests: readonly Manifest[]
  readonly remarks: readonly string[]
}

/**
 * Makes manifests of what was found, and of the cloud's own object behind the workspace where it has one. What names something that cannot be
 * taken over is left out with it; what stands for an object of the cluster already is only named.
 */
export function manifestsOf(found: readonly Unmanaged[], target: Target, workspace?: Unmanaged): Import {
  const inventory = new Inventory(found, target)
  const names = new Names(target.known.taken)
  for (const { one, kind } of inventory.kept) {
    const parent = one.parentId === undefined ? undefined : inventory.nameOf(kind.parent?.kind ?? '', one.parentId)
    inventory.name(one, names.give(one.name, kind, parent))
  }
  const manifests = inventory.kept.map(({ one, kind }) => manifestOf(one, kind, inventory, target))
  const own = workspace === undefined ? {} : annotationsOf(workspace, target.isObserved)
  const around = manifests.length === 0 && workspace === undefined ? [] : surroundings(target, own)
  return { manifests: [...around, ...manifests], remarks: inventory.remarks }
}

/** The workspace, with its namespace, so that all of it can be applied in one go. */
function surroundings(target: Target, annotations: Readonly<Record<string, string>>): readonly Manifest[] {
  if (target.isThere) return []
  const { tenant, workspace, home, space, region } = target
  const labels = { [TENANT_LABEL]: tenant, [WORKSPACE_LABEL]: workspace }
  const { apiVersion = '' } = kindNamed('Workspace') ?? {}
  const some = Object.keys(annotations).length === 0 ? {} : { annotations }
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: space, labels } },
    { apiVersion, kind: 'Workspace', metadata: { name: workspace, namespace: home, ...some }, spec: { region } },
  ]
}

function annotationsOf({ externalId }: Unmanaged, isObserved: boolean): Readonly<Record<string, string>> {
  if (externalId === undefined) return {}
  return { [EXTERNAL_ID]: externalId, ...(isObserved ? { [DRIFT_POLICY]: 'Observe' } : {}) }
}

function manifestOf(one: Unmanaged, kind: Kind, inventory: Inventory, target: Target): Manifest {
  const parent = one.parentId === undefined ? undefined : inventory.nameOf(kind.parent?.kind ?? '', one.parentId)
  const name = inventory.nameOf(kind.kind, unmanagedId(one)) ?? ''
  const spec = inventory.specOf(one, kind)
  const annotations = annotationsOf(one, target.isObserved || isBorrowed(kind, spec))
  return {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: {
      name: parent === undefined ? name : `${parent}.${name}`,
      namespace: kind.scope === 'tenant' ? target.home : target.space,
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: {
      ...(kind.parent === undefined || parent === undefined ? {} : { [kind.parent.field]: parent }),
      ...spec,
      ...('region' in kind.kubeSpec.shape ? { region: target.region } : {}),
    },
  }
}

/** An image that names no volume is used as it is, and never ours. */
const isBorrowed = ({ isOffered }: Kind, spec: Unmanaged['spec']): boolean =>
  isOffered === true && Object.values(spec).some((field) => (field as { resource?: unknown } | null)?.resource === NO_VOLUME)
