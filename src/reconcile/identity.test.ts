import { expect, test, vi } from 'vitest'
import { CONTROLLERS } from '../../controllers/index.ts'
import { add, addNamespace, testCache } from '../cache/testing.ts'
import { DELETION_POLICY, EXTERNAL_ID, RESTART_REQUESTED } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import { silentLog } from '../kube/testing.ts'
import { createMetrics } from '../observe/metrics.ts'
import type { ResourceAdapter } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import type { Connections } from './connections.ts'
import type { Controller, Tools } from './controller.ts'
import { Graph } from '../resolve/graph.ts'
import { Identities } from './identity.ts'
import { isOrphan } from './policy.ts'

const tools = { signal: new AbortController().signal } as Tools
const of = (kind: string) => CONTROLLERS.find((one) => one.kind.kind === kind) as Controller
const VOLUME = { sizeGB: 5, skuRef: { resource: 'skus/rd100' } }

function setUp({
  mayAdopt = false,
  adapters = { BlockStorage: {}, Workspace: {} },
  fails,
  isServed = true,
}: { mayAdopt?: boolean; adapters?: object; fails?: Error; isServed?: boolean } = {}) {
  const cache = testCache()
  const get = vi.fn<(region: string, tenant: string) => Promise<object>>(() =>
    fails === undefined
      ? Promise.resolve({
          connection: { adapters },
          provider: 'fake',
          capabilities: {},
          cloudProvider: 'sim',
          secret: 'Secret o/s',
          mayAdopt,
        })
      : Promise.reject(fails),
  )
  const reportBroken = vi.fn<(link: unknown, error: Error) => Error>((_link, error) => error)
  const connections = { get, reportBroken, serves: () => isServed } as unknown as Connections
  const identities = new Identities({
    lookup: cache,
    graph: new Graph(),
    connections,
    installation: 'i',
    callTimeoutMs: 60_000,
    metrics: createMetrics(),
    log: silentLog,
  })
  return { cache, identities, get, reportBroken }
}

test('the tag is installation, region and SECA path: nothing of Kubernetes', async () => {
  const { cache, identities, get } = setUp()
  add(cache, 'Workspace', 't', 'prod', { region: 'eu-2' })
  const one = add(cache, 'BlockStorage', 'w', 'v', VOLUME, { incarnation: 'n', externalId: 'x' })
  const { desired } = await identities.behind(of('BlockStorage'), one, tools)
  expect(desired).toMatchObject({
    tag: 'i/eu-2/seca.storage/v1/tenants/acme/workspaces/prod/block-storages/v',
    incarnation: 'n',
    externalId: 'x',
    path: { tenant: 'acme', workspace: 'prod', region: 'eu-2', name: 'v' },
  })
  expect(get.mock.calls).toEqual([['eu-2', 'acme', tools]])
  const anew = await identities.behind(of('BlockStorage'), { ...one, metadata: { ...one.metadata, uid: 'other' } } as Resource, tools)
  expect(anew.desired.tag).toBe(desired.tag)
})

test.each([
  [true, { [EXTERNAL_ID]: 'c-9' }, true],
  [true, {}, false],
  [false, { [EXTERNAL_ID]: 'c-9' }, false],
])('adoption needs the permission (%s) and an id (%j): %s', async (mayAdopt, annotations, adopts) => {
  const { cache, identities } = setUp({ mayAdopt })
  const one = add(cache, 'BlockStorage', 'w', 'v', VOLUME, undefined, { annotations })
  expect((await identities.behind(of('BlockStorage'), one, tools)).desired.mayAdopt).toBe(adopts)
})

test('a teardown goes by what was recorded: what an annotation names and nobody took over is not ours', async () => {
  const { cache, identities } = setUp({ mayAdopt: true })
  const annotations = { [EXTERNAL_ID]: 'c-9' }
  const never = add(cache, 'BlockStorage', 'w', 'v', VOLUME, undefined, { annotations })
  expect((await identities.behindIfAny(of('BlockStorage'), never, tools))?.desired).toMatchObject({
    externalId: undefined,
    mayAdopt: false,
  })
  const taken = add(cache, 'BlockStorage', 'w', 'u', VOLUME, { externalId: 'c-9' }, { annotations })
  expect((await identities.behindIfAny(of('BlockStorage'), taken, tools))?.desired).toMatchObject({ externalId: 'c-9', mayAdopt: false })
})

test('a region that no cloud serves lets go of what was never begun, and holds what may be there', async () => {
  const { cache, identities } = setUp({ fails: new ProviderError('transient', 'no Region'), isServed: false })
  const never = add(cache, 'BlockStorage', 'w', 'v', VOLUME)
  expect(await identities.behindIfAny(of('BlockStorage'), never, tools)).toBeUndefined()
  const begun = add(cache, 'BlockStorage', 'w', 'v', VOLUME, { incarnation: 'n' })
  await expect(identities.behindIfAny(of('BlockStorage'), begun, tools)).rejects.toThrow('no Region')
})

test('an account out of reach holds all: a status may be lost, and the tag would have found it', async () => {
  const { cache, identities } = setUp({ fails: new ProviderError('credentials', 'no Secret') })
  for (const status of [undefined, { incarnation: 'n' }, { externalId: 'x' }]) {
    const begun = add(cache, 'BlockStorage', 'w', 'v', VOLUME, status)
    await expect(identities.behindIfAny(of('BlockStorage'), begun, tools)).rejects.toThrow('no Secret')
  }
})

test('kinds without a cloud need no account, optional ones do without an adapter, required ones say so', async () => {
  const { cache, identities, get } = setUp({ adapters: {} })
  const role = add(cache, 'Role', 't', 'r', { permissions: [] })
  expect(await identities.behindIfAny(of('Role'), role, tools)).toBeUndefined()
  expect((await identities.behind(of('Role'), role, tools)).desired.tag).toBe('')
  expect(get).not.toHaveBeenCalled()
  await expect(identities.behind(of('BlockStorage'), add(cache, 'BlockStorage', 'w', 'v', VOLUME), tools)).rejects.toMatchObject({
    failure: 'unsupported',
    message: 'provider fake has no BlockStorage',
  })
})

test('an object in a namespace that is nobody’s has no identity', async () => {
  const { cache, identities } = setUp()
  const stray = add(cache, 'BlockStorage', 'nobody', 'v', VOLUME)
  await expect(identities.behind(of('BlockStorage'), stray, tools)).rejects.toMatchObject({ failure: 'rejected' })
  const misplaced = add(cache, 'BlockStorage', 't', 'v', VOLUME)
  await expect(identities.behind(of('BlockStorage'), misplaced, tools)).rejects.toMatchObject({ failure: 'rejected' })
})

test('restart requests, zones and policies reach whom they are for', async () => {
  const answer = { externalId: 'vm-1', status: { powerState: 'broken' }, drift: [] }
  const adapter = { observe: () => Promise.resolve(answer) } as unknown as ResourceAdapter
  const { cache, identities } = setUp({ adapters: { Instance: adapter } })
  const one = add(cache, 'Instance', 'w', 'vm', { zone: '' }, undefined, {
    annotations: { [RESTART_REQUESTED]: 'r1', [DELETION_POLICY]: 'Orphan' },
  })
  const behind = await identities.behind(of('Instance'), one, tools)
  // What it answers is checked on the way.
  expect(await behind.adapter.observe(behind.desired, tools)).toMatchObject({ externalId: 'vm-1', status: {} })
  expect(behind.desired).toMatchObject({ restartRequest: 'r1', zone: 'a' })
  expect([isOrphan(one), isOrphan(add(cache, 'Instance', 'w', 'x', {}))]).toEqual([true, false])
})

test('nonces differ', () => {
  const { identities } = setUp()
  const nonces = new Set(Array.from({ length: 1_000 }, () => identities.nonce()))
  expect(nonces.size).toBe(1_000)
})

test('credentials that stop working are told to the account; other failures are not', async () => {
  const { cache, identities, reportBroken } = setUp()
  const behind = await identities.behind(of('BlockStorage'), add(cache, 'BlockStorage', 'w', 'v', VOLUME), tools)
  const fail = (error: Error) =>
    identities.guard(behind, async () => {
      throw error
    })
  await expect(fail(new ProviderError('transient', 'away'))).rejects.toThrow('away')
  await expect(fail(new Error('bug'))).rejects.toThrow('bug')
  expect(reportBroken).not.toHaveBeenCalled()
  await expect(fail(new ProviderError('credentials', 'expired'))).rejects.toThrow('expired')
  expect(reportBroken).toHaveBeenCalledOnce()
})

test('what was made in a workspace that is not there is not looked for in the default region, nor let go', async () => {
  const { cache, identities, get } = setUp()
  addNamespace(cache, 'lost', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'lost' })
  const made = add(cache, 'BlockStorage', 'lost', 'v', VOLUME, { incarnation: 'n', externalId: 'x' })
  await expect(identities.behindIfAny(of('BlockStorage'), made, tools)).rejects.toThrow('stands for no workspace that is there')
  expect(get).not.toHaveBeenCalled()
})
