import { describe, expect, it } from 'vitest'
import { Edges } from '../src/cache/edges.ts'
import { ACTIVE, add, testCache } from '../src/cache/testing.ts'
import type { Outcome } from '../src/reconcile/outcome.ts'
import { createView } from '../src/reconcile/view.ts'
import { routeTable, securityGroup } from './items.ts'

const DONE: Outcome = { state: 'active', reason: 'Available', message: '', isSynced: true }
type Items = { state: string; conditions: { state: string; reason: string; message?: string; lastTransitionAt: string }[] }[]

function rig() {
  const cache = testCache()
  const view = createView(cache, new Edges(cache).graph)
  const table = (targets: string[], status?: object) => {
    const routes = targets.map((resource) => ({ destinationCidrBlock: '0.0.0.0/0', targetRef: { resource } }))
    return add(cache, 'RouteTable', 'w', 'net.r', { network: 'net', routes }, status)
  }
  const states = (targets: string[], outcome: Partial<Outcome> = {}, status?: object) => {
    const derived = routeTable.derive!(table(targets, status), view, { ...DONE, ...outcome })
    return (derived['routes'] as Items).map(({ state, conditions }) => {
      expect(conditions).toHaveLength(1)
      expect(conditions[0]?.state).toBe(state)
      return `${state} ${conditions[0]?.reason}`
    })
  }
  return { cache, view, table, states }
}

describe('routes', () => {
  it('say how far their target has come', () => {
    const { cache, states } = rig()
    add(cache, 'Instance', 'w', 'up', {}, ACTIVE)
    add(cache, 'Instance', 'w', 'coming', {}, { state: 'creating' })
    expect(states(['instances/up', 'instances/coming', 'instances/none', '10.0.0.1', 'seca.storage/v1/tenants/acme/images/x'])).toEqual([
      'active Applied',
      'pending ReferenceNotReady',
      'pending ReferenceNotFound',
      'active Applied',
      'error InvalidReference',
    ])
  })

  it('are applied when the table is', () => {
    expect(rig().states(['10.0.0.1', 'instances/none'], { isSynced: false })).toEqual(['pending NotApplied', 'pending ReferenceNotFound'])
    const rules = (outcome: Partial<Outcome>) => {
      const { cache, view } = rig()
      const group = add(cache, 'SecurityGroup', 'w', 'g', { rules: [{ direction: 'ingress' }] })
      return (securityGroup.derive!(group, view, { ...DONE, ...outcome })['rules'] as Items).map(
        ({ state, conditions }) => `${state} ${conditions[0]?.reason}`,
      )
    }
    expect([rules({}), rules({ isSynced: false }), rules({ state: 'updating' })]).toEqual([
      ['active Applied'],
      ['pending NotApplied'],
      ['pending NotApplied'],
    ])
  })

  it('of rules with several references are as the worst of them', () => {
    const { cache, view } = rig()
    add(cache, 'Instance', 'w', 'up', {}, ACTIVE)
    const sources = [['instances/up', 'instances/none'], ['instances/none', 'nonsense/a/b/c/d'], ['instances/up']]
    const rules = sources.map((list) => ({ direction: 'ingress', sourceRef: list.map((resource) => ({ resource })) }))
    const group = add(cache, 'SecurityGroup', 'w', 'g', { rules })
    expect((securityGroup.derive!(group, view, DONE)['rules'] as Items).map(({ state }) => state)).toEqual(['pending', 'error', 'active'])
  })

  it('that the cloud refuses say so, whatever their target', () => {
    const { states } = rig()
    const items = { 'routes[1]': { state: 'error', message: 'no' } } as Outcome['items'] & object
    expect(states(['10.0.0.1', '10.0.0.2'], { items })).toEqual(['active Applied', 'error Refused'])
  })

  it('keep the time of a state, and have a new one with the next', () => {
    const { view, table } = rig()
    const old = (state: string) => [{ state, conditions: [{ state, reason: 'x', lastTransitionAt: '2026-01-01T00:00:00.000Z' }] }]
    const time = (routes: object) =>
      (routeTable.derive!(table(['10.0.0.1', '10.0.0.2'], { routes }), view, DONE)['routes'] as Items).map(
        ({ conditions }) => conditions[0]?.lastTransitionAt === '2026-01-01T00:00:00.000Z',
      )
    expect([time(old('active')), time(old('pending')), time([{ state: 'active', conditions: [] }])]).toEqual([
      [true, false],
      [false, false],
      [false, false],
    ])
  })

  it('have short words', () => {
    const { cache, view } = rig()
    const group = add(cache, 'SecurityGroup', 'w', 'g', { rules: [{ direction: 'ingress' }] })
    const items = { 'rules[0]': { state: 'error', message: 'x'.repeat(1_000) } } as Outcome['items'] & object
    const [rule] = securityGroup.derive!(group, view, { ...DONE, items })['rules'] as Items
    expect(rule?.conditions[0]?.message).toHaveLength(256)
  })
})
