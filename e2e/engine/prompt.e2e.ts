import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually, type Stack, startStack } from '../support/harness.ts'
import { wipe } from '../support/audit.ts'
import { Paths, type Replica, startReplica } from '../support/seca.ts'
import { Tenant } from '../support/tenant.ts'

let stack: Stack
let replicas: Replica[]
let tenant: Tenant
let paths: Paths
beforeAll(async () => {
  stack = await startStack({ latencyMs: 150 })
  const peers = { confirm }
  replicas = [await startReplica({ peers }), await startReplica({ peers })]
  tenant = await Tenant.make(stack)
  await tenant.ready('Workspace', 'prod')
  paths = new Paths(tenant.name)
})
afterAll(async () => {
  for (const replica of replicas) await replica.stop()
  await wipe(stack).finally(() => stack.stop())
})

/** As replicas do it: a write is answered once all have it. What the controllers write reaches each when its watch says so. */
async function confirm({ kind, key, resourceVersion }: { kind: string; key: string; resourceVersion: string }): Promise<void> {
  const hasIt = ({ cache }: Replica) => Number(cache.get(kind, key)?.metadata.resourceVersion ?? 0) >= Number(resourceVersion)
  await eventually(() => replicas.every(hasIt), { everyMs: 1 })
}

/** Any replica, as a load balancer picks one. */
const any = (): Replica => replicas[Math.floor(Math.random() * replicas.length)]!

/** Looks as often as it can until one replica says `active` with that power: the moment when an impatient client goes on. */
async function active(path: string, power: 'on' | 'off'): Promise<void> {
  await eventually(
    async () => {
      const { status } = (await any().send('GET', path)).body
      if (status?.state !== 'active' || status['powerState'] !== power) throw new Error(JSON.stringify(status))
    },
    { everyMs: 1, timeoutMs: 30_000 },
  )
}

it('what one replica calls active and on (or off) can be acted on at once, at any replica', async () => {
  const volume = paths.in('seca.storage', 'block-storages/boot')
  expect((await any().send('PUT', volume, { body: { spec: { sizeGB: 50, skuRef: { resource: 'skus/rd500' } } } })).status).toBe(201)
  const refused: string[] = []
  await eventually(async () => expect((await any().send('GET', volume)).body.status.state).toBe('active'))
  await Promise.all(
    Array.from({ length: 8 }, async (_, index) => {
      const path = paths.in('seca.compute', `instances/vm${index}`)
      const body = { spec: { skuRef: { resource: 'skus/ds' }, zone: 'a', bootVolume: { deviceRef: { resource: 'block-storages/boot' } } } }
      const made = await any().send('PUT', path, { body })
      expect(made.status, JSON.stringify(made.body)).toBe(201)
      let power: 'on' | 'off' = 'off'
      for (const action of ['start', 'restart', 'stop', 'start', 'stop', 'start', 'restart', 'restart', 'stop']) {
        await active(path, power)
        const reply = await any().send('POST', `${path}/${action}`)
        if (reply.status !== 202) refused.push(`${action}: ${reply.status} ${reply.body.detail}`)
        if (reply.status !== 202) return
        power = action === 'stop' ? 'off' : 'on'
      }
    }),
  )
  expect(refused).toEqual([])
})

it('a workspace is active within two seconds, gone within one when it is empty, and its successor goes on by itself', async () => {
  const [replica] = replicas as [Replica]
  const path = paths.of('seca.workspace', 'workspaces/brief')
  const took = async (probe: () => Promise<boolean>) => {
    const start = performance.now()
    await eventually(probe, { everyMs: 5, timeoutMs: 20_000 })
    return performance.now() - start
  }
  const isActive = async () => (await replica.send('GET', path)).body.status?.state === 'active'
  const isGone = async () => (await replica.send('GET', path)).status === 404
  const put = async () => (await replica.send('PUT', path, { body: { spec: {} } })).status
  expect(await put()).toBe(201)
  expect(await took(isActive)).toBeLessThan(5_000)
  expect((await replica.send('DELETE', path)).status).toBe(202)
  // Kubernetes alone takes 5 s and more for a namespace.
  expect(await took(isGone)).toBeLessThan(4_000)
  expect(await tenant.exists('Workspace', 'brief')).toBe(false)
  expect(await put()).toBe(201)
  // What is put into it meanwhile is told to come again.
  const early = await replica.send('PUT', new Paths(tenant.name, 'brief').in('seca.network', 'public-ips/ip'), {
    body: { spec: { version: 'IPv4' } },
  })
  expect([early.status, early.headers.get('retry-after')]).toEqual([503, '1'])
  expect(await took(isActive)).toBeLessThan(30_000)
  await replica.send('DELETE', path)
  await took(isGone)
})
