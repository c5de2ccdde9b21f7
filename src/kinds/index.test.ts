import type * as z from 'zod'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { objectSchema } from '../schema/crd.ts'
import type { Structural } from '../schema/structural.ts'
import { type BlockStorage, type Instance, KINDS, kindNamed } from './index.ts'
import type { Kind, OwnStatus, Spec } from './kind.ts'
import type { Reference } from './ref.ts'

/** Names and short names that kubectl already knows. */
const BUILT_IN =
  'all cm cs ep ev limits no ns po pvc pv quota rc sa svc crd crds ds deploy rs sts hpa cj csr ing netpol pdb pc sc vac lease ctr crole vap apiservice'.split(
    ' ',
  )

/** Every reference field and what it does, as contract §9 decides: `!` must exist, `+` held, `~` not waited for. */
const REFERENCES: Readonly<Record<string, readonly string[]>> = {
  Image: ['blockStorageRef BlockStorage!'],
  BlockStorage: ['skuRef StorageSku!', 'sourceImageRef Image'],
  Network: ['skuRef NetworkSku!'],
  RouteTable: ['routes.[].targetRef InternetGateway!|Instance|Nic ~'],
  Subnet: ['routeTableRef RouteTable!', 'skuRef NetworkSku!'],
  SecurityGroupRule: ['sourceRef.[] SecurityGroup|Network|Subnet|Nic|Instance|PublicIp ~'],
  SecurityGroup: ['rules.[].sourceRef.[] SecurityGroup|Network|Subnet|Nic|Instance|PublicIp ~', 'ruleRefs.[] SecurityGroupRule!'],
  Nic: ['subnetRef Subnet! +', 'skuRef NetworkSku!', 'publicIpRefs.[] PublicIp +', 'securityGroupRefs.[] SecurityGroup'],
  Instance: [
    'skuRef InstanceSku!',
    'bootVolume.deviceRef BlockStorage! +',
    'dataVolumes.[].deviceRef BlockStorage! +',
    'primaryNicRef Nic +',
    'additionalNicRefs.[] Nic +',
    'securityGroupRef SecurityGroup',
  ],
}

function undescribed(node: Structural, path: string): string[] {
  const properties = Object.entries(node.properties ?? {})
  return [
    ...properties.flatMap(([name, field]) => (field.description ? [] : [`${path}.${name}`])),
    ...properties.flatMap(([name, field]) => undescribed(field, `${path}.${name}`)),
    ...(node.items ? undescribed(node.items, `${path}[]`) : []),
  ]
}

describe('the registry', () => {
  it('has unique names that are not in use', () => {
    const names = KINDS.flatMap((kind) => [kind.kind.toLowerCase(), kind.gvr.resource, ...kind.shortNames])
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
    expect(names.filter((name) => BUILT_IN.includes(name))).toEqual([])
  })

  it('finds kinds by name', () => {
    for (const kind of KINDS) expect(kindNamed(kind.kind)).toBe(kind)
    expect(kindNamed('Pod')).toBeUndefined()
  })

  it('names groups, versions and resources by one rule', () => {
    expect(kindNamed('PublicIp')!.gvr).toEqual({
      group: 'network.secapi.cloud',
      version: 'v1',
      resource: 'publicips',
      kind: 'PublicIp',
      namespaced: true,
    })
    expect(kindNamed('CloudProvider')!.apiVersion).toBe('operator.secapi.cloud/v1alpha1')
    expect(kindNamed('Region')!.gvr.namespaced).toBe(false)
  })

  it('names only kinds that exist, and puts parents where children are', () => {
    const targets = KINDS.flatMap((kind) => kind.references.flatMap(({ rule }) => [...rule.to, ...rule.mustExist]))
    expect(targets.filter((target) => !kindNamed(target))).toEqual([])
    for (const kind of KINDS) {
      if (!kind.parent) continue
      expect(kindNamed(kind.parent.kind)?.scope).toBe(kind.scope)
      expect(Object.keys(kind.kubeSpec.shape)).toContain(kind.parent.field)
    }
  })

  it('keeps contract fields and Kubernetes-only fields apart', () => {
    for (const kind of KINDS) expect(Object.keys(kind.kubeSpec.shape).filter((name) => name in kind.spec.shape)).toEqual([])
  })

  it('holds every reference to contract §9', () => {
    const found = KINDS.filter((kind) => kind.references.length > 0).map((kind) => [
      kind.kind,
      kind.references.map(({ path, rule }) => {
        const targets = rule.to.map((target) => target + (rule.mustExist.includes(target) ? '!' : '')).join('|')
        return `${path.join('.')} ${targets}${rule.holds ? ' +' : ''}${rule.wait === 'none' ? ' ~' : ''}`
      }),
    ])
    expect(Object.fromEntries(found)).toEqual(REFERENCES)
  })

  it('describes every field for kubectl explain', () => {
    const parts = (kind: Kind) => Object.entries(objectSchema(kind).properties ?? {}).filter(([name]) => name !== 'metadata')
    expect(KINDS.flatMap((kind) => parts(kind).flatMap(([name, part]) => undescribed(part, `${kind.kind}.${name}`)))).toEqual([])
  })

  it('selects only on fields that are there', () => {
    for (const kind of KINDS)
      for (const path of kind.selectable ?? []) {
        const field = path
          .split('.')
          .slice(1)
          .reduce<Structural | undefined>((node, name) => node?.properties?.[name], objectSchema(kind))
        expect(field?.type, `${kind.kind} ${path}`).toBe('string')
      }
  })
})

describe('types', () => {
  it('follow the schemas', () => {
    expectTypeOf<Spec<typeof BlockStorage>>().toMatchObjectType<{ sizeGB: number; skuRef: Reference }>()
    expectTypeOf<Spec<typeof Instance>['powerState']>().toEqualTypeOf<'on' | 'off' | undefined>()
    expectTypeOf<OwnStatus<typeof BlockStorage>['sizeGB']>().toEqualTypeOf<number | undefined>()
    expectTypeOf(KINDS[0]!.spec).toExtend<z.ZodObject>()
  })
})
