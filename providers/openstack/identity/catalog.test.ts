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

  const PROJECT = '0123456789abcdef0123456789abcdef'
  test.each([
    ['network', 'https://n.example:9696', 'https://n.example:9696/v2.0'],
    ['network', 'https://n.example/v2.0/', 'https://n.example/v2.0'],
    ['network', 'https://cloud.example/networking', 'https://cloud.example/networking/v2.0'],
    ['image', 'https://g.example/', 'https://g.example/v2'],
    ['image', 'https://cloud.example/image/v2/', 'https://cloud.example/image/v2'],
    ['compute', 'https://c.example/v2.1/', 'https://c.example/v2.1'],
    ['compute', 'https://c.example:8774', 'https://c.example:8774/v2.1'],
    ['compute', 'https://v2.example/compute', 'https://v2.example/compute/v2.1'],
    ['compute', `https://c.example/v2.1/${PROJECT}`, `https://c.example/v2.1/${PROJECT}`],
    ['volume', 'https://b.example/v3', 'https://b.example/v3'],
    ['volume', 'https://b.example:8776/', 'https://b.example:8776/v3'],
    ['volume', `https://b.example/v3/${PROJECT}/`, `https://b.example/v3/${PROJECT}`],
    ['volume', `https://cloud.example/volume/v3/AUTH_${PROJECT}`, `https://cloud.example/volume/v3/AUTH_${PROJECT}`],
  ] as const)('%s at %s', (service, url, root) => {
    const type = service === 'volume' ? 'volumev3' : service
    expect(endpointOf({ catalog: [at(type, ['RegionOne', url, 'public'])] }, service, wanted)).toBe(root)
  })

  test('the region that was asked for, by whatever name the service goes', () => {
    const catalog = [
      at('block-storage', ['other', 'https://x.example/v3', 'public'], ['eu-1', 'https://y.example/v3', 'public']),
      at('network', ['eu-1', 'https://z.example', 'internal']),
    ]
    expect(endpointOf({ catalog }, 'volume', wanted)).toBe('https://y.example/v3')
    expect(() => endpointOf({ catalog }, 'network', wanted)).toThrow(
      'no public endpoint of network, but internal: name one in settings.cloud.interface',
    )
    expect(() => endpointOf({ catalog }, 'image', wanted)).toThrow('has no image service')
    expect(endpointOf({ catalog }, 'network', { ...wanted, interface: 'internal' })).toBe('https://z.example/v2.0')
  })

  test('the only region there is, and a word where it is none of several', () => {
    const one = [at('compute', ['lonely', 'https://c.example', 'public'])]
    expect(endpointOf({ catalog: one }, 'compute', wanted)).toBe('https://c.example/v2.1')
    expect(() => endpointOf({ catalog: one }, 'compute', { ...wanted, isNamed: true })).toThrow('has compute in lonely, and not in eu-1')
    const two = [at('compute', ['a', 'https://c.example', 'public'], ['b', 'https://d.example', 'public'])]
    expect(() => endpointOf({ catalog: two }, 'compute', wanted)).toThrow('a, b, and not in eu-1 or RegionOne')
  })
})

test.each(['http://localhost.example/v2.1', 'ftp://c.example', 'c.example'])('nothing is sent to %s', (url) => {
  const catalog = [{ type: 'compute', endpoints: [{ region_id: 'eu-1', url, interface: 'public' }] }]
  expect(() => endpointOf({ catalog }, 'compute', { regions: ['eu-1'], interface: 'public' })).toThrow('credentials go by https only')
})

test.each([
  ['https://k.example/', 'https://k.example/v3'],
  ['https://k.example/v3/', 'https://k.example/v3'],
  ['https://k.example:5000/v2.0', 'https://k.example:5000/v3'],
  ['https://cloud.example/identity', 'https://cloud.example/identity/v3'],
])('Keystone at %s', (url, root) => {
  expect(identityRoot(url)).toBe(root)
})
