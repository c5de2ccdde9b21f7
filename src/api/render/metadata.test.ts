import { describe, expect, it } from 'vitest'
import { add, testCache } from '../../cache/testing.ts'
import { matchRoute } from '../path/routes.ts'
import { locate } from '../path/target.ts'
import { listMetadata, metadataOf, refOf } from './metadata.ts'

const cache = testCache()
const target = (path: string) => locate(cache, matchRoute('direct', `/providers/${path}`)!)
const TIMES = { createdAt: '2026-01-01T00:00:00.000Z', lastModifiedAt: '2026-01-01T00:00:00.000Z', resourceVersion: 7 }
const shown = (path: string, kind: string, namespace: string | undefined, name: string, metadata: object = {}, verb = 'GET') =>
  metadataOf(target(path), add(cache, kind, namespace, name, {}, undefined, { resourceVersion: '7', ...metadata }), verb)

describe('metadata', () => {
  it('of a resource in a workspace', () => {
    const path = 'seca.storage/v1/tenants/acme/workspaces/prod/block-storages/disk'
    expect(shown(path, 'BlockStorage', 'w', 'disk', {}, 'PUT')).toEqual({
      name: 'disk',
      provider: 'seca.storage/v1',
      resource: 'block-storages/disk',
      verb: 'PUT',
      apiVersion: 'v1',
      kind: 'block-storage',
      ref: path,
      tenant: 'acme',
      workspace: 'prod',
      region: 'eu-1',
      ...TIMES,
    })
  })

  it('of a nested one names its parent, and not in its name', () => {
    const path = 'seca.network/v1/tenants/acme/workspaces/prod/networks/n/subnets/a.b'
    expect(shown(path, 'Subnet', 'w', 'n.a.b')).toMatchObject({
      name: 'a.b',
      resource: 'networks/n/subnets/a.b',
      ref: path,
      network: 'n',
      workspace: 'prod',
    })
  })

  it('of a SKU has no history, and not the region in its name', () => {
    const metadata = shown('seca.storage/v1/tenants/acme/skus', 'StorageSku', undefined, 'eu-1.fast')
    expect(metadata).toMatchObject({ name: 'fast', ref: 'seca.storage/v1/tenants/acme/skus/fast', tenant: 'acme', region: 'eu-1' })
    for (const field of [...Object.keys(TIMES), 'workspace', 'network', 'deletedAt']) expect(metadata).not.toHaveProperty(field)
  })

  it('of what has no region, workspace or tenant names none', () => {
    const role = shown('seca.authorization/v1/tenants/acme/roles/r', 'Role', 't', 'r')
    expect(role).toMatchObject({ tenant: 'acme', ref: 'seca.authorization/v1/tenants/acme/roles/r', ...TIMES })
    expect([role, role]).toEqual([expect.not.objectContaining({ region: 'eu-1' }), expect.not.objectContaining({ workspace: undefined })])
    expect(Object.keys(role)).not.toContain('region')
    const region = shown('seca.region/v1/regions/r', 'Region', undefined, 'r')
    expect(region).toMatchObject({ name: 'r', ref: 'seca.region/v1/regions/r', resource: 'regions/r' })
    expect(Object.keys(region)).not.toContain('tenant')
  })

  it('says since when the resource is being deleted', () => {
    const path = 'seca.storage/v1/tenants/acme/workspaces/prod/block-storages/x'
    expect(shown(path, 'BlockStorage', 'w', 'x')).not.toHaveProperty('deletedAt')
    expect(shown(path, 'BlockStorage', 'w', 'x', { deletionTimestamp: '2026-01-02T00:00:00Z' })).toHaveProperty(
      'deletedAt',
      '2026-01-02T00:00:00.000Z',
    )
  })

  it('of a page', () => {
    const subnets = target('seca.network/v1/tenants/acme/workspaces/prod/networks/n/subnets')
    expect(listMetadata(subnets, undefined)).toEqual({ provider: 'seca.network/v1', resource: 'networks/n/subnets', verb: 'GET' })
    expect(listMetadata(subnets, 'x')).toHaveProperty('skipToken', 'x')
    expect(refOf(target('seca.storage/v1/tenants/acme/images/debian'))).toBe('seca.storage/v1/tenants/acme/images/debian')
  })
})
