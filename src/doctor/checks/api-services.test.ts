import { describe, expect, it } from 'vitest'
import { apiServices as manifests } from '../../api/door/api-services.ts'
import { ago, brief, MINUTE, ward } from '../testing.ts'
import { apiServices, namespaces } from './api-services.ts'

const AVAILABLE = { conditions: [{ type: 'Available', status: 'True', reason: 'Passed' }] }
const BROKEN = { conditions: [{ type: 'Available', status: 'False', reason: 'FailedDiscoveryCheck', message: 'no route to host' }] }
const ours = () => manifests({ regions: ['eu-1'], service: { namespace: 'seca-system', name: 'seca-api', port: 443 }, ca: 'x' })

function patient(statusOf: (name: string) => object = () => AVAILABLE) {
  const one = ward()
  one.server.add({ apiVersion: 'region.secapi.cloud/v1', kind: 'Region', metadata: { name: 'eu-1' } })
  for (const object of ours()) one.server.add({ ...object, status: statusOf(object.metadata.name) })
  return one
}

describe('APIServices', () => {
  it('are there for every region, and answer', async () => {
    expect(brief(await patient().run(apiServices))).toEqual([`ok: ${ours().length} APIServices, for every API and region`])
    const closed = ward()
    expect(brief(await closed.run(apiServices))).toEqual(['ok: the aggregated door is not open: there are no APIServices of this operator'])
  })

  it('that do not answer hold up deletions, ours and those of others', async () => {
    const one = patient((name) => (name === 'v1.eu-1.seca.compute' ? BROKEN : AVAILABLE))
    const service = { namespace: 'monitoring', name: 'metrics', port: 443 }
    one.server.add({
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1beta1.metrics' },
      spec: { group: 'metrics.k8s.io', version: 'v1beta1', service },
      status: BROKEN,
    } as never)
    // Of kube-apiserver itself.
    one.server.add({
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1.apps' },
      spec: { group: 'apps', version: 'v1' },
    } as never)
    expect(brief(await one.run(apiServices))).toEqual([
      'fail: APIService v1.eu-1.seca.compute is not available, and holds up the deletion of every namespace: FailedDiscoveryCheck: no route to host',
      'warn: APIService v1beta1.metrics is not available, and holds up the deletion of every namespace: FailedDiscoveryCheck: no route to host',
      expect.stringContaining('ok: '),
    ])
  })

  it('that are missing for a region are told', async () => {
    const one = patient()
    one.server.add({ apiVersion: 'region.secapi.cloud/v1', kind: 'Region', metadata: { name: 'it-1' } })
    expect(brief(await one.run(apiServices))[0]).toMatch(/^fail: \d APIServices are missing: v1\.it-1\.seca\./)
  })
})

describe('namespaces', () => {
  it('that hang are told with what holds them', async () => {
    const one = ward()
    expect(brief(await one.run(namespaces))).toEqual(['ok: no namespace hangs in its deletion'])
    const conditions = [
      { type: 'NamespaceDeletionDiscoveryFailure', status: 'True', reason: 'DiscoveryFailed', message: 'metrics.k8s.io/v1beta1' },
    ]
    for (const [name, at] of [
      ['old', ago(60 * MINUTE)],
      ['new', ago(MINUTE)],
    ] as const)
      one.server.update({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, deletionTimestamp: at }, status: { conditions } })
    expect(brief(await one.run(namespaces))).toEqual([
      'warn: namespace old is being deleted for 60 min: DiscoveryFailed: metrics.k8s.io/v1beta1',
    ])
  })
})
