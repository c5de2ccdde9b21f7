import type { CallContext } from '../../../src/provider/contract.ts'
import { ProviderError } from '../../../src/provider/errors.ts'
import type { Session } from '../identity/session.ts'
import { skuName } from '../sku-name.ts'

export interface VolumeType {
  readonly id: string
  readonly name: string
}

/** Volume types that a project may use. */
export async function volumeTypes(session: Session, context: CallContext, project?: string): Promise<readonly VolumeType[]> {
  return (await session.call<{ volume_types: readonly VolumeType[] }>('volume', { method: 'GET', path: '/types' }, context, project))
    .volume_types
}

/** The type of a SKU: the one that the settings name, else the one of that name, else the cloud's default (undefined). */
export function typeFor(sku: string, types: readonly VolumeType[], mapping: Readonly<Record<string, string>>): string | undefined {
  const wanted = mapping[sku]
  if (wanted === undefined) return types.find(({ name }) => name === sku || skuName(name) === sku)?.name
  const found = types.find(({ id, name }) => name === wanted || id === wanted)
  if (found !== undefined) return found.name
  const names = types.map(({ name }) => name).join(', ')
  throw new ProviderError('rejected', `settings.volumeTypes of the CloudProvider maps SKU ${sku} to ${wanted}, which is none of ${names}`)
}
