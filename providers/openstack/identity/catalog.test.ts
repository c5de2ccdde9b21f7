import { describe, expect, test } from 'vitest'
import { authOf, endpointOf, identityRoot } from './catalog.ts'

const auth = { auth_url: 'https://keystone.example/v3' }

describe('authOf', () => {
  test('an application credential brings its project along', () => {
    const keys = { application_credential_id: 'id', application_credential_secret: 'secret' }
    expect(authOf(auth, keys)).toEqual({
      auth: { identity: { methods: ['application_credential'], application_credential: { id: 'id', secret: 'secret' } } },
    })
  })

  const user = { username: 'ann', password: 'secret' }
  test.each([
    [{ project_id: 'p' }, undefined, { project: { id: 'p' } }],
    [{ project_name: 'demo' }, undefined, { project: { name: 'demo', domain: { id: 'default' } } }],
    [{ project_name: 'demo', project_domain_name: 'Acme' }, undefined, { project: { name: 'demo', domain: { name: 'Acme' } } }],
    [{ domain_id: 'd' }, undefined, { domain: { id: 'd' } }],
    [{ project_id: 'p' }, 'other', { project: { id: 'other' } }],
  ])('a password is for %j, or for %s', (more, project, scope) => {
    expect(authOf({ ...auth, ...more }, user, project)).toMatchObject({ auth: { scope } })
  })

  test('a password without a scope says what to name', () => {
    expect(() => authOf(auth, user)).toThrow('project_id')
  })
})

describe('endpointOf', () => {
  const at = (type: string, ...endpoints: readonly (readonly [string, string, string])[]) => ({
    type,
    endpoints: endpoints.map(([region_id, url, kind]) => ({ region_id, url, interface: kind })),
  })
  const wanted = { regions: ['eu-1', 'RegionOne'], interface: 'public' }

  test.each([
    ['network', 'https://n.example:9696', 'https://n.example:9696/v2.0'],
    ['network', 'https://n.example/v2.0/', 'https://n.example/v2.0'],
    ['image', 'https://g.example/', 'https://g.example/v2'],
    ['compute', 'https://c.example/v2.1/', 'https://c.example/v2.1'],
  ] as const)('%s at %s', (service, url, root) => {
    expect(endpointOf({ catalog: [at(service, ['RegionOne', url, 'public'])] }, service, wanted)).toBe(root)
  })

  test('the region that was asked for, by whatever name the service goes', () => {
    const catalog = [
      at('block-storage', ['other', 'https://x.example/v3', 'public'], ['eu-1', 'https://y.example/v3', 'public']),
      at('network', ['eu-1', 'https://z.example', 'internal']),
    ]
    expect(endpointOf({ catalog }, 'volume', wanted)).toBe('https://y.example/v3')
    expect(endpointOf({ catalog }, 'network', wanted)).toBeUndefined()
    expect(endpointOf({ catalog }, 'network', { ...wanted, interface: 'internal' })).toBe('https://z.example/v2.0')
  })

  test('the only region there is, and a word where it is none of several', () => {
    expect(endpointOf({ catalog: [at('compute', ['lonely', 'https://c.example', 'public'])] }, 'compute', wanted)).toBe('https://c.example')
    const two = [at('compute', ['a', 'https://c.example', 'public'], ['b', 'https://d.example', 'public'])]
    expect(() => endpointOf({ catalog: two }, 'compute', wanted)).toThrow('a, b, and not in eu-1 or RegionOne')
  })
})

test('the root of Keystone', () => {
  expect([identityRoot('https://k.example/'), identityRoot('https://k.example/v3/')]).toEqual([
    'https://k.example/v3',
    'https://k.example/v3',
  ])
})
