import { describe, expect, it } from 'vitest'
import { add, addNamespace, testCache } from '../cache/testing.ts'
import { KINDS } from '../kinds/index.ts'
import { tagKey } from '../provider/tags.ts'
import { expectedOf, openedKey } from './audit-cluster.ts'

const SPEC = { sizeGB: 10, skuRef: { resource: 'skus/rd100' } }
const TAG = 'i/eu-1/seca.storage/v1/tenants/acme/workspaces/prod/block-storages/v'

function cluster(homes: object = {}) {
  const cache = testCache()
  const spec = { type: 'simulator', credentialsSecretRef: { name: 'main' }, tenantCredentials: [{ tenant: 'own', name: 'theirs' }] }
  add(cache, 'CloudProvider', undefined, 'sim', spec, homes)
  return cache
}
const opened = new Map([
  [openedKey('sim', 'main'), 'a'],
  [openedKey('sim', 'theirs'), 'b'],
])
const one = (cache: ReturnType<typeof testCache>, object: string) =>
  expectedOf(cache, KINDS, 'i', opened).find((each) => each.object === object)

describe('what a cluster expects of its clouds', () => {
  it('is each resource of a kind that clouds have, with tag, key, records and account', () => {
    const cache = cluster()
    add(cache, 'BlockStorage', 'w', 'v', SPEC, { externalId: 'vol-1', incarnation: 'n' })
    expect(one(cache, 'BlockStorage w/v')).toEqual({
      kind: 'BlockStorage',
      object: 'BlockStorage w/v',
      uid: 'BlockStorage-v',
      tag: TAG,
      tagKey: tagKey(TAG),
      externalId: 'vol-1',
      incarnation: 'n',
      account: 'a',
      isLeaving: false,
      isUntagged: false,
    })
    expect(expectedOf(cache, KINDS, 'i', opened).map(({ kind }) => kind)).toEqual(['Workspace', 'BlockStorage'])
  })

  it("lives in a tenant's own account where it has one", () => {
    const cache = cluster()
    addNamespace(cache, 'o', { 'secapi.cloud/tenant': 'own' })
    add(cache, 'Workspace', 'o', 'dev', {})
    expect(one(cache, 'Workspace o/dev')?.account).toBe('b')
  })

  it('lives where the status of its CloudProvider says, whatever its Secret opens by now', () => {
    const cache = cluster({ account: 'old' })
    add(cache, 'BlockStorage', 'w', 'v', SPEC)
    expect(one(cache, 'BlockStorage w/v')).toMatchObject({ account: 'old', opened: 'a' })
  })

  it('has no tag while its namespace stands for nothing, and is there all the same', () => {
    const cache = cluster()
    add(cache, 'BlockStorage', 'bare', 'v', SPEC, { externalId: 'vol-1' })
    expect(one(cache, 'BlockStorage bare/v')).toMatchObject({ tag: undefined, tagKey: undefined, account: undefined, externalId: 'vol-1' })
  })

  it('tells what goes, and what is only looked at', () => {
    const cache = cluster()
    add(cache, 'BlockStorage', 'w', 'v', SPEC, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })
    add(cache, 'BlockStorage', 'w', 'seen', SPEC, {}, { annotations: { 'secapi.cloud/drift': 'Observe' } })
    expect(one(cache, 'BlockStorage w/v')?.isLeaving).toBe(true)
    expect(one(cache, 'BlockStorage w/seen')).toMatchObject({ isLeaving: false, isUntagged: true })
  })
})
