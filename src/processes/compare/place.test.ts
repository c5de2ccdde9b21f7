import { describe, expect, it } from 'vitest'
import { namespaceFor, placeOf, scopeByName, standIn } from './place.ts'

describe('where a region is tried', () => {
  it('tenants have stand-ins of their own, whose names fit into labels', () => {
    expect(standIn('acme', 'eu-1')).toBe('acme-compare-eu-1')
    const long = standIn('a'.repeat(60), 'eu-1')
    expect([long.length, long === standIn('a'.repeat(60), 'eu-2')]).toEqual([63, false])
    expect(placeOf({ tenant: 'acme', workspace: 'prod' }, 'eu-1').namespace).toBe('seca-acme-compare-eu-1--prod')
  })

  it('namespaces are marked, keep what people wrote, and nothing that the operator reads', () => {
    const like = { labels: { team: 'shop', 'secapi.cloud/tenant': 'acme', 'secapi.cloud/shared': 'true' }, annotations: { note: 'x' } }
    expect(namespaceFor({ tenant: 'acme' }, 'eu-1', like).metadata).toEqual({
      name: 'seca-acme-compare-eu-1',
      labels: { team: 'shop', 'secapi.cloud/tenant': 'acme-compare-eu-1', 'secapi.cloud/compared': 'eu-1' },
      annotations: { note: 'x' },
    })
  })

  it.each([
    ['seca-acme', { tenant: 'acme' }],
    ['seca-acme--prod', { tenant: 'acme', workspace: 'prod' }],
    ['default', undefined],
  ])('%s stands for %j by its name', (namespace, scope) => {
    expect(scopeByName(namespace)).toEqual(scope)
  })
})
