import { describe, expect, it } from 'vitest'
import { failure } from '../../kube/memory-testing.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { GroupVersionResource, KubeObject } from '../../kube/gvr.ts'
import { GLOBAL_APIS, REGIONAL_APIS } from '../path/surface.ts'
import { apiServices, applyLocalService, closeAggregation, openAggregation } from './api-services.ts'

const SERVICE = { namespace: 'seca', name: 'api', port: 443 }
const aggregation = (...regions: string[]) => ({ regions, service: SERVICE, ca: 'PEM' })
const GROUPS = [...GLOBAL_APIS.keys(), ...REGIONAL_APIS.keys()]

/** A cluster that keeps what is applied. */
function rig(failing: { kind: string; status: number } = { kind: 'none', status: 0 }) {
  const objects = new Map<string, KubeObject>()
  const log: string[] = []
  let selector = ''
  const client = {
    apply: (gvr: GroupVersionResource, body: KubeObject, options: { fieldManager: string; force: boolean }) => {
      log.push(`apply ${gvr.kind} ${body.metadata.name} ${options.fieldManager} ${options.force}`)
      objects.set(`${gvr.kind} ${body.metadata.name}`, body)
      return Promise.resolve(options)
    },
    async *list(gvr: GroupVersionResource, { labelSelector }: { labelSelector: string }) {
      selector = labelSelector
      const all = [...objects].filter(([key]) => key.startsWith(`${gvr.kind} `)).map(([, object]) => object)
      yield { items: all.slice(0, 1) }
      yield { items: all.slice(1) }
    },
    delete: (gvr: GroupVersionResource, _namespace: undefined, name: string) => {
      log.push(`delete ${gvr.kind} ${name}`)
      if (gvr.kind === failing.kind) return Promise.reject(failure(failing.status, 'x'))
      return objects.delete(`${gvr.kind} ${name}`) ? Promise.resolve() : Promise.reject(failure(404, 'x'))
    },
  } as unknown as KubeClient
  const names = (kind: string) =>
    [...objects.keys()].flatMap((key) => (key.startsWith(`${kind} `) ? [key.slice(kind.length + 1)] : [])).toSorted()
  return { client, objects, log, names, selectorOf: () => selector }
}

describe('APIServices', () => {
  it('are one for each API, and for each API of a region', () => {
    const regional = ['eu-1', 'it-1'].flatMap((region) => [...REGIONAL_APIS.keys()].map((api) => `${region}.${api}`))
    const made = apiServices(aggregation('eu-1', 'it-1'))
    expect(made.map(({ metadata }) => metadata.name).toSorted()).toEqual([...GROUPS, ...regional].map((group) => `v1.${group}`).toSorted())
    for (const { metadata, spec } of made)
      expect([`${spec.version}.${spec.group}`, spec.service, spec.caBundle]).toEqual([
        metadata.name,
        SERVICE,
        Buffer.from('PEM').toString('base64'),
      ])
  })
})

describe('the aggregated door', () => {
  it('opens with its APIServices and its gate, and drops those of regions that are gone', async () => {
    const { client, names, objects, selectorOf } = rig()
    await openAggregation(client, aggregation('eu-1', 'it-1'))
    expect(names('APIService')).toHaveLength(GROUPS.length + 2 * REGIONAL_APIS.size)
    await openAggregation(client, aggregation('eu-1'))
    expect(names('APIService')).toEqual(
      apiServices(aggregation('eu-1'))
        .map(({ metadata }) => metadata.name)
        .toSorted(),
    )
    // Never those of others.
    const { labels } = objects.get('APIService v1.seca.region')!.metadata
    expect(selectorOf()).toBe(
      Object.entries(labels ?? {})
        .map((label) => label.join('='))
        .join(),
    )
    expect([names('ClusterRole'), names('ClusterRoleBinding')]).toEqual([['seca-api-gate'], ['seca-api-gate']])
  })

  it('lets everybody who is somebody knock at what there is', async () => {
    const { client, objects } = rig()
    await openAggregation(client, aggregation('eu-1'))
    const { rules } = objects.get('ClusterRole seca-api-gate') as unknown as { rules: Record<string, string[]>[] }
    expect(rules).toHaveLength(1)
    expect(rules[0]?.['apiGroups']).toEqual(expect.arrayContaining(['seca.region', 'seca.storage', 'eu-1.seca.storage']))
    expect(rules[0]?.['resources']?.toSorted()).toEqual(
      ['regions', 'tenants', ...['images', 'role-assignments', 'roles', 'skus', 'workspaces'].map((name) => `tenants/${name}`)].toSorted(),
    )
    expect(rules[0]?.['verbs']).not.toContain('*')
    expect(objects.get('ClusterRoleBinding seca-api-gate')).toMatchObject({
      roleRef: { kind: 'ClusterRole', name: 'seca-api-gate' },
      subjects: [{ kind: 'Group', name: 'system:authenticated' }],
    })
  })

  it('closes: all of it is gone, what is gone already too', async () => {
    const { client, objects, log } = rig()
    await openAggregation(client, aggregation('eu-1'))
    objects.delete('ClusterRole seca-api-gate')
    await closeAggregation(client)
    expect([...objects]).toEqual([])
    await closeAggregation(client)
    expect(log.filter((line) => line === 'delete ClusterRole seca-api-gate')).toHaveLength(2)
  })

  it.each(['APIService', 'ClusterRole', 'ClusterRoleBinding'])('tells of trouble with its %s, but not of what is gone', async (kind) => {
    const trouble = rig({ kind, status: 500 })
    await openAggregation(trouble.client, aggregation())
    await expect(closeAggregation(trouble.client)).rejects.toMatchObject({ status: 500 })
    const gone = rig({ kind, status: 404 })
    await openAggregation(gone.client, aggregation())
    await closeAggregation(gone.client)
    expect(gone.names('APIService').length).toBe(kind === 'APIService' ? GROUPS.length : 0)
  })

  it('takes over what others wrote', async () => {
    const { client, log } = rig()
    await openAggregation(client, aggregation())
    await applyLocalService(client, { service: SERVICE })
    expect(log.filter((line) => !line.endsWith(' seca-operator true'))).toEqual([])
    expect(log).toHaveLength(GROUPS.length + 3)
  })

  it('of this machine has a Service that is a name', async () => {
    const { client, objects } = rig()
    await applyLocalService(client, { service: SERVICE })
    expect(objects.get('Service api')).toMatchObject({
      metadata: { name: 'api', namespace: 'seca' },
      spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port: 443 }] },
    })
  })
})
