import { describe, expect, it } from 'vitest'
import { BESIDE } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import type { InventoryItem } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import { installationKey, tagKey } from '../provider/tags.ts'
import { accountInUse, neighboursOf } from './neighbours.ts'

const PATH = 'seca.storage/v1/tenants/acme/workspaces/prod/block-storages/data'
const tagged = (installation: string): InventoryItem => ({ kind: 'BlockStorage', externalId: 'v', tag: `${installation}/eu-1/${PATH}` })
const keyed = (installation: string): InventoryItem => ({
  kind: 'BlockStorage',
  externalId: 'v',
  tagKey: tagKey(`${installation}/eu-1/${PATH}`),
  installationKey: installationKey(installation),
})
const STRANGE: readonly InventoryItem[] = [
  { kind: 'BlockStorage', externalId: 'v', tag: 'made by hand' },
  { kind: 'BlockStorage', externalId: 'v', tag: '' },
  { kind: 'BlockStorage', externalId: 'v', tagKey: tagKey('a') },
]
async function* listed(items: readonly InventoryItem[], error?: Error) {
  yield* items
  if (error !== undefined) throw error
}
const found = async (...items: readonly InventoryItem[]) => [...(await neighboursOf(listed(items), 'ours'))]

describe('who else works in an account', () => {
  it('is told by tags, or by keys where there are no tags', async () => {
    expect(await found(tagged('a'), tagged('b'), ...STRANGE, tagged('a'))).toEqual([
      ['a', 2],
      ['b', 1],
    ])
    expect(await found(keyed('a'), keyed('a'))).toEqual([[installationKey('a'), 2]])
  })

  it('is nobody where something is ours, and no more is read then', async () => {
    for (const own of [tagged('ours'), keyed('ours')])
      expect([...(await neighboursOf(listed([tagged('a'), own], new Error('read on')), 'ours'))]).toEqual([])
    expect(await found(...STRANGE)).toEqual([])
  })

  it('is not concluded from a part', async () => {
    const away = listed([tagged('a')], new ProviderError('transient', '503'))
    await expect(neighboursOf(away, 'ours')).rejects.toMatchObject({ failure: 'transient' })
  })
})

describe('an account that others work in', () => {
  const objection = (beside: string | undefined, ...ids: readonly string[]) =>
    accountInUse({ metadata: { name: 'sim', annotations: beside === undefined ? {} : { [BESIDE]: beside } } } as unknown as Resource, {
      account: 'acme-prod',
      neighbours: new Map(ids.map((id) => [id, 3])),
      installation: 'ours',
      operatorNamespace: 'ops',
    })

  it('is refused with the words that it takes either way', () => {
    expect(objection(undefined, 'old', 'other')).toMatchObject({
      failure: 'credentials',
      code: 'AccountInUse',
      message: expect.stringMatching(
        /acme-prod.*3 of installation old, 3 of installation other.*this installation, ours.*ConfigMap ops\/seca-installation.*"sim" with secapi\.cloud\/beside: old,other$/,
      ) as unknown,
    })
    expect(objection('other', 'old', 'other')?.message).toMatch(/beside: other,old$/)
  })

  it('is fine where each of them was named, by id or by key', () => {
    expect(objection(undefined)).toBeUndefined()
    expect(objection('old, other', 'old', 'other')).toBeUndefined()
    expect(objection('old', installationKey('old'))).toBeUndefined()
    expect(objection(installationKey('old'), installationKey('old'))).toBeUndefined()
    expect(objection('older', 'old')).toBeDefined()
  })
})
