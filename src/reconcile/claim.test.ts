import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { CLAIM, CONTROLLERS_LEASE } from '../kinds/names.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import type { KubeObject } from '../kube/gvr.ts'
import { noAnswer, MemoryServer } from '../kube/memory-testing.ts'
import { FakeClock, silentLog, until } from '../kube/testing.ts'
import { Claim } from './claim.ts'

let server: MemoryServer
let clock: FakeClock
beforeEach(() => {
  server = new MemoryServer()
  clock = new FakeClock()
  for (const name of ['default', 'one', 'two']) server.add({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
})
const claimed = () => server.read<KubeObject>(KUBERNETES.Namespace, undefined, 'default')?.metadata.annotations?.[CLAIM]

/** The controllers of an installation renew their Lease. */
let renewals = 0
function renew(namespace: string) {
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: CONTROLLERS_LEASE, namespace } }
  server.update({ ...lease, spec: { renewTime: String(++renewals) } })
}
function start(namespace: string) {
  const refused: string[] = []
  const stop = new AbortController()
  const claim = new Claim({ client: server.client, namespace, log: silentLog, clock, onRefused: (message) => refused.push(message) })
  const done = claim.run(stop.signal)
  onTestFinished(async () => {
    stop.abort()
    await done
  })
  return { claim, refused, stop }
}
/** Time passes in steps of a look. */
async function pass(ms: number, beside: () => void = () => undefined) {
  for (let passed = 0; passed < ms; passed += 10_000) {
    beside()
    await until(() => clock.sleeping > 0)
    clock.advance(10_000)
    await until(() => clock.sleeping > 0)
  }
}

describe('a cluster is served by one installation', () => {
  it('the first one, which writes nothing more afterwards', async () => {
    const { claim, refused } = start('one')
    await until(() => claim.isOurs)
    expect([claimed(), claim.problem(), refused]).toEqual(['one', undefined, []])
    const writes = () => server.seen.filter(({ method }) => method !== 'GET').length
    const before = writes()
    await pass(60_000)
    expect(writes()).toBe(before)
  })

  it('both replicas of it, at once', async () => {
    const replicas = [start('one'), start('one')]
    await until(() => replicas.every(({ claim }) => claim.isOurs))
    expect(clock.now()).toBe(0)
  })

  it('never two, whoever is quicker', async () => {
    const both = [start('one'), start('two')]
    await until(() => both.some(({ claim }) => claim.isOurs) && clock.sleeping === 2)
    expect(both.filter(({ claim }) => claim.isOurs)).toHaveLength(1)
  })

  it('a second one says so once, and what to do', async () => {
    const first = start('one')
    await until(() => first.claim.isOurs)
    renew('one')
    const second = start('two')
    await until(() => second.refused.length > 0)
    await pass(120_000, () => renew('one'))
    expect([second.claim.isOurs, claimed(), second.refused.length]).toEqual([false, 'one', 1])
    expect(second.claim.problem()).toBe(second.refused[0])
    expect(second.refused[0]).toContain('the operator in namespace one serves this cluster, the one in two does nothing')
    expect(second.refused[0]).toContain('kubectl annotate namespace default secapi.cloud/served-by-')
  })

  it('a second one takes over when the Lease of the first was not renewed for long, and the first hears of it', async () => {
    const first = start('one')
    const leading = await first.claim.whenOurs(new AbortController().signal)
    renew('one')
    const second = start('two')
    await until(() => second.refused.length > 0)
    await pass(250_000)
    // A sign of life, and all begins anew.
    renew('one')
    await pass(290_000)
    expect([second.claim.isOurs, leading.aborted]).toEqual([false, false])
    await pass(20_000)
    await until(() => second.claim.isOurs)
    await pass(20_000)
    await until(() => first.refused.length === 1)
    expect([claimed(), leading.aborted, first.claim.isOurs]).toEqual(['two', true, false])
  })

  it('who cannot be seen any more because the namespace is gone is followed at once', async () => {
    server.update({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default', annotations: { [CLAIM]: 'gone' } } })
    const { claim } = start('two')
    await until(() => claim.isOurs)
    expect([claimed(), clock.now()]).toEqual(['two', 0])
  })

  it('who has no Lease yet may be about to start', async () => {
    server.update({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default', annotations: { [CLAIM]: 'one' } } })
    const { claim, refused } = start('two')
    await until(() => refused.length === 1)
    await pass(310_000)
    await until(() => claim.isOurs)
    expect(claimed()).toBe('two')
  })

  it('an annotation that somebody removed goes to who looks first', async () => {
    const { claim } = start('one')
    await until(() => claim.isOurs)
    server.update({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } })
    await pass(10_000)
    await until(() => claimed() === 'one')
    expect(claim.isOurs).toBe(true)
  })

  it('an apiserver that does not answer changes nothing: who leads is decided by the Lease', async () => {
    const { claim } = start('one')
    const leading = await claim.whenOurs(new AbortController().signal)
    server.fault = {
      before: () => {
        throw noAnswer()
      },
    }
    await pass(600_000)
    expect([claim.isOurs, leading.aborted]).toEqual([true, false])
  })

  it('who waits for it looks anew, whatever was seen before', async () => {
    const { claim, stop } = start('one')
    await until(() => claim.isOurs)
    stop.abort()
    renew('two')
    server.update({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default', annotations: { [CLAIM]: 'two' } } })
    const waiting = new AbortController()
    const won = claim.whenOurs(waiting.signal)
    await until(() => claim.problem() !== undefined)
    expect(claim.isOurs).toBe(false)
    waiting.abort()
    expect((await won).aborted).toBe(true)
  })
})
