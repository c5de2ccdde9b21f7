import { KINDS } from '../../kinds/index.ts'
import type { Kind } from '../../kinds/kind.ts'
import { covers, remedyOf } from '../../provider/capability.ts'
import type { Capability } from '../../provider/contract.ts'
import type { Ability, Column, FieldAbility } from './report.ts'

type Capabilities = Readonly<Record<string, Capability>>

/** Kinds that a cloud is asked about. */
export const COMPARED: readonly Kind[] = KINDS.filter(({ cloud }) => cloud !== 'none')

/** Whether objects of a kind are refused by whoever has these capabilities. */
export const isMissing = (kind: Pick<Kind, 'kind' | 'cloud'>, capabilities: Capabilities): boolean =>
  capabilities[kind.kind] === undefined && kind.cloud === 'required'

/** What is said of the spec paths of a kind: its own fields, and what lies below them where a provider tells these apart. */
export function pathsOf(kind: Kind, all: readonly Capabilities[]): readonly string[] {
  const capabilities = all.flatMap((one) => one[kind.kind] ?? [])
  const told = capabilities.flatMap(({ updates, replaces = [], ignores = [] }) => [...updates, ...replaces, ...ignores])
  const own = [...Object.keys(kind.spec.shape), ...Object.keys(kind.kubeSpec.shape)].filter((field) => !PLACES.has(field))
  const fields = own.filter((field) => field !== kind.parent?.field)
  const below = [...new Set(told)].filter((path) => !fields.includes(path))
  return [...fields.filter((field) => !below.some((path) => covers(field, path))), ...below].toSorted()
}

/** Fields of the spec that say where an object is, which is no affair of the cloud's. */
const PLACES: ReadonlySet<string> = new Set(['region'])

/** Everything that one provider, or one region, says of itself. */
export function columnOf(name: string, type: string, capabilities: Capabilities, all: readonly Capabilities[]): Column {
  return { name, type, kinds: Object.fromEntries(COMPARED.map((kind) => [kind.kind, abilityOf(kind, capabilities, pathsOf(kind, all))])) }
}

function abilityOf(kind: Kind, capabilities: Capabilities, paths: readonly string[]): Ability {
  const capability = capabilities[kind.kind]
  if (capability === undefined) return { level: kind.cloud === 'required' ? 'missing' : 'nothing', fields: {} }
  return {
    level: capability.object === 'none' ? 'nothing' : capability.object,
    fields: Object.fromEntries(paths.map((path) => [path, fieldOf(capability, path)])),
    ...(capability.note === undefined ? {} : { note: capability.note }),
  }
}

function fieldOf(capability: Capability, path: string): FieldAbility {
  if (capability.ignores?.some((one) => covers(one, path)) === true) return 'unused'
  return remedyOf(capability, path) === 'update' ? 'change' : 'create'
}
