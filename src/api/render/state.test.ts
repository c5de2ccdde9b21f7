import { describe, expect, it } from 'vitest'
import type { Resource } from '../../kinds/resource.ts'
import { nextToken } from '../../resolve/requests.ts'
import { lastModifiedAt, shown } from './state.ts'

const NOW = () => Date.parse('2026-06-01T00:00:00.000Z')

function resource(status: object | undefined, metadata: object = {}): Resource {
  return { metadata: { generation: 1, creationTimestamp: '2026-01-01T00:00:00Z', ...metadata }, status } as unknown as Resource
}

describe('state', () => {
  const at = '2026-01-01T00:00:00.000Z'
  it.each([
    ['no status', undefined, {}, 'pending'],
    ['default status', { observedGeneration: -1 }, {}, 'pending'],
    ['active', { observedGeneration: 1, state: 'active' }, {}, 'active'],
    ['newer generation', { observedGeneration: 1, state: 'active' }, { generation: 2 }, 'updating'],
    ['unhandled request', { observedGeneration: 1, state: 'active' }, { annotations: { 'secapi.cloud/requested': 'x' } }, 'updating'],
    [
      'handled request',
      { observedGeneration: 1, state: 'active', lastHandledRequest: 'x' },
      { annotations: { 'secapi.cloud/requested': 'x' } },
      'active',
    ],
    ['error', { observedGeneration: 1, state: 'error' }, {}, 'error'],
    ['error that a write may have mended', { observedGeneration: 1, state: 'error' }, { generation: 2 }, 'updating'],
    ['still creating', { observedGeneration: 1, state: 'creating' }, { generation: 2 }, 'creating'],
    ['being deleted', { observedGeneration: 1, state: 'active' }, { deletionTimestamp: '2026-01-02T00:00:00Z' }, 'deleting'],
  ])('%s', (_name, status, metadata, state) => {
    const view = shown(resource(status && { history: [{ state: 'active', lastTransitionAt: at }], ...status }, metadata), NOW)
    expect(view.state).toBe(state)
    expect(view.conditions[0]?.state).toBe(state)
  })

  it.each([
    ['active that has a newer generation', { observedGeneration: 1, state: 'active' }, { generation: 2 }, 'active'],
    [
      'active with an unhandled request',
      { observedGeneration: 1, state: 'active' },
      { annotations: { 'secapi.cloud/requested': 'x' } },
      'active',
    ],
    ['error that a write may have mended', { observedGeneration: 1, state: 'error' }, { generation: 2 }, 'error'],
    ['creating', { observedGeneration: 1, state: 'creating' }, { generation: 2 }, 'creating'],
  ])('a write answers the stored state: %s', (_name, status, metadata, state) => {
    const history = [
      { state, lastTransitionAt: at },
      { state: 'pending', lastTransitionAt: '2025-12-31T00:00:00.000Z' },
    ]
    expect(shown(resource({ ...status, history }, metadata), NOW, 'stored')).toEqual({ state, conditions: history })
  })

  it('a write answers pending for what nobody has handled yet', () => {
    expect(shown(resource(undefined), NOW, 'stored')).toEqual({
      state: 'pending',
      conditions: [{ state: 'pending', lastTransitionAt: '2026-01-01T00:00:00.000Z' }],
    })
  })

  it('never lets the history go back in time, nor past its limit', () => {
    const history = Array.from({ length: 32 }, () => ({ state: 'active', lastTransitionAt: '2027-01-01T00:00:00.000Z' }))
    const { conditions } = shown(resource({ observedGeneration: 0, state: 'active', history }), NOW)
    expect(conditions).toHaveLength(32)
    expect(conditions[0]).toEqual({ state: 'updating', lastTransitionAt: '2027-01-01T00:00:00.000Z' })
  })

  it('tells when the last request was', () => {
    const first = nextToken(undefined, NOW())
    expect(lastModifiedAt(resource(undefined, { annotations: { 'secapi.cloud/requested': first } }))).toBe('2026-06-01T00:00:00.000Z')
    expect(
      lastModifiedAt(resource({ lastModifiedAt: '2028-01-01T00:00:00.000Z' }, { annotations: { 'secapi.cloud/requested': first } })),
    ).toBe('2028-01-01T00:00:00.000Z')
  })
})
