import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { expectNoLeak, expectOneCreateEach, inventoryOf, mutationsOf, wipe } from '../support/audit.ts'
import { eventually, type Stack, startStack } from '../support/harness.ts'
import { to } from '../support/manifest.ts'
import { startTcpProxy } from '../support/proxy.ts'
import { startReplica } from '../support/replica.ts'
import { Tenant } from '../support/tenant.ts'

/** The cloud takes nearly as long as a call may last. */
const FLAGS = ['--lease=4s', '--lease-renew=3s', '--lease-retry=500ms', '--call-timeout=10s']
const CLOUD_MS = 8_000

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ flags: FLAGS })
})
afterEach(() => stack.cloud.clearFaults())
afterAll(async () => {
  await wipe(stack).finally(() => stack.stop())
})

const volume = (tenant: Tenant, name: string) => tenant.of('BlockStorage', name, { sizeGB: 60, skuRef: to('skus/rd500') })
const volumesOf = async (tenant: Tenant) => (await inventoryOf(stack, tenant)).filter(({ type }) => type === 'volumes')

/** A tenant whose volume is on the road: asked for, with an incarnation, and the cloud takes its time. */
async function underway(): Promise<Tenant> {
  const tenant = await Tenant.make(stack)
  await tenant.ready('Workspace', tenant.workspace)
  await stack.cloud.fault({ method: 'POST', type: 'volumes', effect: 'delay', delayMs: CLOUD_MS })
  await tenant.apply(volume(tenant, 'v'))
  await tenant.until('BlockStorage', 'v', ({ status }) => status?.incarnation !== undefined)
  await sleep(500)
  return tenant
}

describe('a cloud that takes its time for a creation', () => {
  it.each(['go on', 'are killed'])('leaks nothing when the object is deleted meanwhile, and the controllers %s', async (what) => {
    const tenant = await underway()
    if (what === 'are killed') {
      await stack.kill('controllers')
      await stack.restart('controllers')
    }
    await tenant.delete('BlockStorage', 'v')
    await tenant.gone('BlockStorage', 'v')
    await sleep(CLOUD_MS)
    expect(await volumesOf(tenant)).toEqual([])
    const done = (await mutationsOf(stack, tenant)).filter(({ type }) => type === 'volumes').map(({ action }) => action)
    expect([[], ['create', 'delete']]).toContainEqual(done)
  })

  it('makes one, which is found, when nobody deletes it', async () => {
    const tenant = await underway()
    await tenant.ready('BlockStorage', 'v')
    await expectNoLeak(stack, tenant)
    await expectOneCreateEach(stack, tenant)
  })
})

it('a standby that hears nothing any more, and does not know it, makes nothing twice when it leads', { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'seca-deaf-'))
  const config = readFileSync(stack.kubeconfig, 'utf8')
  const port = /server: https:\/\/127\.0\.0\.1:(\d+)/.exec(config)?.[1] ?? ''
  const proxy = await startTcpProxy(Number(port))
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, config.replaceAll(`:${port}`, `:${proxy.port}`), { mode: 0o600 })
  const standby = await startReplica({ kubeconfig, flags: FLAGS })
  try {
    const tenant = await Tenant.make(stack)
    await tenant.ready('Workspace', tenant.workspace)
    await stack.cloud.fault({ method: 'GET', type: 'volumes', effect: 'answer', status: 503, message: 'maintenance', times: 1_000_000 })
    await tenant.apply(volume(tenant, 'v'))
    await tenant.stuck('BlockStorage', 'v', 'Ready', 'ProviderUnavailable', 'maintenance')
    expect(await standby.isHolder()).toBe(false)
    // From here on its stores are what they are: connections that are open carry nothing, new ones do.
    proxy.silence()
    await stack.cloud.clearFaults()
    await stack.cloud.fault({ method: 'POST', type: 'volumes', effect: 'delay', delayMs: CLOUD_MS })
    await tenant.until('BlockStorage', 'v', ({ status }) => status?.incarnation !== undefined)
    await sleep(500)
    await stack.kill('controllers')
    await eventually(() => standby.isHolder())
    await tenant.ready('BlockStorage', 'v', 240_000)
    await sleep(CLOUD_MS)
    await expectNoLeak(stack, tenant)
    await expectOneCreateEach(stack, tenant)
  } finally {
    await standby.stop()
    await proxy.close()
    await stack.restart('controllers')
    rmSync(folder, { recursive: true, force: true })
  }
})
