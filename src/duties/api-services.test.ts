import { beforeEach, expect, test } from 'vitest'
import { KUBERNETES } from '../kube/builtin.ts'
import { DutiesWorld, gvrOf, NAMESPACE } from './testing.ts'

const OWNER = 'v1.seca.region'
const config = {
  tlsSecret: 'seca-api-tls',
  tlsManaged: true,
  aggregationService: { name: 'seca-api', port: 443 },
  aggregationOwner: OWNER,
}

let world: DutiesWorld
beforeEach(() => void (world = new DutiesWorld()))

interface Found {
  readonly spec: { readonly caBundle?: string }
  readonly metadata: {
    readonly uid: string
    readonly ownerReferences?: readonly object[]
    readonly managedFields?: readonly { manager: string; fieldsV1: object }[]
  }
}
const install = () =>
  world.server.add({
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: OWNER },
    spec: { group: 'seca.region', version: 'v1', service: { name: 'seca-api', namespace: NAMESPACE, port: 443 } },
  } as never)
const serve = (ready: boolean) =>
  void world.server.add({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'seca-api-1', namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': 'seca-api' } },
    endpoints: [{ conditions: { ready } }],
  } as never)
const region = (name: string) =>
  void world.server.add({ apiVersion: 'region.secapi.cloud/v1', kind: 'Region', metadata: { name }, spec: {} } as never)
const remove = (name: string) => void world.server.client.delete(gvrOf('Region'), undefined, name)
const one = (name: string) => world.read<Found>(KUBERNETES.APIService, undefined, name)
const ofApi = (writes: readonly string[]) => writes.filter((write) => write.includes('apiservices'))

test('they are owned, know the CA, and are written once', async () => {
  install()
  serve(true)
  region('it-1')
  expect(await world.look(config)).toContain('apply apiservices v1.it-1.seca.compute')
  const { uid } = one(OWNER)!.metadata
  expect(one('v1.it-1.seca.compute')?.metadata.ownerReferences).toMatchObject([{ kind: 'APIService', name: OWNER, uid }])
  expect(one(OWNER)?.spec.caBundle).toBe(one('v1.it-1.seca.compute')?.spec.caBundle)
  expect(
    await world.looks(
      config,
      Array(8).fill(() => undefined),
    ),
  ).toEqual(Array.from({ length: 9 }, () => []))
})

test('of the owner only the bundle is ours', async () => {
  install()
  serve(true)
  await world.look(config)
  expect(one(OWNER)?.metadata.ownerReferences).toBeUndefined()
  const mine = one(OWNER)?.metadata.managedFields?.find(({ manager }) => manager === 'seca-duties')
  expect(mine?.fieldsV1).toEqual({ 'f:spec': { 'f:caBundle': {} } })
})

test('they follow regions that come and go within a look', async () => {
  install()
  serve(true)
  region('it-1')
  const [, settled, added, removed] = await world.looks(config, [() => undefined, () => region('it-2'), () => remove('it-1')])
  expect(settled).toEqual([])
  expect(added?.length).toBeGreaterThan(3)
  expect(added?.every((write) => write.startsWith('apply apiservices v1.it-2.'))).toBe(true)
  expect(removed?.length).toBe(added?.length)
  expect(removed?.every((write) => write.startsWith('delete apiservices v1.it-1.'))).toBe(true)
})

test('none goes while nobody knows the regions, because their kind is not installed', async () => {
  install()
  serve(true)
  region('it-1')
  await world.look(config)
  world.isWhole = false
  remove('it-1')
  expect(await world.look(config)).toEqual([])
  world.isWhole = true
  expect(ofApi(await world.look(config)).length).toBeGreaterThan(3)
})

test('none is made before the API serves, and all within a look after; those there stay when its endpoints go', async () => {
  install()
  serve(false)
  region('it-1')
  const writes = await world.looks(config, [() => undefined, () => serve(true), () => serve(false)])
  expect(writes.map((some) => ofApi(some).length > 0)).toEqual([false, false, true, false])
  expect(one('v1.it-1.seca.compute')).toBeDefined()
})

test.each([
  ['was never made', () => undefined],
  [
    'is going',
    () => {
      install()
      world.server.change('APIService', undefined, OWNER, { metadata: { finalizers: ['foregroundDeletion'] } })
      void world.server.client.delete(KUBERNETES.APIService, undefined, OWNER)
    },
  ],
])('none is made when the owner %s', async (_what, arrange) => {
  arrange()
  serve(true)
  region('it-1')
  expect(ofApi((await world.looks(config, [() => undefined])).flat())).toEqual(
    expect.not.arrayContaining([expect.stringMatching(/^apply/)]),
  )
})

test('a new owner, as after an upgrade that made it anew, owns all', async () => {
  install()
  serve(true)
  region('it-1')
  await world.look(config)
  install()
  await world.look(config)
  expect(one('v1.it-1.seca.compute')?.metadata.ownerReferences).toMatchObject([{ uid: one(OWNER)!.metadata.uid }])
})

test('they learn of a new CA, together with the one before', async () => {
  install()
  serve(true)
  await world.look(config)
  const bundle = () => Buffer.from(one(OWNER)?.spec.caBundle ?? '', 'base64').toString('utf8')
  const before = bundle()
  await world.server.client.delete(KUBERNETES.Secret, NAMESPACE, 'seca-api-tls-ca')
  expect(ofApi(await world.look(config)).length).toBeGreaterThan(3)
  expect(bundle()).toContain(before.trim())
  expect(bundle().length).toBeGreaterThan(before.length * 1.5)
})

test('a certificate of somebody else without ca.crt is told', async () => {
  install()
  serve(true)
  world.server.add({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'theirs', namespace: NAMESPACE },
    data: { 'tls.crt': 'eA==' },
  } as never)
  expect(await world.look({ ...config, tlsSecret: 'theirs', tlsManaged: false })).toEqual([])
  expect(world.told.map(({ message }) => message)).toEqual([expect.stringContaining('has no ca.crt')])
})

test('leadership that ends stops the next write', async () => {
  install()
  serve(true)
  region('it-1')
  world.server.beforeWrite = (write) => {
    if (write.includes('apiservices')) world.leads = false
  }
  expect(ofApi(await world.look(config))).toHaveLength(1)
})
