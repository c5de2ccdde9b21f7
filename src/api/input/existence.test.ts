import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Cache } from '../../cache/cache.ts'
import { ACTIVE, add, addNamespace, testCache } from '../../cache/testing.ts'
import { kindNamed } from '../../kinds/index.ts'
import type { Kind } from '../../kinds/kind.ts'
import type { Resource } from '../../kinds/resource.ts'
import type { KubeClient } from '../../kube/client.ts'
import { ApiError } from '../../kube/errors.ts'
import { createAuthorizer } from '../access/authz.ts'
import { RoleBook } from '../access/book.ts'
import { testApp } from '../app-testing.ts'

/** An object that may be there or not: where it is in SECA's words and in the cluster's. */
interface Secret {
  readonly kind: string
  readonly namespace: string
  readonly object: string
  readonly spec: object
  readonly place: {
    readonly tenant: string
    readonly workspace?: string
    readonly parent?: string
    readonly name: string
    readonly region: string
  }
}

const volume = (namespace: string, tenant: string, workspace: string, region = 'eu-1'): Secret => ({
  kind: 'BlockStorage',
  namespace,
  object: 'disk',
  spec: {},
  place: { tenant, workspace, name: 'disk', region },
})
const image = (namespace: string, tenant: string, region = 'eu-1'): Secret => ({
  kind: 'Image',
  namespace,
  object: 'golden',
  spec: { region },
  place: { tenant, name: 'golden', region },
})
const subnet = (parent: string): Secret => ({
  kind: 'Subnet',
  namespace: 'w',
  object: `${parent}.twin`,
  spec: { network: parent },
  place: { tenant: 'acme', workspace: 'prod', parent, name: 'twin', region: 'eu-1' },
})
const SECRETS = [
  volume('w', 'acme', 'prod'),
  volume('o', 'acme', 'other'),
  volume('far', 'acme', 'lab', 'it-1'),
  volume('vw', 'victim', 'vault'),
  image('t', 'acme'),
  image('t', 'acme', 'it-1'),
  image('v', 'victim'),
  subnet('a'),
  subnet('b'),
]

/** Tenant `acme` with workspaces in two regions, tenant `victim`, and the secrets that are there. */
function worldOf(secrets: readonly Secret[]): Cache {
  const cache = testCache()
  addNamespace(cache, 'v', { 'secapi.cloud/tenant': 'victim' })
  addNamespace(cache, 'vw', { 'secapi.cloud/tenant': 'victim', 'secapi.cloud/workspace': 'vault' })
  addNamespace(cache, 'o', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'other' })
  addNamespace(cache, 'far', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'lab' })
  add(cache, 'Region', undefined, 'it-1', { availableZones: ['x'], cloudProvider: 'sim' }, ACTIVE)
  add(cache, 'InstanceSku', undefined, 'eu-1.ds', { region: 'eu-1', vCPU: 1, ram: 1 })
  add(cache, 'Workspace', 't', 'other', {}, ACTIVE)
  add(cache, 'Workspace', 't', 'lab', { region: 'it-1' }, ACTIVE)
  add(cache, 'Workspace', 'v', 'vault', {}, ACTIVE)
  for (const { kind, namespace, object, spec } of secrets) add(cache, kind, namespace, object, spec, ACTIVE)
  return cache
}

const client = {
  get: () => Promise.reject(new ApiError('not found', { status: 404, reason: 'NotFound' })),
  create: (_gvr: unknown, _namespace: string, object: Resource) =>
    Promise.resolve({
      ...object,
      metadata: { ...object.metadata, uid: 'u', resourceVersion: '999999', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' },
    }),
} as unknown as KubeClient

const W = 'tenants/acme/workspaces/prod'
/** PUTs with a reference in them. */
const PUTS: Readonly<Record<string, readonly [string, (ref: unknown) => object]>> = {
  'block-storages': [
    `compute/v1/${W}/instances/x`,
    (ref) => ({ skuRef: 'tenants/seca/skus/ds', zone: 'a', bootVolume: { deviceRef: ref } }),
  ],
  'block-storages of images': ['storage/v1/tenants/acme/images/x', (ref) => ({ blockStorageRef: ref, cpuArchitecture: 'amd64' })],
  images: [`storage/v1/${W}/block-storages/x`, (ref) => ({ sizeGB: 50, skuRef: 'tenants/seca/skus/rd100', sourceImageRef: ref })],
  subnets: [`network/v1/${W}/nics/x`, (ref) => ({ subnetRef: ref })],
  'subnets of rules': [`network/v1/${W}/security-group-rules/x`, (ref) => ({ direction: 'ingress', sourceRef: [ref] })],
}

const oneOf = <T>(...weighted: readonly (readonly [number, fc.Arbitrary<T>])[]) =>
  fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary })))
/** Left out, as the secret has it, or anything else. */
const part = (word: string, own: string | undefined, ...others: string[]) =>
  oneOf<string[]>(
    [3, fc.constant([])],
    [5, fc.constant(own === undefined ? [] : [word, own])],
    [1, fc.constantFrom(...others).map((value) => [word, value])],
  )
/** A reference that may lead to the secret. */
const reference = (type: string, { place }: Secret) =>
  fc
    .tuple(
      part('tenants', place.tenant, 'acme', 'victim', 'nobody'),
      part('workspaces', place.workspace, 'prod', 'other', 'lab', 'vault', 'none'),
      part('networks', place.parent, 'a', 'b', 'none'),
      fc.constantFrom([type], []),
      oneOf([5, fc.constant(place.name)], [1, fc.constant('none')]),
      oneOf<string | undefined>([8, fc.constant(undefined)], [1, fc.constantFrom('eu-1', 'it-1', 'mars')]),
    )
    .map(([tenant, workspace, network, collection, name, region]) => ({
      resource: [...tenant, ...workspace, ...network, ...collection, name].join('/'),
      ...(region === undefined ? {} : { region }),
    }))
const attack = fc.constantFrom(...SECRETS).chain((secret) => {
  const type = (kindNamed(secret.kind) as Kind).collection
  const names = Object.keys(PUTS).filter((name) => name.startsWith(type))
  return fc.constantFrom(...names).chain((name) => reference(type, secret).map((ref) => ({ secret, name, ref })))
})

const rights = fc.record({
  resources: fc.subarray([
    'block-storages/*',
    'block-storages/disk',
    'images/*',
    'images/golden',
    'subnets/*',
    'subnets/twin',
    'networks/a/subnets/*',
  ]),
  regions: fc.subarray(['eu-1', 'it-1']),
  workspaces: fc.subarray(['prod', 'other', 'lab']),
})

test('answers do not depend on what the caller may not get', async () => {
  let [different, compared] = [0, 0]
  await fc.assert(
    fc.asyncProperty(attack, rights, fc.subarray(SECRETS), async ({ secret, name, ref }, right, others) => {
      const rest = others.filter(({ namespace, object }) => namespace !== secret.namespace || object !== secret.object)
      const [target, spec] = PUTS[name]!
      const answers = await Promise.all(
        [rest, [...rest, secret]].map(async (there) => {
          const cache = worldOf(there)
          const permissions = [
            { provider: 'seca.compute', resources: ['*'], verb: ['put'] },
            { provider: 'seca.storage', resources: ['*'], verb: ['put'] },
            { provider: 'seca.network', resources: ['*'], verb: ['put'] },
          ]
          add(cache, 'Role', 't', 'writer', { permissions })
          const get = ['seca.storage', 'seca.network'].map((provider) => ({ provider, resources: right.resources, verb: ['get'] }))
          add(cache, 'Role', 't', 'reader', { permissions: get })
          add(cache, 'RoleAssignment', 't', 'writes', { subs: ['alice'], roles: ['writer'], scopes: [{}] })
          add(cache, 'RoleAssignment', 't', 'reads', {
            subs: ['alice'],
            roles: ['reader'],
            scopes: [{ regions: right.regions, workspaces: right.workspaces }],
          })
          const { status, json } = await testApp(cache, { client, authorizer: createAuthorizer({ cache, isSynced: () => true }) }).call(
            'PUT',
            `/providers/seca.${target}`,
            { body: { spec: spec(ref) } },
          )
          const attempt = { verb: 'get', kind: kindNamed(secret.kind) as Kind, ...secret.place } as const
          const sees = new RoleBook(cache).decide({ door: 'direct', subject: 'alice', scope: {} }, attempt).isAllowed
          return { sees, told: JSON.stringify([status, json['detail'], json['sources']]) }
        }),
      )
      const [absent, present] = answers
      if (absent?.told !== present?.told) different++
      if (present?.sees === true) return
      compared++
      expect(present?.told).toBe(absent?.told)
    }),
    { numRuns: 1_000 },
  )
  // The test would say nothing if nobody were ever told anything.
  expect(different).toBeGreaterThan(20)
  expect(compared).toBeGreaterThan(300)
}, 120_000)
