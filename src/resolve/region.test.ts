import { expect, it } from 'vitest'
import { add, addNamespace, testCache } from '../cache/testing.ts'
import { kindNamed } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import { regionOf, workspaceOf } from './region.ts'

const cache = testCache()
const rome = add(cache, 'Workspace', 't', 'rome', { region: 'it-1' })
addNamespace(cache, 'r', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'rome' })
addNamespace(cache, 'early', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'coming' })
addNamespace(cache, 'lone', { 'secapi.cloud/tenant': 'nobody', 'secapi.cloud/workspace': 'x' })
const of = (kind: string, namespace: string | undefined, spec: object) =>
  regionOf(cache, kindNamed(kind) as Kind, add(cache, kind, namespace, 'x', spec))

it.each<[string, string | undefined, object, string]>([
  ['Image', 't', { region: 'it-1' }, 'it-1'],
  ['Image', 't', {}, 'eu-1'],
  ['Image', 't', { region: 7 }, 'eu-1'],
  ['StorageSku', undefined, { region: 'it-1' }, 'it-1'],
  // In a workspace, it is the workspace's.
  ['BlockStorage', 'r', {}, 'it-1'],
  ['BlockStorage', 'r', { region: 'eu-1' }, 'it-1'],
  ['BlockStorage', 'w', { region: 'it-1' }, 'eu-1'],
  ['BlockStorage', 'early', {}, 'eu-1'],
  ['BlockStorage', 'lone', {}, 'eu-1'],
])('%s in %s with %j is of %s', (kind, namespace, spec, region) => expect(of(kind, namespace, spec)).toBe(region))

it('an object without a spec is of the default region', () => {
  expect(regionOf(cache, kindNamed('Workspace') as Kind, { ...rome, spec: undefined } as never)).toBe('eu-1')
})

it('a workspace is found by the labels of the namespace', () => {
  const at = (namespace: string) => workspaceOf(cache, add(cache, 'BlockStorage', namespace, 'x', {}))
  expect([at('r'), at('early'), at('lone'), at('t'), at('unknown')]).toEqual([rome, undefined, undefined, undefined, undefined])
})
