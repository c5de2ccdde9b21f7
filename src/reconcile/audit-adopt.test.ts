import { describe, expect, it } from 'vitest'
import { add, testCache } from '../cache/testing.ts'
import { buildTag, tagKey } from '../provider/tags.ts'
import type { Finding } from './audit.ts'
import { adoptionsOf } from './audit-adopt.ts'

const SPEC = { sizeGB: 10, skuRef: { resource: 'skus/rd100' } }
const TAG = buildTag({ installation: 'i', region: 'eu-1', path: 'seca.storage/v1/tenants/acme/workspaces/prod/block-storages/v' })

const finding = (fields: Partial<Finding> = {}): Finding => ({
  finding: 'leaked',
  kind: 'BlockStorage',
  tag: TAG,
  account: 'a',
  message: '',
  isQuiet: true,
  ...fields,
})
const manifest = (name: string, metadata: object = {}) =>
  add(testCache(), 'BlockStorage', 'w', name, SPEC, { externalId: 'x' }, { labels: { team: 'red' }, ...metadata })
const adopted = (found: readonly Finding[], ...manifests: ReturnType<typeof manifest>[]) =>
  adoptionsOf(testCache(), 'i', found, manifests).map((one) => one.manifest)

describe('manifests of leaked objects', () => {
  it('are those in the place of the tag, without what only the cluster writes', () => {
    const metadata = { name: 'v', namespace: 'w', labels: { team: 'red' } }
    expect(adopted([finding()], manifest('v'), manifest('other'))).toEqual([
      { apiVersion: manifest('v').apiVersion, kind: 'BlockStorage', metadata, spec: SPEC },
    ])
    expect(adopted([finding({ tag: tagKey(TAG) })], manifest('v'))).toMatchObject([{ metadata }])
  })

  it('are none of what is not leaked, of another tenant, version or kind', () => {
    expect(adopted([finding({ finding: 'missing' })], manifest('v'))).toEqual([])
    expect(adopted([finding()], manifest('v', { namespace: 'elsewhere' }))).toEqual([])
    expect(adopted([finding()], { ...manifest('v'), apiVersion: 'storage.secapi.cloud/v9' })).toEqual([])
    expect(adopted([finding()], { ...manifest('v'), kind: 'Deployment' })).toEqual([])
  })

  it('count once, the first', () => {
    expect(adopted([finding()], manifest('v', { labels: { n: '1' } }), manifest('v', { labels: { n: '2' } }))).toMatchObject([
      { metadata: { labels: { n: '1' } } },
    ])
  })
})
