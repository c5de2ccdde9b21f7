import manifest from '../../../package.json' with { type: 'json' }
import type { Capability } from '../../provider/contract.ts'
import { COMPARED, columnOf } from './abilities.ts'
import type { Column, Report } from './report.ts'

/** What every report has. */
export const base = (): Pick<Report, 'made' | 'version' | 'kinds' | 'calls'> => ({
  made: new Date().toISOString(),
  version: manifest.version,
  kinds: COMPARED.map(({ kind }) => kind),
  calls: [],
})

interface Able {
  readonly name: string
  readonly provider: string
  readonly capabilities: Readonly<Record<string, Capability>>
}

/** What each says of itself, about the same fields. */
export function columnsOf(compared: readonly Able[]): readonly Column[] {
  const all = compared.map(({ capabilities }) => capabilities)
  return compared.map(({ name, provider, capabilities }) => columnOf(name, provider, capabilities, all))
}
