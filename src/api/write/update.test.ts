import { beforeEach, describe, expect, it } from 'vitest'
import { COMPUTE, made, NETWORK, ROUTES, SKU, VOLUME, volume, type WriteRig, writeRig } from './testing.ts'

let rig: WriteRig
beforeEach(() => {
  rig = writeRig()
})
const stored = () => rig.stored('BlockStorage', 'data')!

describe('what a PUT replaces', () => {
  it('is labels, annotations, extensions and the contract’s spec, as a whole', async () => {
    await made(rig, 'data', volume(10, { labels: { a: '1', 'ns:x': 'y z' }, annotations: { n: 'm' }, extensions: { e: 'f', g: 'h' } }))
    const answer = await rig.put(`${VOLUME}/data`, volume(20, { labels: { b: '2' }, extensions: { g: 'i' } }))
    expect(answer.json).toMatchObject({ labels: { b: '2' }, extensions: { g: 'i' }, spec: { sizeGB: 20 } })
    expect(answer.json).not.toHaveProperty('annotations')
    expect([stored().metadata.labels, stored().extensions, stored().spec]).toEqual([{ b: '2' }, { g: 'i' }, { sizeGB: 20, skuRef: SKU }])
    expect(Object.keys(stored().metadata.annotations ?? {})).toEqual(['secapi.cloud/requested'])
    await rig.put(`${VOLUME}/data`, volume(20))
    expect([stored().metadata.labels, stored().extensions]).toEqual([{}, undefined])
  })

  it('is not what only Kubernetes users set, nor what belongs to its tools', async () => {
    const object = await made(rig, 'data')
    const annotations = { ...object.metadata.annotations, 'secapi.cloud/drift': 'Observe', 'argocd.argoproj.io/tracking-id': 'x' }
    rig.server.update(
      { ...object, metadata: { ...object.metadata, annotations, labels: { 'app.kubernetes.io/name': 'n' } } },
      'kubectl-edit',
    )
    await rig.put(`${VOLUME}/data`, volume(20, { annotations: { 'secapi.cloud/drift': 'mine' } }))
    expect(stored().metadata).toMatchObject({
      labels: { 'app.kubernetes.io/name': 'n' },
      annotations: { 'secapi.cloud/drift': 'Observe', 'argocd.argoproj.io/tracking-id': 'x' },
      finalizers: ['secapi.cloud/teardown'],
    })
    expect(stored().status).toMatchObject({ state: 'active' })
  })

  it('is not region, parent and power, which a body cannot say', async () => {
    rig.add('Network', 'net', { cidr: { ipv4: '10.0.0.0/16' }, skuRef: SKU })
    rig.add('RouteTable', 'net.main', { network: 'net', routes: ROUTES })
    expect((await rig.put(`${NETWORK}/networks/net/route-tables/main`, { spec: { network: 'other', routes: ROUTES } })).status).toBe(200)
    expect(rig.stored('RouteTable', 'net.main')?.spec).toEqual({ network: 'net', routes: ROUTES })
    await made(rig, 'boot')
    rig.add('Nic', 'n', { subnetRef: { resource: 'x' }, addresses: [] })
    const spec = {
      zone: 'a',
      skuRef: SKU,
      bootVolume: { deviceRef: { resource: 'block-storages/boot' } },
      primaryNicRef: { resource: 'nics/n' },
    }
    rig.add('Instance', 'web', { ...spec, powerState: 'on' })
    const answer = await rig.put(`${COMPUTE}/web`, { labels: { a: 'b' }, spec: { ...spec, powerState: 'off' } })
    expect([answer.status, answer.text]).toEqual([200, expect.not.stringContaining('"powerState":"on"')])
    expect(rig.stored('Instance', 'web')?.spec).toMatchObject({ powerState: 'on' })
  })

  it('is asked for with a new request each time, even when nothing differs', async () => {
    const { metadata } = await made(rig, 'data')
    const token = () => stored().metadata.annotations?.['secapi.cloud/requested']
    await rig.put(`${VOLUME}/data`, volume(10))
    expect(token()).toMatch(/^1@/)
    await rig.put(`${VOLUME}/data`, volume(10))
    expect(token()).toMatch(/^2@/)
    expect(stored().metadata.generation).toBe(metadata.generation)
  })

  it('only fits the object and version that it was made from', async () => {
    const { metadata } = await made(rig, 'data')
    await rig.put(`${VOLUME}/data`, volume(20))
    const body = rig.server.seen.at(-1)?.body as { metadata: object }
    expect(body.metadata).toMatchObject({ uid: metadata.uid, resourceVersion: metadata.resourceVersion })
  })
})

describe('GitOps', () => {
  const git = { sizeGB: 10, skuRef: SKU }
  beforeEach(() => {
    rig.add('BlockStorage', 'data', git, {
      metadata: { labels: { env: 'git' }, annotations: { note: 'git' } },
      manager: 'kustomize-controller',
    })
  })

  it.each([
    ['a field that it owns', volume(20, { labels: { env: 'git' }, annotations: { note: 'git' } }), '/spec/sizeGB'],
    ['a label that is changed', volume(10, { labels: { env: 'x' }, annotations: { note: 'git' } }), '/labels/env'],
    ['a label that is left out', volume(10, { annotations: { note: 'git' } }), '/labels/env'],
    ['an annotation that is left out', volume(10, { labels: { env: 'git' } }), '/annotations/note'],
  ])('keeps %s: 409 names the owner', async (_name, body, pointer) => {
    const answer = await rig.put(`${VOLUME}/data`, body)
    expect([answer.status, answer.json['detail'], answer.json['sources']]).toEqual([
      409,
      expect.stringContaining('"kustomize-controller"'),
      [{ pointer, parameter: 'body' }],
    ])
    expect([stored().spec, stored().metadata.labels]).toEqual([git, { env: 'git' }])
  })

  it('leaves the rest to others', async () => {
    const answer = await rig.put(
      `${VOLUME}/data`,
      volume(10, { labels: { env: 'git', own: 'x' }, annotations: { note: 'git' }, extensions: { e: 'f' } }),
    )
    expect([answer.status, stored().metadata.labels, stored().extensions]).toEqual([200, { env: 'git', own: 'x' }, { e: 'f' }])
  })

  it('is whom the configuration says', async () => {
    rig = writeRig({ isProtectedManager: (manager) => manager === 'terraform' })
    rig.add('BlockStorage', 'data', git, { manager: 'kustomize-controller' })
    rig.add('BlockStorage', 'tf', git, { manager: 'terraform' })
    expect((await rig.put(`${VOLUME}/data`, volume(20))).status).toBe(200)
    expect((await rig.put(`${VOLUME}/tf`, volume(20))).status).toBe(409)
  })

  it('is asked for where memory does not keep owners', async () => {
    const object = structuredClone(stored())
    delete (object.metadata as { managedFields?: unknown }).managedFields
    rig.cache.store('BlockStorage').relistRewound().add(object)
    expect((await rig.put(`${VOLUME}/data`, volume(20, { labels: { env: 'git' }, annotations: { note: 'git' } }))).status).toBe(409)
  })
})
