import type { Desired } from '../../src/provider/contract.ts'
import type { Fields, Want } from '../../src/provider/translation.ts'
import type { CloudObject } from './client.ts'

/** Fields that count where the cloud tells them: who made the object may have asked for nothing. */
export function told(
  fields: Readonly<Record<string, (desired: Pick<Desired, 'targets'>) => unknown>>,
): Pick<Want<never, CloudObject>, 'fields' | 'isMet'> {
  const wanted = (desired: Pick<Desired, 'targets'>): Fields =>
    Object.fromEntries(Object.entries(fields).map(([key, of]) => [key, of(desired)]))
  return {
    fields: wanted,
    isMet: (object, desired) =>
      Object.entries(wanted(desired)).every(([key, value]) => value === undefined || object[key] === undefined || object[key] === value),
  }
}
