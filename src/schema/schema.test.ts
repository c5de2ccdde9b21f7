import { describe, expect, it } from 'vitest'
import { KINDS, kindNamed } from '../kinds/index.ts'
import { allCrds, crd } from './crd.ts'
import { tenantPolicy } from './policy.ts'
import {
  aggregationNamespaceRules,
  aggregationRules,
  apiRules,
  declaredRules,
  managedTlsRules,
  namespaceRules,
  type PolicyRule,
  pruneRules,
  rbacRules,
  userRoles,
} from './rbac.ts'
import { validateSpec } from './validate.ts'

const kind = (name: string) => kindNamed(name)!
const version = (name: string) => crd(kind(name)).spec.versions[0]!

describe('crd', () => {
  it('makes status exist from the start', () => {
    const status = version('Nic').schema.openAPIV3Schema.properties!['status']!
    expect(status.default).toEqual({ observedGeneration: -1 })
    expect(status.properties!['observedGeneration']!.default).toBe(-1)
    expect(status.required).toBeUndefined()
  })

  it('leaves status out where SECA has none', () => {
    expect(version('StorageSku')).not.toHaveProperty('subresources')
    expect(version('StorageSku').schema.openAPIV3Schema.properties).not.toHaveProperty('status')
  })

  it('keeps the catalogue out of what `kubectl delete seca --all` names', () => {
    const categories = Object.fromEntries(allCrds().map(({ spec }) => [spec.names.kind, spec.names.categories[0]]))
    const catalog = ['CloudProvider', 'InstanceSku', 'NetworkSku', 'Region', 'StorageSku']
    expect(
      Object.keys(categories)
        .filter((name) => categories[name] === 'seca-catalog')
        .toSorted(),
    ).toEqual(catalog)
    expect(
      allCrds()
        .filter(({ spec }) => spec.scope === 'Cluster')
        .map(({ spec }) => spec.names.kind)
        .toSorted(),
    ).toEqual(catalog)
  })

  it('merges contract and Kubernetes fields, rules included', () => {
    const spec = version('Subnet').schema.openAPIV3Schema.properties!['spec']!
    expect(Object.keys(spec.properties!)).toEqual(['network', 'cidr', 'zone', 'routeTableRef', 'skuRef'])
    expect(spec.required).toEqual(['network', 'cidr', 'zone', 'routeTableRef'])
    const workspace = version('Workspace').schema.openAPIV3Schema
    expect(workspace.required).toBeUndefined()
    expect(workspace.properties!['spec']).toMatchObject({ default: {}, 'x-kubernetes-preserve-unknown-fields': true })
  })
})

describe('rights', () => {
  const may = (rules: readonly PolicyRule[], group: string, resource: string, verb: string) =>
    rules.some((rule) => rule.apiGroups.includes(group) && rule.resources.includes(resource) && rule.verbs.includes(verb))
  const all = [...rbacRules(), ...namespaceRules(), ...apiRules()]

  it('hold no wildcard and nothing that lets rights grow', () => {
    const more = [...aggregationRules(), ...aggregationNamespaceRules(), ...declaredRules(), ...pruneRules(), ...managedTlsRules('tls')]
    for (const rule of [...all, ...more]) {
      expect([...rule.apiGroups, ...rule.resources, ...rule.verbs]).not.toContain('*')
      expect(rule.verbs.filter((verb) => ['escalate', 'impersonate', 'deletecollection'].includes(verb))).toEqual([])
    }
    expect(rbacRules().filter((rule) => rule.resources.includes('secrets'))).toEqual([])
    expect(all.some((rule) => rule.resources.includes('secrets') && rule.verbs.join() !== 'get')).toBe(false)
    expect(all.filter((rule) => rule.verbs.includes('bind')).flatMap((rule) => rule.resources)).toEqual(['tenants'])
  })

  it('let controllers delete only what dies with its parent or tenant, and make only catalogue entries', () => {
    expect(
      KINDS.filter(({ gvr }) => may(rbacRules(), gvr.group, gvr.resource, 'delete')).every(
        ({ scope, diesWithWorkspace, isOffered }) => scope === 'workspace' || diesWithWorkspace || isOffered,
      ),
    ).toBe(true)
    expect(
      KINDS.filter(({ gvr }) => may(rbacRules(), gvr.group, gvr.resource, 'create')).every((each) => each.catalog || each.isOffered),
    ).toBe(true)
    expect(may(rbacRules(), 'network.secapi.cloud', 'nics/status', 'patch')).toBe(true)
    expect(may(apiRules(), 'network.secapi.cloud', 'nics/status', 'patch')).toBe(false)
  })

  it('give editors everything of a tenant but access to it', () => {
    const rules = Object.fromEntries(
      userRoles().map((role) => [(role['metadata'] as { name: string }).name, role['rules'] as PolicyRule[] | undefined]),
    )
    expect(may(rules['seca-edit']!, 'compute.secapi.cloud', 'instances', 'create')).toBe(true)
    expect(may(rules['seca-edit']!, 'authorization.secapi.cloud', 'roleassignments', 'create')).toBe(false)
    expect(may(rules['seca-admin']!, 'authorization.secapi.cloud', 'roleassignments', 'create')).toBe(true)
    expect(may(rules['seca-edit']!, 'operator.secapi.cloud', 'cloudproviders', 'create')).toBe(false)
    expect(may(rules['seca-view']!, 'compute.secapi.cloud', 'instances/status', 'patch')).toBe(false)
  })
})

describe('tenant policy', () => {
  it('covers the subresources that can change labels too', () => {
    expect(JSON.stringify(tenantPolicy()[0])).toContain('"namespaces","namespaces/status","namespaces/finalize"')
  })
})

describe('validateSpec', () => {
  const skuRef = { resource: 'skus/rd100' }

  it('fills defaults in and drops what it does not know', () => {
    const result = validateSpec(kind('Image'), { blockStorageRef: skuRef, cpuArchitecture: 'arm64', shoeSize: 42 })
    expect(result).toEqual({ ok: true, spec: { blockStorageRef: skuRef, cpuArchitecture: 'arm64', initializer: 'none', boot: 'UEFI' } })
  })

  it('points at what is wrong', () => {
    const result = validateSpec(kind('SecurityGroup'), {
      rules: [{ direction: 'ingress' }, { direction: 'up', ports: {}, annotations: { 'a/b': 1 } }],
    })
    const pointers = result.ok ? [] : result.issues.map(({ pointer }) => pointer)
    expect(pointers).toEqual(['/spec/rules/1/direction', '/spec/rules/1/ports', '/spec/rules/1/annotations/a~1b'])
  })

  it('takes no spec for an empty one only where the contract does', () => {
    expect(validateSpec(kind('Workspace'), null)).toEqual({ ok: true, spec: {} })
    expect(validateSpec(kind('Workspace'), { team: { any: [1] } })).toEqual({ ok: true, spec: { team: { any: [1] } } })
    expect(validateSpec(kind('Nic'), undefined)).toMatchObject({ ok: false, issues: [{ pointer: '/spec' }] })
  })
})
