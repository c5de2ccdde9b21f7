import { expect, test } from 'vitest'
import { CONTROLLERS } from '../../controllers/index.ts'
import { ACTIVE, add, addNamespace, testCache } from '../cache/testing.ts'
import { shareOf } from './share.ts'

function world() {
  const cache = testCache()
  const spec = { type: 'x', credentialsSecretRef: { name: 'main' }, tenantCredentials: [{ tenant: 'rich', name: 'own' }] }
  add(cache, 'CloudProvider', undefined, 'sim', spec, ACTIVE)
  add(cache, 'Region', undefined, 'eu-2', { availableZones: ['a'], cloudProvider: 'sim' }, ACTIVE)
  addNamespace(cache, 'r', { 'secapi.cloud/tenant': 'rich' })
  add(cache, 'Workspace', 'r', 'lab', { region: 'eu-2' }, ACTIVE)
  add(cache, 'BlockStorage', 'w', 'data', {})
  add(cache, 'Role', 't', 'reader', {})
  const share = shareOf(cache, new Map(CONTROLLERS.map((controller) => [controller.kind.kind, controller])))
  return { cache, spec, share }
}

test('an object is its account’s: CloudProvider and Secret, whatever the region', () => {
  const { share } = world()
  expect(share('BlockStorage|w/data')).toEqual({ account: 'CloudProvider-sim/main', tenant: 'acme' })
  expect(share('Workspace|r/lab')).toEqual({ account: 'CloudProvider-sim/own', tenant: 'rich' })
})

test('a CloudProvider is looked at beside its account, and what asks no cloud waits for none', () => {
  const { share } = world()
  expect(share('CloudProvider|sim').account).toBe('CloudProvider|sim')
  for (const id of ['Role|t/reader', 'Region|eu-1', 'BlockStorage|w/gone', 'Nonsense|x']) expect(share(id).account).toBe('')
})

test('a tenant that gets a Secret of its own is in another account from then on', () => {
  const { cache, spec, share } = world()
  expect(share('BlockStorage|w/data').account).toBe('CloudProvider-sim/main')
  add(cache, 'CloudProvider', undefined, 'sim', { ...spec, tenantCredentials: [{ tenant: 'acme', name: 'acme' }] }, ACTIVE)
  expect(share('BlockStorage|w/data').account).toBe('CloudProvider-sim/acme')
})
