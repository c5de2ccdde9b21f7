import { describe, expect, it } from 'vitest'
import { ACTIVE, add, testCache } from '../../cache/testing.ts'
import { kindNamed } from '../../kinds/index.ts'
import type { Resource } from '../../kinds/resource.ts'
import { matchRoute } from '../path/routes.ts'
import { locate, type Target } from '../path/target.ts'
import { envelope, labelsOf, rendered, specOf, statusOf } from './envelope.ts'

const cache = testCache()
const now = () => Date.parse('2026-01-03T00:00:00Z')
const target = (path: string) => locate(cache, matchRoute('direct', `/providers/${path}`)!)
const DISK = target('seca.storage/v1/tenants/acme/workspaces/prod/block-storages/disk')
const disk = (more: object = {}, metadata: object = {}) => {
  const object = add(cache, 'BlockStorage', 'w', 'disk', { sizeGB: 5, skuRef: { resource: 'skus/rd100' } }, undefined, metadata)
  return { ...object, ...more }
}
const json = (one: Target, object: Resource, verb = 'GET') => envelope(one, object, verb, now) as Record<string, Record<string, unknown>>

describe('an envelope', () => {
  it('holds labels, annotations and extensions where there are any', () => {
    expect(Object.keys(json(DISK, disk()))).toEqual(['metadata', 'spec', 'status'])
    expect(Object.keys(json(DISK, disk({ extensions: {} }, { labels: {}, annotations: {} })))).toEqual(['metadata', 'spec', 'status'])
    // What is ours or of tooling is not shown.
    expect(
      json(DISK, disk({}, { labels: { 'app.kubernetes.io/x': 'y' }, annotations: { 'secapi.cloud/requested': 'z' } })),
    ).not.toHaveProperty('labels')
    const full = json(DISK, disk({ extensions: { e: '3' } }, { labels: { l: '1' }, annotations: { a: '2' } }))
    expect(full).toMatchObject({ labels: { l: '1' }, annotations: { a: '2' }, extensions: { e: '3' } })
  })

  it('of a region holds none of them, and no status', () => {
    const region = { ...cache.get('Region', 'eu-1')!, extensions: { e: '1' } }
    const labelled = { ...region, metadata: { ...region.metadata, labels: { l: '1' }, annotations: { a: '2' } } }
    expect(Object.keys(json(target('seca.region/v1/regions/eu-1'), labelled))).toEqual(['metadata', 'spec'])
  })

  it('of a PUT shows the stored state, of a GET what is the case', () => {
    const changed = disk({ status: ACTIVE }, { generation: 2, annotations: { 'secapi.cloud/requested': '2026-01-02T00:00:00.000Z/x' } })
    expect([json(DISK, changed, 'PUT')['status']?.['state'], json(DISK, changed)['status']?.['state']]).toEqual(['active', 'updating'])
    expect(json(DISK, changed, 'PUT')['metadata']?.['verb']).toBe('PUT')
  })
})

describe('a spec', () => {
  it('has only the contract’s fields', () => {
    const spec = { network: 'n', zone: 'a', cidr: {} }
    expect(specOf(kindNamed('Subnet')!, { spec })).toEqual({ zone: 'a', cidr: {} })
    expect(specOf(kindNamed('Workspace')!, { spec: { region: 'eu-1', own: 1 } })).toEqual({ own: 1 })
    expect(specOf(kindNamed('Workspace')!, {} as Resource)).toEqual({})
  })
})

describe('a status', () => {
  const kind = kindNamed('BlockStorage')!

  it('has the fields of its kind, with what they begin as', () => {
    expect(statusOf(kind, disk(), now)).toMatchObject({ state: 'pending', sizeGB: 5 })
    const recorded = disk({ status: { ...ACTIVE, sizeGB: 4, externalId: 'vol', incarnation: 'x', observedGeneration: 1 } })
    const status = statusOf(kind, recorded, now)
    expect(status).toMatchObject({ state: 'active', sizeGB: 4 })
    expect(Object.keys(status).toSorted()).toEqual(['conditions', 'sizeGB', 'state'])
  })
})

describe('rendering', () => {
  it('is done once for each version and place', () => {
    // Changed, nobody knows when: the time of the answer counts.
    const history = [{ state: 'active', lastTransitionAt: '2026-01-01T00:00:00.000Z' }]
    const object = disk({ status: { ...ACTIVE, history } }, { generation: 2, annotations: { 'secapi.cloud/requested': 'x' } })
    const text = rendered(DISK, object, { now })
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(json(DISK, object))))
    // From memory: what would be another answer now is not made.
    expect(rendered(DISK, object, { now: () => expect.unreachable('made again') })).toBe(text)
    for (const other of [{ tenant: 'other' }, { workspace: 'other' }, { region: 'mars' }]) {
      const metadata = (JSON.parse(rendered({ ...DISK, ...other }, object, { now })) as { metadata: object }).metadata
      expect(metadata).toMatchObject(other)
    }
    expect(rendered(DISK, disk({}, { labels: { l: '1' } }), { now })).not.toBe(text)
  })

  it('of what depends on who asks is done each time', () => {
    let port = 0
    const dynamicSpec = () => ({ url: `https://a:${++port}` })
    const spec = () => (JSON.parse(rendered(DISK, object, { now, dynamicSpec })) as { spec: unknown }).spec
    const object = disk()
    expect([spec(), spec()]).toEqual([{ url: 'https://a:1' }, { url: 'https://a:2' }])
    expect((JSON.parse(rendered(DISK, object, { now, dynamicSpec: () => undefined })) as { spec: object }).spec).toHaveProperty('sizeGB')
  })

  it('finds labels for selectors', () => {
    const object = disk({}, { labels: { l: '1', 'k8s.io/x': '2' } })
    expect(labelsOf(DISK, object)).toEqual({ l: '1' })
    expect(labelsOf(DISK, object)).toBe(labelsOf(DISK, object))
  })
})
