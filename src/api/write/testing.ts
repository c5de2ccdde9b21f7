import { expect } from 'vitest'
import { Cache } from '../../cache/cache.ts'
import { ACTIVE, add, addNamespace } from '../../cache/testing.ts'
import { KINDS, kindNamed } from '../../kinds/index.ts'
import type { Kind } from '../../kinds/kind.ts'
import type { Resource } from '../../kinds/resource.ts'
import { MemoryServer } from '../../kube/memory-testing.ts'
import { type TestApp, testApp } from '../app-testing.ts'
import { keepOwners } from './owners.ts'

const STORAGE = '/providers/seca.storage/v1/tenants/acme'
export const VOLUME = `${STORAGE}/workspaces/prod/block-storages`
export const COMPUTE = '/providers/seca.compute/v1/tenants/acme/workspaces/prod/instances'
export const NETWORK = '/providers/seca.network/v1/tenants/acme/workspaces/prod'
export const WORKSPACES = '/providers/seca.workspace/v1/tenants/acme/workspaces'
export const AUTHORIZATION = '/providers/seca.authorization/v1/tenants/acme'
export const SKU = { resource: 'skus/rd100' }
/** Of a route table: to an instance, which may come later. */
export const ROUTES = [{ destinationCidrBlock: '0.0.0.0/0', targetRef: { resource: 'instances/router' } }]

/** The API on a cluster in memory: tenant `acme` (namespace `t`), workspace `prod` (`w`), region `eu-1`, and what one volume needs. */
export interface WriteRig {
  readonly cache: Cache
  readonly server: MemoryServer
  readonly app: TestApp
  /** Puts an object of a tenant or workspace into the cluster, and by its watch into memory. */
  add(kind: string, name: string, spec: unknown, more?: { status?: object; metadata?: object; manager?: string }): Resource
  /** The stored object; undefined when there is none. */
  stored(kind: string, name: string): Resource | undefined
  put(path: string, body: unknown, headers?: Record<string, string>): ReturnType<TestApp['call']>
  /** What the controllers do once they have handled an object: finalizer, status `active` of this generation and request. */
  handle(kind: string, name: string, status?: object): Resource
  /** While false, the cluster's changes do not reach memory: it is behind. */
  isWatching: boolean
}

const namespaceOf = ({ scope }: Kind): string | undefined => ({ cluster: undefined, tenant: 't', workspace: 'w' })[scope]

export function writeRig(overrides: Parameters<typeof testApp>[1] = {}): WriteRig {
  const cache = new Cache(KINDS, 'eu-1', { digest: keepOwners })
  const server = new MemoryServer()
  server.onChange((object, isGone) => {
    if (!rig.isWatching) return
    if (isGone) cache.store(object.kind).remove(object as Resource)
    else cache.store(object.kind).set(object as Resource)
  })
  addNamespace(cache, 't', { 'secapi.cloud/tenant': 'acme' })
  addNamespace(cache, 'w', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'prod' })
  add(cache, 'Region', undefined, 'eu-1', { availableZones: ['a', 'b'], cloudProvider: 'sim' }, ACTIVE)
  for (const kind of ['StorageSku', 'InstanceSku', 'NetworkSku'])
    add(cache, kind, undefined, 'eu-1.rd100', { region: 'eu-1', iops: 100, type: 'remote-durable', minVolumeSize: 1 })
  const app = testApp(cache, { client: server.client, ...overrides })
  const rig: WriteRig = {
    cache,
    server,
    app,
    isWatching: true,
    add(kindName, name, spec, { status = ACTIVE, metadata = {}, manager } = {}) {
      const kind = kindNamed(kindName)!
      const namespace = namespaceOf(kind)
      const place = namespace === undefined ? {} : { namespace }
      const object = { apiVersion: kind.apiVersion, kind: kindName, metadata: { name, ...place, ...metadata }, spec, status }
      return server.add(object as unknown as Resource, manager)
    },
    stored(kindName, name) {
      const kind = kindNamed(kindName)!
      return server.read<Resource>(kind.gvr, namespaceOf(kind), name)
    },
    put: (path, body, headers = {}) => app.call('PUT', path, { body, headers }),
    handle(kindName, name, status = {}) {
      const { metadata, ...object } = rig.stored(kindName, name)!
      const request = metadata.annotations?.['secapi.cloud/requested']
      return server.update({
        ...object,
        metadata: { ...metadata, finalizers: ['secapi.cloud/teardown'] },
        status: {
          ...object.status,
          observedGeneration: metadata.generation,
          state: 'active',
          ...(request === undefined ? {} : { lastHandledRequest: request }),
          ...status,
        },
      } as Resource)
    },
  }
  rig.add('Workspace', 'prod', {})
  return rig
}

/** Spec of the assignment that the creator of a workspace gets. */
export const given = (sub: string, workspace = 'mine') => ({
  subs: [sub],
  roles: ['seca.workspace-admin'],
  scopes: [{ regions: ['eu-1'], workspaces: [workspace] }],
})

/** A volume's body. */
export const volume = (sizeGB: number, more: object = {}): object => ({ spec: { sizeGB, skuRef: SKU }, ...more })

/** Makes a volume through the API, handled by the controllers; answers the stored object. */
export async function made(rig: WriteRig, name: string, body: object = volume(10)): Promise<Resource> {
  const answer = await rig.put(`${VOLUME}/${name}`, body)
  expect([answer.status, answer.text]).toEqual([201, expect.any(String)])
  return rig.handle('BlockStorage', name)
}
