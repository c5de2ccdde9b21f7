import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Subnet } from '../kinds/index.ts'
import { defaultNamespace, secaName, secaPath } from './names.ts'

test('default namespaces are readable', () => {
  expect(defaultNamespace({ tenant: 'acme' })).toBe('seca-acme')
  expect(defaultNamespace({ tenant: 'acme', workspace: 'prod' })).toBe('seca-acme--prod')
})

test('default namespaces are labels, and no two scopes share one', () => {
  const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/)
  const scope = fc.record({ tenant: name, workspace: name }, { requiredKeys: ['tenant'] })
  fc.assert(
    fc.property(scope, scope, (one, other) => {
      const [a, b] = [defaultNamespace(one), defaultNamespace(other)]
      expect(a).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
      expect(a === b).toBe(one.tenant === other.tenant && one.workspace === other.workspace)
    }),
    {
      examples: [
        [{ tenant: 'a', workspace: 'b' }, { tenant: 'a--b' }],
        [{ tenant: 'system' }, { tenant: 'a.b' }],
        [{ tenant: 'a.b' }, { tenant: 'a-b' }],
      ],
    },
  )
})

test('nested kinds: name and path', () => {
  const object = { spec: { network: 'net' } as never, metadata: { name: 'net.front' } as never }
  expect(secaName(Subnet, object)).toBe('front')
  expect(secaPath(Subnet, { tenant: 't', workspace: 'w', parent: 'net', name: 'front' }, 'networks')).toBe(
    'seca.network/v1/tenants/t/workspaces/w/networks/net/subnets/front',
  )
})
