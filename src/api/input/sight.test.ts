import { describe, expect, it } from 'vitest'
import { addNamespace, testCache } from '../../cache/testing.ts'
import { kindNamed } from '../../kinds/index.ts'
import type { Kind } from '../../kinds/kind.ts'
import type { Address } from '../../resolve/address.ts'
import type { Context } from '../context.ts'
import type { Attempt, Caller } from '../contract.ts'
import { Sight } from './sight.ts'

const cache = testCache()
addNamespace(cache, 'o', { 'secapi.cloud/tenant': 'other' })
const caller: Caller = { door: 'direct', subject: 'alice', scope: {} }

function rig() {
  const asked: Attempt[] = []
  const authorize = (_caller: Caller, attempt: Attempt) => (asked.push(attempt), Promise.resolve({ isAllowed: true, why: '' } as const))
  const context = { cache, authorizer: { authorize } } as unknown as Context
  const sight = new Sight({ context, caller, kind: kindNamed('RoleAssignment') as Kind, signal: new AbortController().signal })
  return { sight, asked }
}
const address = (kindName: string, more: Partial<Address> = {}): Address =>
  ({ kind: kindNamed(kindName) as Kind, region: 'eu-1', tenant: 'acme', name: 'x', ...more }) as Address

describe('what a caller sees', () => {
  it.each<[Address, Partial<Attempt>]>([
    [address('Instance', { workspace: 'prod' }), { workspace: 'prod', namespace: 'w', name: 'x', objectName: 'x' }],
    [address('Instance', { workspace: 'none' }), { workspace: 'none', name: 'x', objectName: 'x' }],
    [address('Image'), { namespace: 't', objectName: 'x' }],
    [address('StorageSku'), { objectName: 'eu-1.x' }],
    [address('Subnet', { workspace: 'prod', parent: 'n' }), { workspace: 'prod', namespace: 'w', parent: 'n', objectName: 'n.x' }],
    // In no matter what network.
    [address('Subnet', { workspace: 'prod' }), { workspace: 'prod', namespace: 'w', objectName: '*.x' }],
  ])('is asked as for a GET (%#)', async (at, expected) => {
    const { sight, asked } = rig()
    await sight.of(at)
    expect(asked).toEqual([{ verb: 'get', kind: at.kind, region: 'eu-1', tenant: 'acme', name: 'x', ...expected }])
  })

  it('of another tenant is what is there of the same kind and name', async () => {
    const { sight, asked } = rig()
    await sight.ofCounterpart('other', 'x')
    await sight.ofCounterpart('none', 'x')
    const common = { verb: 'get', kind: kindNamed('RoleAssignment'), region: 'eu-1', name: 'x', objectName: 'x' }
    expect(asked).toEqual([
      { ...common, tenant: 'other', namespace: 'o' },
      { ...common, tenant: 'none' },
    ])
  })

  it('is asked once for each target', async () => {
    const { sight, asked } = rig()
    const all = [
      address('Instance', { workspace: 'prod' }),
      address('Instance', { workspace: 'test' }),
      address('Nic', { workspace: 'prod' }),
      address('Instance', { workspace: 'prod', name: 'y' }),
      address('Instance', { workspace: 'prod', tenant: 'other' }),
      address('Instance', { workspace: 'prod', region: 'it-1' }),
      address('Subnet', { workspace: 'prod', parent: 'n' }),
      address('Subnet', { workspace: 'prod' }),
    ]
    for (const one of [...all, ...all]) await sight.of(one)
    expect(asked).toHaveLength(all.length)
  })

  it('has an end', async () => {
    const { sight, asked } = rig()
    for (let index = 0; index < 2_000; index++) await sight.of(address('Image', { name: `i${index}` }))
    expect(() => sight.of(address('Image'))).toThrow('names more than 2000 objects that it did not name before')
    await sight.of(address('Image', { name: 'i7' }))
    expect(asked).toHaveLength(2_000)
  })

  it('of no matter what parent is said so', () => {
    const { sight } = rig()
    expect(sight.isOfAnyParent(address('Subnet'))).toBe(true)
    expect(sight.isOfAnyParent(address('Subnet', { parent: 'n' }))).toBe(false)
    expect(sight.isOfAnyParent(address('Image'))).toBe(false)
  })

  it('is worked through eight at a time', async () => {
    const { sight } = rig()
    let [now, most] = [0, 0]
    await sight.forEach(Array.from({ length: 50 }), async () => {
      most = Math.max(most, ++now)
      await Promise.resolve()
      now--
    })
    expect(most).toBe(8)
  })
})
