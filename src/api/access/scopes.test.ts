import { describe, expect, it } from 'vitest'
import { kindNamed } from '../../kinds/index.ts'
import type { Attempt } from '../contract.ts'
import { isMaterial, isReading, missOf, placeOf, reachOfAssignment, reachOfToken } from './scopes.ts'

const attempt = (kind: string, more: Partial<Attempt> = {}): Attempt => ({
  verb: 'get',
  kind: kindNamed(kind)!,
  region: 'eu-1',
  tenant: 'acme',
  name: 'x',
  ...more,
})

describe('the place of an attempt', () => {
  it.each([
    ['Instance', { workspace: 'prod' }, { region: 'eu-1', workspace: 'prod', isForAllWorkspaces: false }],
    ['Image', {}, { region: 'eu-1', workspace: undefined, isForAllWorkspaces: true }],
    ['Image', { verb: 'list' }, { region: 'eu-1', workspace: undefined, isForAllWorkspaces: true }],
    ['Image', { verb: 'put' }, { region: 'eu-1', workspace: undefined, isForAllWorkspaces: false }],
    ['InstanceSku', {}, { region: 'eu-1', workspace: undefined, isForAllWorkspaces: true }],
    // A workspace is inside of itself; all of them are inside none.
    ['Workspace', { name: 'prod' }, { region: 'eu-1', workspace: 'prod', isForAllWorkspaces: false }],
    ['Workspace', { verb: 'list', name: undefined }, { region: 'eu-1', workspace: undefined, isForAllWorkspaces: false }],
    // What decides in all regions is in none.
    ['Role', {}, { region: undefined, workspace: undefined, isForAllWorkspaces: false }],
    ['RoleAssignment', { verb: 'list' }, { region: undefined, workspace: undefined, isForAllWorkspaces: false }],
  ])('%s %j', (kind, more, place) => {
    expect(placeOf(attempt(kind, more as Partial<Attempt>))).toEqual({ tenant: 'acme', ...place })
  })

  it('SKUs and images are what things in workspaces are made of', () => {
    const names = ['InstanceSku', 'StorageSku', 'NetworkSku', 'Image', 'Instance', 'Workspace', 'Role', 'RoleAssignment', 'Region']
    expect(names.filter((name) => isMaterial(kindNamed(name)!))).toEqual(['InstanceSku', 'StorageSku', 'NetworkSku', 'Image'])
    const verbs = ['get', 'list', 'put', 'delete', 'post'] as const
    expect(verbs.filter((verb) => isReading(attempt('Image', { verb })))).toEqual(['get', 'list'])
  })
})

describe('what a scope leaves out', () => {
  const here = { tenant: 'acme', region: 'eu-1', workspace: 'prod', isForAllWorkspaces: false }
  type Scope = { tenants?: string[]; regions?: string[]; workspaces?: string[] }

  it.each<[Scope, ReturnType<typeof missOf>, ReturnType<typeof missOf>]>([
    // As an assignment has it, as a token has it.
    [{}, undefined, undefined],
    [{ tenants: [] }, undefined, 'tenant'],
    [{ regions: [], workspaces: [] }, undefined, undefined],
    [{ tenants: ['*'] }, undefined, 'tenant'],
    [{ regions: ['*'] }, undefined, 'region'],
    [{ workspaces: ['*'] }, undefined, 'workspace'],
    [{ workspaces: ['other', '*'] }, undefined, 'workspace'],
    [{ tenants: ['acme'], regions: ['eu-1'], workspaces: ['prod'] }, undefined, undefined],
    [{ tenants: ['other', 'acme'] }, undefined, undefined],
    [{ tenants: ['other'] }, 'tenant', 'tenant'],
    [{ tenants: ['ACME'] }, 'tenant', 'tenant'],
    [{ regions: ['mars'] }, 'region', 'region'],
    [{ workspaces: ['test'] }, 'workspace', 'workspace'],
    [{ tenants: ['other'], regions: ['mars'], workspaces: ['test'] }, 'tenant', 'tenant'],
    [{ regions: ['mars'], workspaces: ['test'] }, 'region', 'region'],
  ])('%j', (scope, ofAssignment, ofToken) => {
    expect(missOf(reachOfAssignment(scope), here)).toBe(ofAssignment)
    expect(missOf(reachOfToken(scope), here)).toBe(ofToken)
  })

  it('what has no region or workspace is outside of each one, but material is for all workspaces', () => {
    const regions = reachOfAssignment({ regions: ['eu-1'] })
    const workspaces = reachOfAssignment({ workspaces: ['prod'] })
    expect(missOf(regions, { ...here, region: undefined })).toBe('region')
    expect(missOf(workspaces, { ...here, workspace: undefined })).toBe('workspace')
    expect(missOf(workspaces, { ...here, workspace: undefined, isForAllWorkspaces: true })).toBeUndefined()
    expect(missOf(regions, { ...here, region: 'mars', isForAllWorkspaces: true })).toBe('region')
  })

  it('a token is read once', () => {
    const scope = { tenants: ['acme'] }
    expect(reachOfToken(scope)).toBe(reachOfToken(scope))
    expect(reachOfToken({ tenants: ['acme'] })).not.toBe(reachOfToken(scope))
  })
})
