import { describe, expect, it } from 'vitest'
import { GLOBAL_APIS, REGIONAL_APIS, surfaceNamed, SURFACES } from './surface.ts'

/** The contract's table of resources (contract §1), written out. */
const EXPECTED: Record<string, { path: string; schema: string; flags: string }> = {
  Region: { path: 'v1/regions', schema: 'Global', flags: 'readOnly history' },
  Role: { path: 'v1/tenants/{tenant}/roles', schema: 'GlobalTenant', flags: 'tenant status history labels' },
  RoleAssignment: { path: 'v1/tenants/{tenant}/role-assignments', schema: 'GlobalTenant', flags: 'tenant status history labels' },
  Workspace: { path: 'v1/tenants/{tenant}/workspaces', schema: 'Regional', flags: 'tenant regional status history labels' },
  Image: { path: 'v1/tenants/{tenant}/images', schema: 'Regional', flags: 'tenant regional status history labels' },
  StorageSku: { path: 'v1/tenants/{tenant}/skus', schema: 'Sku', flags: 'tenant regional perRegion readOnly labels' },
  BlockStorage: {
    path: 'v1/tenants/{tenant}/workspaces/{workspace}/block-storages',
    schema: 'RegionalWorkspace',
    flags: 'tenant regional status history labels',
  },
  Subnet: {
    path: 'v1/tenants/{tenant}/workspaces/{workspace}/networks/{network}/subnets',
    schema: 'RegionalNetwork',
    flags: 'tenant regional status history labels',
  },
}

describe('a surface', () => {
  it.each(Object.entries(EXPECTED))('of %s follows from its kind', (name, { path, schema, flags }) => {
    const surface = surfaceNamed(name)!
    const { hasTenant, isRegional, isPerRegion, isReadOnly, hasStatus, hasHistory, hasLabels } = surface
    const all = { tenant: hasTenant, regional: isRegional, perRegion: isPerRegion, readOnly: isReadOnly, status: hasStatus }
    const names = Object.entries({ ...all, history: hasHistory, labels: hasLabels }).flatMap(([flag, isSet]) => (isSet ? [flag] : []))
    expect([surface.segments.join('/'), surface.metadataSchema, names.join(' ')]).toEqual([path, `${schema}ResourceMetadata`, flags])
    expect([surface.kind.kind, surface.version, surface.kind.api]).toEqual([name, 'v1', `${surface.api}/v1`])
    expect(surface.parent?.parameter).toBe(name === 'Subnet' ? 'network' : undefined)
  })

  it('is there for what SECA knows, and not for the operator’s own kinds', () => {
    expect(surfaceNamed('CloudProvider')).toBeUndefined()
    expect(surfaceNamed('toString')).toBeUndefined()
    expect(SURFACES.every(({ api }) => api.startsWith('seca.'))).toBe(true)
  })

  it('APIs have a region or have none', () => {
    const regional = ['seca.compute', 'seca.network', 'seca.storage', 'seca.workspace']
    expect([...REGIONAL_APIS].toSorted()).toEqual(regional.map((api) => [api, ['v1']]))
    expect([...GLOBAL_APIS].toSorted()).toEqual(['seca.authorization', 'seca.region'].map((api) => [api, ['v1']]))
  })
})
