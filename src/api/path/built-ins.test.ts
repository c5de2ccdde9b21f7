import { describe, expect, it } from 'vitest'
import { kindNamed } from '../../kinds/index.ts'
import { SYSTEM_ROLES } from '../../kinds/authorization/system-roles.ts'
import { builtInsOf } from './built-ins.ts'

const home = (name: string) => ({ metadata: { name, creationTimestamp: '2026-01-01T00:00:00Z' } })
const role = kindNamed('Role')!

describe('built-in objects', () => {
  it('are in order, as old as the tenant’s namespace, and have been active since', () => {
    const roles = builtInsOf(role, home('t'))!
    expect([...roles.keys()]).toEqual([...SYSTEM_ROLES.keys()].toSorted())
    const specs = new Map(['b', 'a.1', 'c', 'a'].map((name) => [name, {}]))
    expect([...builtInsOf({ ...role, builtIns: { prefix: '', specs } }, home('t'))!.keys()]).toEqual(['a', 'a.1', 'b', 'c'])
    for (const [name, object] of roles)
      expect(object).toMatchObject({
        apiVersion: role.apiVersion,
        kind: 'Role',
        metadata: {
          name,
          namespace: 't',
          uid: `t/${name}`,
          resourceVersion: '1',
          generation: 1,
          creationTimestamp: '2026-01-01T00:00:00Z',
        },
        spec: SYSTEM_ROLES.get(name),
        status: { state: 'active', observedGeneration: 1, lastModifiedAt: '2026-01-01T00:00:00.000Z' },
      })
  })

  it('are made once for each version of a namespace', () => {
    const [one, other] = [home('t'), home('t')]
    expect(builtInsOf(role, one)).toBe(builtInsOf(role, one))
    expect(builtInsOf(role, other)).not.toBe(builtInsOf(role, one))
  })

  it('are none of other kinds', () => expect(builtInsOf(kindNamed('RoleAssignment')!, home('t'))).toBeUndefined())
})
