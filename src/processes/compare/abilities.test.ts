import { describe, expect, it } from 'vitest'
import { PROVIDERS } from '../../../providers/index.ts'
import { kindNamed } from '../../kinds/index.ts'
import type { Kind } from '../../kinds/kind.ts'
import type { Capability } from '../../provider/contract.ts'
import { COMPARED, columnOf, isMissing, pathsOf } from './abilities.ts'

const ABLE: Capability = {
  object: 'part',
  updates: ['bootVolume.deviceRef', 'labels'],
  ignores: ['zone'],
  create: 'plain',
  lookup: 'tag',
  settleMs: 0,
  lane: 'none',
}
const kind = (name: string) => kindNamed(name) as Kind

describe('abilities', () => {
  it('of a kind go by its fields, and by what is told of those below them', () => {
    const paths = pathsOf(kind('Instance'), [{ Instance: ABLE }])
    expect(paths).toEqual(expect.arrayContaining(['bootVolume.deviceRef', 'labels', 'powerState', 'skuRef', 'zone']))
    expect(paths).not.toContain('bootVolume')
    expect(pathsOf(kind('Subnet'), [])).not.toContain('network')
    expect(pathsOf(kind('Image'), [])).not.toContain('region')
  })

  it('say what can be changed, what counts for nothing, and what is missing', () => {
    const { kinds } = columnOf('eu-1', 'x', { Instance: ABLE }, [{ Instance: ABLE }])
    expect(kinds['Instance']).toMatchObject({
      level: 'part',
      fields: { 'bootVolume.deviceRef': 'change', zone: 'unused', skuRef: 'create' },
    })
    expect(kinds['Nic']).toEqual({ level: 'missing', fields: {} })
    expect(kinds['SecurityGroupRule']?.level).toBe('nothing')
    expect([isMissing(kind('Nic'), {}), isMissing(kind('SecurityGroupRule'), {})]).toEqual([true, false])
  })

  it('are there for every provider and kind', () => {
    const all = PROVIDERS.map(({ capabilities }) => capabilities)
    for (const { type, capabilities } of PROVIDERS)
      expect(Object.keys(columnOf(type, type, capabilities, all).kinds)).toEqual(COMPARED.map((one) => one.kind))
  })
})
