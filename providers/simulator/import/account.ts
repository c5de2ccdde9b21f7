import type { Unmanaged } from '../../../src/provider/contract.ts'
import { toId } from '../../../src/provider/unmanaged.ts'
import type { CloudObject } from '../client.ts'

/** What an account holds, for who translates a part of it. */
export interface Account {
  /** Ports live in servers, and the cloud routes by itself. */
  readonly hasParts: boolean
  fieldsOf(id: string): CloudObject | undefined
  /** SECA's kind of what goes by an id. */
  kindOf(id: string): string | undefined
}

/** What all have in common. */
export function base(kind: string, object: CloudObject, account: Account): Pick<Unmanaged, 'kind' | 'externalId' | 'name' | 'workspaceId'> {
  const project = projectIdOf(object, account)
  const name = typeof object['name'] === 'string' ? object['name'] : ''
  return { kind, externalId: object.id, name: name || object.id, ...(project === undefined ? {} : { workspaceId: project }) }
}

/** By itself or by what it is in, as the cloud has it; a template is where its volume is. */
function projectIdOf(object: CloudObject, account: Account): string | undefined {
  if (typeof object['project'] === 'string') return object['project']
  for (const field of ['vpc', 'segment', 'server', 'source_volume']) {
    const above = account.fieldsOf(String(object[field]))
    if (above !== undefined) return projectIdOf(above, account)
  }
  return undefined
}

/** References to what ids name, where they name anything. */
export const toAll = (kind: string, ids: unknown) => ((ids ?? []) as readonly string[]).map((id) => toId(kind, id))

/** A field for a list that is not empty. */
export const unlessEmpty = <T>(field: string, list: readonly T[]) => (list.length === 0 ? {} : { [field]: list })
