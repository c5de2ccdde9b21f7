import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { wipe } from '../support/audit.ts'
import { applyManifests, eventually, type Stack, startStack } from '../support/harness.ts'
import { to } from '../support/manifest.ts'
import { type Replica, startReplica } from '../support/replica.ts'
import { Tenant } from '../support/tenant.ts'

/** The Lease's times as they are by default, not the short ones of other tests. */
const FLAGS = ['--lease=15s', '--lease-renew=10s', '--lease-retry=2s']
/** Planned, and when the leader is killed. */
const [PLANNED_MS, KILLED_MS] = [3_000, 20_000]
const HANDOVERS = 4
const MANY = 150

describe('who leads', () => {
  let stack: Stack
  let tenant: Tenant
  let leader: Replica
  let standby: Replica
  const replica = () => startReplica({ kubeconfig: stack.kubeconfig, flags: FLAGS })
  const volume = (name: string) => tenant.of('BlockStorage', name, { sizeGB: 60, skuRef: to('skus/rd500') })
  beforeAll(async () => {
    stack = await startStack()
    await stack.halt('controllers')
    leader = await replica()
    await eventually(() => leader.isHolder())
    standby = await replica()
    tenant = await Tenant.make(stack)
    await tenant.ready('Workspace', tenant.workspace)
  })
  afterAll(async () => {
    await Promise.all([leader.stop(), standby.stop()])
    await stack.restart('controllers')
    await wipe(stack).finally(() => stack.stop())
  })

  /** Ends the leader; resolves with how long it took until the other one led, and until it had seen to something that was applied meanwhile. */
  async function handOver(how: 'SIGTERM' | 'SIGKILL', name: string) {
    const start = performance.now()
    const ended = how === 'SIGTERM' ? leader.stop() : (leader.signal('SIGKILL'), leader.child.ended)
    const applied = tenant.apply(volume(name))
    // What it says itself, as it is cheap to look at; the Lease says the same in the end.
    await eventually(() => standby.logs().includes('"msg":"in sync, working"'), { everyMs: 20 })
    const ledMs = performance.now() - start
    await applied
    await tenant.ready('BlockStorage', name)
    const doneMs = performance.now() - start
    expect(await standby.isHolder()).toBe(true)
    await ended
    await leader.stop()
    leader = standby
    standby = await replica()
    return { ledMs: Math.round(ledMs), doneMs: Math.round(doneMs) }
  }

  it('hands over within 3 s when it is told to end, at rest and at work', async () => {
    const idle = []
    for (let index = 0; index < HANDOVERS; index++) {
      // Anywhere between two renewals.
      await sleep(500 * index)
      idle.push(await handOver('SIGTERM', `idle-${index}`))
    }
    // Calls that take long are left, not waited for.
    await stack.cloud.fault({ method: 'POST', type: 'volumes', effect: 'delay', delayMs: 20_000, times: 10 })
    onTestFinished(() => stack.cloud.clearFaults())
    const all = Array.from({ length: MANY }, (_, index) => volume(`busy-${index}`))
    await applyManifests(all)
    const busy = await handOver('SIGTERM', 'busy')
    process.stderr.write(`handover: at rest ${JSON.stringify(idle)}, at work ${JSON.stringify(busy)}\n`)
    for (const { ledMs } of [...idle, busy]) expect(ledMs).toBeLessThan(PLANNED_MS)
    await stack.cloud.clearFaults()
    await tenant.allReady(all, 120_000)
    expect((await stack.cloud.inventory()).duplicateTags).toEqual([])
  }, 240_000)

  it('is replaced within 20 s when it is killed', async () => {
    const killed = await handOver('SIGKILL', 'killed')
    process.stderr.write(`handover: killed ${JSON.stringify(killed)}\n`)
    expect(killed.ledMs).toBeLessThan(KILLED_MS)
  }, 120_000)
})
