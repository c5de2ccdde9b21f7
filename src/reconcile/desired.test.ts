import { describe, expect, test } from 'vitest'
import { cpuMs } from '../dev/cpu-time.ts'
import { ACTIVE, add, testCache } from '../cache/testing.ts'
import { kindNamed } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Reference } from '../kinds/ref.ts'
import { Graph } from '../resolve/graph.ts'
import { desiredOf } from './desired.ts'
import { handleOf, pathOf } from './path.ts'

const group = kindNamed('SecurityGroup') as Kind
const nicKind = kindNamed('Nic') as Kind
const IDENTITY = { tagOf: () => 't', installationKey: 'k', incarnation: 'i', mayAdopt: false, reads: [] }

/** A group of 500 rules that name 16,000 instances, of which the last is there. */
function large() {
  const cache = testCache()
  add(cache, 'Instance', 'w', 'i15999', {}, { ...ACTIVE, externalId: 'vm' })
  const rules = Array.from({ length: 500 }, (_, rule) => ({
    direction: 'ingress',
    sourceRef: Array.from({ length: 32 }, (_, item): Reference => ({ resource: `instances/i${rule * 32 + item}` })),
  }))
  const object = add(cache, 'SecurityGroup', 'w', 'g', { rules })
  return { cache, object }
}

const make = ({ cache, object }: ReturnType<typeof large>) =>
  desiredOf(cache, new Graph(), group, object, pathOf(cache, group, object)!, IDENTITY)

test('targets are found by the path where their reference stands; what is not there is left out', () => {
  const { targets } = make(large())
  expect(Object.keys(targets)).toEqual(['rules[499].sourceRef[31]'])
  expect(targets['rules[499].sourceRef[31]']).toMatchObject({ externalId: 'vm', isReady: true })
})

test('each of thousands of references is looked up once, not searched for', async () => {
  const world = large()
  // Each with each would be 128 million comparisons.
  expect(await cpuMs(() => expect(make(world).tag).toBe('t'))).toBeLessThan(2_000)
})

describe('targets', () => {
  const subnetStatus = { ...ACTIVE, externalId: 's' }
  function net() {
    const cache = testCache()
    const graph = new Graph()
    add(cache, 'Network', 'w', 'net', {}, { ...ACTIVE, externalId: 'n', handle: '{"vpc":7}' })
    add(cache, 'Subnet', 'w', 'net.a', { network: 'net', routeTableRef: { resource: 'networks/net/route-tables/main' } }, subnetStatus)
    add(cache, 'RouteTable', 'w', 'net.main', { network: 'net' }, { ...ACTIVE, externalId: 'r' })
    const object = add(
      cache,
      'Nic',
      'w',
      'nic',
      { subnetRef: { resource: 'subnets/a' }, securityGroupRefs: [{ resource: 'g' }] },
      { ...ACTIVE, externalId: 'p' },
    )
    const desired = (reads: readonly string[]) =>
      desiredOf(cache, graph, nicKind, object, pathOf(cache, nicKind, object)!, { ...IDENTITY, reads })
    return { cache, graph, object, desired }
  }

  test('are as deep as the adapter reads', () => {
    const { desired } = net()
    expect(desired([]).targets['subnetRef']).toMatchObject({
      externalId: 's',
      targets: {},
      parent: { externalId: 'n', handle: { vpc: 7 } },
    })
    expect(desired(['subnetRef.routeTableRef']).targets['subnetRef']?.targets['routeTableRef']).toMatchObject({ externalId: 'r' })
  })

  test('what is going is taken out, unless its user holds it', () => {
    const { cache, desired } = net()
    const going = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['x'] }
    add(cache, 'SecurityGroup', 'w', 'g', {}, { ...ACTIVE, externalId: 'g' })
    expect(Object.keys(desired([]).targets)).toEqual(['subnetRef', 'securityGroupRefs[0]'])
    add(cache, 'SecurityGroup', 'w', 'g', {}, { ...ACTIVE, externalId: 'g' }, going)
    add(cache, 'Subnet', 'w', 'net.a', { network: 'net' }, subnetStatus, going)
    expect(Object.keys(desired([]).targets)).toEqual(['subnetRef'])
  })

  test('holders come with their field, when they are asked for', () => {
    const { cache, graph } = net()
    const subnet = cache.get('Subnet', 'w/net.a')!
    const kind = kindNamed('Subnet') as Kind
    graph.set({ kind: 'Nic', key: 'w/nic' }, [{ to: { kind: 'Subnet', key: 'w/net.a' }, holds: true, path: 'subnetRef' }])
    const of = (reads: readonly string[]) =>
      desiredOf(cache, graph, kind, subnet, pathOf(cache, kind, subnet)!, { ...IDENTITY, reads }).holders
    expect(of([])).toEqual([])
    expect(of(['holders'])).toMatchObject([{ field: 'subnetRef', externalId: 'p', targets: {} }])
    expect(of(['holders.subnetRef'])[0]?.targets['subnetRef']).toMatchObject({ externalId: 's' })
  })
})

test('region and zone are in the words of the cloud', () => {
  const cache = testCache()
  add(
    cache,
    'Region',
    undefined,
    'eu-1',
    { availableZones: ['a', 'b'], cloudProvider: 'sim', cloud: { region: 'RegionOne', zones: { a: 'nova' } } },
    ACTIVE,
  )
  const kind = kindNamed('Subnet') as Kind
  const zoneOf = (zone: string) => {
    const object = add(cache, 'Subnet', 'w', `net.${zone}x`, { network: 'net', zone })
    const { zone: there, region } = desiredOf(cache, new Graph(), kind, object, pathOf(cache, kind, object)!, IDENTITY)
    return `${region} ${there}`
  }
  expect([zoneOf(''), zoneOf('a'), zoneOf('b')]).toEqual(['RegionOne nova', 'RegionOne nova', 'RegionOne b'])
})

test('a handle is not trusted to be JSON', () => {
  expect(handleOf({ status: { handle: '{"a":1}' } })).toEqual({ a: 1 })
  expect(handleOf({ status: { handle: '{' } })).toBeUndefined()
  expect(handleOf({})).toBeUndefined()
})
