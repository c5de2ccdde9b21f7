import { describe, expect, it } from 'vitest'
import type { Manifest } from '../../cli/manifests.ts'
import { kindNamed } from '../../kinds/index.ts'
import type { Capability } from '../../provider/contract.ts'
import { scopeByName } from './place.ts'
import { planOf } from './plan.ts'

const ABLE: Capability = { object: 'own', updates: [], create: 'plain', lookup: 'tag', settleMs: 0, lane: 'none' }
const ALL = ['Workspace', 'BlockStorage', 'Network', 'Subnet', 'RouteTable', 'SecurityGroup', 'Nic', 'PublicIp', 'Instance', 'Image']
const capabilities = (...without: string[]) => Object.fromEntries(ALL.filter((kind) => !without.includes(kind)).map((kind) => [kind, ABLE]))
const to = (resource: string) => ({ resource })

const of = (kind: string, name: string, spec?: object, more: object = {}): Manifest => {
  const { apiVersion = 'v1', scope } = kindNamed(kind) ?? {}
  const namespace = scope === 'workspace' ? { namespace: 'seca-acme--prod' } : scope === 'tenant' ? { namespace: 'seca-acme' } : {}
  return { apiVersion, kind, metadata: { name, ...namespace, ...more }, ...(spec && { spec }) }
}
const MANIFESTS: readonly Manifest[] = [
  of('Namespace', 'seca-acme', undefined, { labels: { 'secapi.cloud/tenant': 'acme', team: 'shop' } }),
  of('Workspace', 'prod', { region: 'eu-1' }),
  of('Role', 'reader', {}),
  of('Region', 'eu-1', {}),
  of('Nic', 'web', {
    subnetRef: to('networks/main/subnets/front'),
    securityGroupRefs: [to('security-groups/web'), to('security-groups/ssh')],
    publicIpRefs: [to('public-ips/web')],
  }),
  of('SecurityGroup', 'web', {}),
  of('SecurityGroup', 'ssh', {}),
  of('PublicIp', 'web', {}),
  of('Network', 'main', {}),
  of('Subnet', 'main.front', { network: 'main', zone: 'a' }),
  of('BlockStorage', 'boot', { sourceImageRef: { resource: 'seca.storage/v1/tenants/acme/images/base', tenant: 'acme' } }),
  of('BlockStorage', 'other', { sourceImageRef: to('seca.storage/v1/tenants/seca/images/debian') }),
  of(
    'Instance',
    'web',
    { zone: 'z', primaryNicRef: to('nics/web'), bootVolume: { deviceRef: to('block-storages/boot') } },
    { annotations: { 'secapi.cloud/external-id': 'vm-1', note: 'kept' } },
  ),
]
const plan = (without: readonly string[] = [], skipsUnsupported = false, manifests = MANIFESTS) =>
  planOf(
    manifests,
    { region: 'eu-2', zones: ['a', 'b'], capabilities: capabilities(...without) },
    { skipsUnsupported, scopeOf: scopeByName },
  )
const names = ({ objects }: ReturnType<typeof plan>) => objects.map(({ kind, object }) => `${kind.kind} ${object.metadata.name}`)
const specOf = (made: ReturnType<typeof plan>, kind: string, name = 'web') =>
  made.objects.find(({ object }) => object.kind === kind && object.metadata.name === name)?.object.spec as Record<string, unknown>

describe('a plan', () => {
  const whole = plan()

  it('has namespaces of its own, tenants first, also where no manifest brings one', () => {
    expect(whole.namespaces.map(({ metadata }) => [metadata.name, metadata.labels])).toEqual([
      ['seca-acme-compare-eu-2', { team: 'shop', 'secapi.cloud/tenant': 'acme-compare-eu-2', 'secapi.cloud/compared': 'eu-2' }],
      [
        'seca-acme-compare-eu-2--prod',
        { 'secapi.cloud/tenant': 'acme-compare-eu-2', 'secapi.cloud/workspace': 'prod', 'secapi.cloud/compared': 'eu-2' },
      ],
    ])
    expect(new Set(whole.objects.map(({ object }) => object.metadata.namespace))).toEqual(
      new Set(['seca-acme-compare-eu-2', 'seca-acme-compare-eu-2--prod']),
    )
  })

  it('is for the region: its tenants, its zones, and nothing that names a cloud object', () => {
    expect(specOf(whole, 'Workspace', 'prod')).toEqual({ region: 'eu-2' })
    expect(specOf(whole, 'BlockStorage', 'boot')['sourceImageRef']).toEqual({
      resource: 'seca.storage/v1/tenants/acme-compare-eu-2/images/base',
      tenant: 'acme-compare-eu-2',
    })
    expect(specOf(whole, 'BlockStorage', 'other')['sourceImageRef']).toEqual(to('seca.storage/v1/tenants/seca/images/debian'))
    expect(specOf(whole, 'Instance')['zone']).toBe('a')
    expect(whole.objects.find(({ kind }) => kind.kind === 'Instance')?.object.metadata.annotations).toEqual({ note: 'kept' })
    expect(whole.remarks).toEqual([
      'zone z is not there: a was taken',
      "an annotation was left out, since it speaks of objects that are not the comparison's: Instance web: secapi.cloud/external-id",
    ])
  })

  it('leaves out what is no matter of clouds, or everybody’s', () => {
    expect(whole.leftOut).toEqual([
      { object: 'Role reader', why: 'no cloud has to do with it', isLack: false },
      { object: 'Region eu-1', why: 'it is the same for everybody: what the region has is used', isLack: false },
    ])
    expect(plan([], false, [of('Pod', 'x'), { ...of('Nic', 'x'), metadata: { name: 'x', namespace: 'default' } }]).leftOut).toEqual([
      { object: 'Pod x', why: 'it is no kind of SECA', isLack: false },
      { object: 'Nic x', why: 'namespace default stands for no tenant', isLack: false },
    ])
  })

  it('makes the workspace of which only the namespace is named', () => {
    expect(names(plan([], false, [of('PublicIp', 'web', {})]))).toEqual(['Workspace prod', 'PublicIp web'])
  })

  it('knows who needs whom, and what the provider cannot do: that is tried all the same', () => {
    expect(whole.objects.find(({ object }) => object.kind === 'Nic')?.needs).toEqual([
      'Subnet seca-acme-compare-eu-2--prod/main.front',
      'SecurityGroup seca-acme-compare-eu-2--prod/web',
      'SecurityGroup seca-acme-compare-eu-2--prod/ssh',
    ])
    expect(whole.objects.every(({ isClaimed }) => isClaimed)).toBe(true)
    const poor = plan(['Subnet'])
    expect(poor.objects.filter(({ isClaimed }) => !isClaimed).map(({ object }) => object.kind)).toEqual(['Nic', 'Subnet', 'Instance'])
    expect(names(poor)).toEqual(names(whole))
  })

  it('skips it when told, with what cannot be without it, and says why', () => {
    const poor = plan(['Subnet'], true)
    expect(names(poor)).not.toContain('Nic web')
    expect(poor.leftOut.slice(2)).toEqual([
      { object: 'Nic web', why: 'it needs Subnet main.front', isLack: true },
      { object: 'Subnet main.front', why: 'the provider has no Subnet', isLack: true },
      { object: 'Instance web', why: 'it needs Nic web', isLack: true },
    ])
  })

  it('drops items of lists, and what is not waited for', () => {
    const poor = plan(['SecurityGroup', 'PublicIp'], true)
    expect(specOf(poor, 'Nic')).toMatchObject({ securityGroupRefs: [], publicIpRefs: [] })
    expect(poor.leftOut.find(({ object }) => object.startsWith('Nic'))).toEqual({
      object: 'Nic web: publicIpRefs[0], securityGroupRefs[0], securityGroupRefs[1]',
      why: 'what it names is left out',
      isLack: true,
    })
  })

  it('tells which fields stand for nothing there', () => {
    const target = { region: 'eu-2', zones: ['a'], capabilities: { ...capabilities(), Subnet: { ...ABLE, ignores: ['zone', 'skuRef'] } } }
    expect(planOf(MANIFESTS, target, { skipsUnsupported: false, scopeOf: scopeByName }).remarks).toContain(
      'nothing of this cloud stands for Subnet.zone, which is set by main.front',
    )
  })
})
