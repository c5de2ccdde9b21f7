import { describe, expect, it } from 'vitest'
import { add, testCache } from '../cache/testing.ts'
import { KINDS } from '../kinds/index.ts'
import type { Resource } from '../kinds/resource.ts'
import { ApiError } from '../kube/errors.ts'
import { buildTag, tagKey } from '../provider/tags.ts'
import type { Finding, Found } from './audit.ts'
import { expectedOf } from './audit-cluster.ts'
import { objectionTo } from './audit-objection.ts'

const PATH = 'seca.storage/v1/tenants/acme/workspaces/prod/block-storages/v'
const TAG = buildTag({ installation: 'i', region: 'eu-1', path: PATH })
const SPEC = { sizeGB: 10, skuRef: { resource: 'skus/rd100' } }

const leak = (tag = TAG, fields: Partial<Finding> = {}): Finding => ({
  finding: 'leaked',
  kind: 'BlockStorage',
  tag,
  account: 'a',
  message: '',
  isQuiet: true,
  found: { kind: 'BlockStorage', externalId: 'vol-1', tag, account: 'a', incarnation: 'n' } as Found,
  ...fields,
})

/** Asks with a cluster whose store and whose apiserver may know different things. */
function ask(
  finding: Finding,
  { cache = testCache(), live = [] }: { cache?: ReturnType<typeof testCache>; live?: readonly Resource[] } = {},
) {
  const asked: string[] = []
  const client = {
    get: (_gvr: unknown, namespace: string, name: string) => {
      asked.push(`${namespace}/${name}`)
      const found = live.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
      return found === undefined ? Promise.reject(new ApiError('gone', { status: 404, reason: 'NotFound' })) : Promise.resolve(found)
    },
    async *list() {
      asked.push('list')
      await Promise.resolve()
      yield { items: live, resourceVersion: '1' }
    },
  }
  const options = { client, lookup: cache, kinds: KINDS, installation: 'i', opened: () => new Map(), signal: new AbortController().signal }
  return { objection: objectionTo(finding, options as never), asked }
}

const volume = (status?: object) => add(testCache(), 'BlockStorage', 'w', 'v', SPEC, status)

describe('what keeps a leaked object from being deleted', () => {
  it('nothing where the cluster has no resource', async () => {
    const { objection, asked } = ask(leak())
    expect(await objection).toBeUndefined()
    expect(asked).toEqual(['w/v'])
  })

  it('a resource that the apiserver has and the store does not know of yet', async () => {
    expect(await ask(leak(), { live: [volume()] }).objection).toBe('there is a resource again: BlockStorage w/v')
  })

  it('the same of a nested kind, whose name has its parent in front', async () => {
    const tag = buildTag({
      installation: 'i',
      region: 'eu-1',
      path: 'seca.network/v1/tenants/acme/workspaces/prod/networks/n/subnets/s',
    })
    const { objection, asked } = ask(leak(tag, { kind: 'Subnet' }))
    expect(await objection).toBeUndefined()
    expect(asked).toEqual(['w/n.s'])
  })

  it('the same of a key, and of a tag that is too long for its path', async () => {
    const live = [volume()]
    const byKey = ask(leak(tagKey(TAG)), { live })
    expect(await byKey.objection).toBe('there is a resource again: BlockStorage w/v')
    expect(byKey.asked).toEqual(['list'])
    expect(await ask(leak(tagKey(`${TAG}x`)), { live }).objection).toBeUndefined()
  })

  it('a resource anywhere that records its id or its incarnation', async () => {
    for (const status of [{ externalId: 'vol-1' }, { incarnation: 'n' }]) {
      const cache = testCache()
      add(cache, 'BlockStorage', 'unlabelled', 'x', SPEC, status)
      expect(await ask(leak(), { cache }).objection).toBe('BlockStorage unlabelled/x records it')
    }
  })
})

describe('what keeps an abandoned object from being deleted', () => {
  function moved(account: string) {
    const cache = testCache()
    add(cache, 'CloudProvider', undefined, 'sim', { type: 'simulator', credentialsSecretRef: { name: 's' } }, { account })
    add(cache, 'BlockStorage', 'w', 'v', SPEC, { externalId: 'vol-2', incarnation: 'm' })
    return cache
  }
  const abandoned = (cache: ReturnType<typeof testCache>) => {
    const expected = expectedOf(cache, KINDS, 'i', new Map()).find(({ object }) => object === 'BlockStorage w/v')!
    return leak(TAG, { finding: 'abandoned', expected })
  }

  it('nothing while its resource lives on in the other account as it did', async () => {
    const cache = moved('b')
    expect(await ask(abandoned(cache), { cache }).objection).toBeUndefined()
  })

  it('a resource that came back to this account, got this id, or is gone', async () => {
    const finding = abandoned(moved('b'))
    const why = 'its resource changed since it was looked at'
    expect(await ask(finding, { cache: moved('a') }).objection).toBe(why)
    expect(await ask(finding, { cache: testCache() }).objection).toBe(why)
    const cache = moved('b')
    add(cache, 'BlockStorage', 'w', 'v', SPEC, { externalId: 'vol-1', incarnation: 'm' })
    expect(await ask(finding, { cache }).objection).toBe(why)
  })
})
