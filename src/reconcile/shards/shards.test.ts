import { describe, expect, test } from 'vitest'
import { CONTROLLERS_LEASE, SHARDS, SHARDS_LEASE } from '../../kinds/names.ts'
import { KUBERNETES } from '../../kube/builtin.ts'
import type { KubeObject } from '../../kube/gvr.ts'
import { OPERATOR, type Replica } from '../replica-testing.ts'
import { parseTable } from './table.ts'
import { createSharedWorld } from './testing.ts'

const CLEAN = { doubles: [], leaks: [], losses: [], foreign: [] }
const PATIENCE = { timeout: 600_000 }
/** Longer than a Lease, the wait for it, and the longest backoff. */
const LONG = 180_000
/** Accounts besides the world's own one. */
const MANY = 11
type Shared = ReturnType<typeof createSharedWorld>

/** Some replicas that have shared the accounts. */
async function begin(count: number): Promise<{ shared: Shared; replicas: readonly Replica[] }> {
  const shared = createSharedWorld(MANY)
  const replicas = Array.from({ length: count }, () => shared.replica())
  await shared.run(40_000)
  expect(shared.held()).toEqual(Array.from({ length: count }, () => (MANY + 1) / count))
  return { shared, replicas }
}

/** Everything is there, once; then it goes without a trace. */
async function end(shared: Shared): Promise<void> {
  await shared.run(LONG)
  expect([shared.unready(), shared.world.audit(), shared.problems]).toEqual([[], CLEAN, []])
  await shared.give()
  await shared.run(LONG)
  expect([shared.world.cloud.objects(), shared.world.audit(), shared.problems]).toEqual([[], CLEAN, []])
}

/** Accounts that have another holder than before. */
const moved = (before: Map<string, number>, after: Map<string, number>) =>
  [...after].filter(([account, holder]) => before.get(account) !== holder)

describe('replicas that share the accounts', () => {
  test.for([1, 2, 3])('%d of them make everything once, and take it down again', PATIENCE, async (count) => {
    const { shared } = await begin(count)
    shared.ask()
    await end(shared)
    expect(shared.holders().size).toBe(MANY + 1)
  })

  test('with real informers as well', PATIENCE, async () => {
    const shared = createSharedWorld(MANY)
    for (let count = 0; count < 3; count++) shared.replica({ informers: true })
    await shared.run(40_000)
    expect(shared.held()).toEqual([4, 4, 4])
    shared.ask()
    await end(shared)
  })

  test('one that joins gets its part, at once and at work, and nothing else moves', PATIENCE, async () => {
    const { shared } = await begin(3)
    shared.ask()
    await shared.run(1_500)
    const before = shared.holders()
    shared.replica()
    await shared.run(8_000)
    expect(shared.held()).toEqual([3, 3, 3, 3])
    expect(moved(before, shared.holders())).toHaveLength(3)
    await end(shared)
  })

  test('one that is told to end gives its accounts away at once', PATIENCE, async () => {
    const { shared, replicas } = await begin(3)
    shared.ask()
    await shared.run(1_500)
    const before = shared.holders()
    replicas[1]?.terminate()
    await shared.run(2_500)
    expect(shared.held()).toEqual([6, 0, 6])
    expect(moved(before, shared.holders())).toHaveLength(4)
    await end(shared)
  })

  test.for([0, 1])('the accounts of one that is killed go to the others within 20 s (leader: %d)', PATIENCE, async (index) => {
    const { shared, replicas } = await begin(3)
    shared.ask()
    await shared.run(1_500)
    const before = shared.holders()
    replicas[index]?.kill('arrives')
    await shared.run(20_000)
    expect(shared.held()).toEqual([6, 6])
    expect(moved(before, shared.holders())).toHaveLength(4)
    await end(shared)
  })

  test.for([1, 3])('in a crash loop of %d the names of the dead are free again, in the end', PATIENCE, async (count) => {
    const shared = createSharedWorld(2)
    for (let round = 0; round < 18 / count; round++) {
      const dying = Array.from({ length: count }, () => shared.replica())
      await shared.run(10_000)
      for (const replica of dying) replica.kill('lost')
    }
    for (let number = 0; number < count; number++) shared.replica()
    await shared.run(120_000)
    expect(shared.held()).toEqual(Array.from({ length: count }, () => 3 / count))
    expect(shared.problems).toEqual([])
  })

  test('the seventeenth stands by, and leads nobody', PATIENCE, async () => {
    const shared = createSharedWorld(MANY)
    for (let number = 0; number < 17; number++) shared.replica()
    await shared.run(60_000)
    const sharing = () => {
      const lease = shared.world.cluster.read<KubeObject>(KUBERNETES.Lease, OPERATOR, SHARDS_LEASE)
      const { leader = '', members = {} } = parseTable(lease?.metadata.annotations?.[SHARDS]) ?? {}
      return { leader, identities: Object.values(members).map(({ identity }) => identity) }
    }
    const outside = shared.replicas.findIndex((_, number) => !sharing().identities.includes(`replica-${number}`))
    // Even where the Lease is its own for the taking.
    const body = { spec: { holderIdentity: `replica-${outside}` } }
    await shared.world.cluster.client.patch(KUBERNETES.Lease, OPERATOR, CONTROLLERS_LEASE, { type: 'merge', body })
    await shared.run(60_000)
    expect(shared.replicas.flatMap(({ elector }, number) => (elector.holds() ? [`replica-${number}`] : []))).toEqual([sharing().leader])
    expect(sharing().leader).not.toBe(`replica-${outside}`)
    for (let round = 0; round < 3; round++) {
      shared.replicas.find(({ elector, state }) => state === 'running' && elector.holds())?.kill('lost')
      await shared.run(60_000)
      shared.replica()
      await shared.run(20_000)
      expect(shared.held().reduce((sum, held) => sum + held)).toBe(MANY + 1)
      const { leader, identities } = sharing()
      expect(identities).toContain(leader)
    }
    expect(shared.problems).toEqual([])
  })

  test('one that is stopped for longer than its Lease does nothing by what it believed, and takes part again', PATIENCE, async () => {
    for (const index of [0, 1]) {
      const { shared, replicas } = await begin(3)
      shared.ask()
      await shared.run(1_000)
      replicas[index]?.stop(60_000)
      await shared.run(50_000)
      expect(shared.held()).toEqual([6, 6])
      await shared.run(30_000)
      expect(shared.held()).toEqual([4, 4, 4])
      await end(shared)
    }
  })

  test('clocks that differ by days, and jump, change nothing', PATIENCE, async () => {
    const { shared, replicas } = await begin(3)
    const before = shared.holders()
    for (const [index, replica] of replicas.entries()) replica.skewMs = (index - 1) * 86_400_000 * 3
    shared.ask()
    await shared.run(60_000)
    for (const replica of replicas) replica.skewMs *= -1
    await shared.run(60_000)
    expect(moved(before, shared.holders())).toEqual([])
    await end(shared)
  })

  test('idle, they write nothing but their Leases: one each, and the leader one more', PATIENCE, async () => {
    const { shared } = await begin(3)
    shared.ask()
    await shared.run(LONG)
    const { cluster } = shared.world
    cluster.writes.length = 0
    const before = cluster.seen.length
    await shared.run(600_000)
    const writes = cluster.seen.slice(before).filter(({ verb }) => !['get', 'list', 'watch'].includes(verb))
    expect(cluster.writes).toEqual([])
    expect(new Set(writes.map(({ resource }) => resource))).toEqual(new Set(['leases']))
    // Every two seconds, by four Leases, for ten minutes.
    expect(writes.length).toBeLessThanOrEqual(4 * 301)
    expect(writes.some(({ path }) => path.endsWith(SHARDS_LEASE))).toBe(false)
  })

  test('an account more is somebody’s within seconds, and one that is gone is nobody’s', PATIENCE, async () => {
    const { shared } = await begin(3)
    shared.addAccount('acc-new')
    await shared.run(5_000)
    expect(shared.held().reduce((sum, count) => sum + count)).toBe(MANY + 2)
    shared.ask()
    await end(shared)
    await shared.world.delete('Region', undefined, 'r-acc-new')
    await shared.world.delete('CloudProvider', undefined, 'acc-new')
    await shared.run(60_000)
    expect(shared.world.get('CloudProvider', undefined, 'acc-new')).toBeUndefined()
    expect(shared.held().reduce((sum, count) => sum + count)).toBe(MANY + 1)
  })

  test('a region that is bound to another account goes to whoever works for that, once the other has let go', PATIENCE, async () => {
    const { shared } = await begin(3)
    shared.ask()
    for (const [index, account] of shared.accounts.entries()) {
      await shared.run(700)
      const next = shared.accounts[(index + 1) % shared.accounts.length]
      await shared.world.edit('Region', undefined, `r-${account}`, { spec: { cloudProvider: next } })
    }
    await end(shared)
    expect(shared.holders().size).toBe(MANY + 1)
  })

  test('a table that somebody deletes gives nobody an account that another may still work for', PATIENCE, async () => {
    const { shared } = await begin(3)
    shared.ask()
    await shared.run(1_000)
    await shared.world.cluster.client.delete(KUBERNETES.Lease, OPERATOR, SHARDS_LEASE)
    await shared.run(5_000)
    expect(shared.held()).toEqual([0, 0, 0])
    await shared.run(30_000)
    expect(shared.held()).toEqual([4, 4, 4])
    await end(shared)
  })

  test('nor does one that is deleted as the leadership goes to one that once saw a new one, which another opened', PATIENCE, async () => {
    const shared = createSharedWorld(MANY)
    const [first, second] = [shared.replica(), shared.replica()]
    await shared.run(5_000)
    expect(first.elector.holds()).toBe(true)
    // Loses the leadership before it may open the table, and lives on.
    first.stop(25_000)
    await shared.run(90_000)
    expect([second.elector.holds(), shared.held()]).toEqual([true, [6, 6]])
    await shared.world.cluster.client.delete(KUBERNETES.Lease, OPERATOR, SHARDS_LEASE)
    second.terminate()
    await shared.run(10_000)
    expect([first.elector.holds(), shared.held([first])]).toEqual([true, [0]])
    await shared.run(20_000)
    expect([shared.held([first]), shared.problems]).toEqual([[MANY + 1], []])
  })

  test('what goes without its teardown is told once, also when its workspace went first', PATIENCE, async () => {
    const { shared } = await begin(3)
    const { world } = shared
    shared.ask()
    await shared.run(LONG)
    const [account = ''] = shared.accounts
    const drop = async (kind: string, namespace: string, name: string) => {
      world.cluster.change(kind, namespace, name, { metadata: { finalizers: [] } })
      await world.delete(kind, namespace, name)
      await shared.run(1_000)
    }
    await drop('Workspace', 't', `w-${account}`)
    await drop('BlockStorage', `seca-acme--w-${account}`, 'one')
    const told = world.announcements.filter(({ reason }) => reason === 'Abandoned').map(({ object }) => object)
    expect(told).toEqual([`Workspace w-${account}`, 'BlockStorage one'])
  })
})

describe('when the setting changes', () => {
  test('one that works alone begins when nobody shares any more, and the other way round', PATIENCE, async () => {
    const { shared, replicas } = await begin(2)
    shared.ask()
    await shared.run(1_000)
    const alone = shared.replica({ isSharing: false })
    for (const replica of replicas) {
      replica.terminate()
      await shared.run(4_000)
    }
    await shared.run(10_000)
    expect(shared.accounts.every((account) => alone.mayActIn(account))).toBe(true)
    shared.replica()
    await shared.run(20_000)
    expect(shared.held()).toEqual([0, 0, 0, 0])
    alone.terminate()
    await shared.run(10_000)
    expect(shared.held().at(-1)).toBe(MANY + 1)
    await end(shared)
  })

  test('one that works alone waits for those that work by a table that somebody deleted, once', PATIENCE, async () => {
    const { shared, replicas } = await begin(2)
    shared.ask()
    const alone = shared.replica({ isSharing: false })
    const [member, leader] = replicas.toSorted((a, b) => a.elector.remainingMs() - b.elector.remainingMs())
    await shared.run(3_000)
    // Does not hear of anything, and believes in its Lease for 10 s.
    member?.cut()
    await shared.world.cluster.client.delete(KUBERNETES.Lease, OPERATOR, SHARDS_LEASE)
    leader?.terminate()
    await shared.run(9_000)
    expect([alone.isLeading, shared.accounts.some((account) => alone.mayActIn(account)), shared.problems]).toEqual([true, false, []])
    await shared.run(15_000)
    expect(shared.accounts.every((account) => alone.mayActIn(account))).toBe(true)
    member?.terminate()
    alone.terminate()
    const next = shared.replica({ isSharing: false })
    await shared.run(5_000)
    expect(shared.accounts.every((account) => next.mayActIn(account))).toBe(true)
    await end(shared)
  })

  test('one that works alone waits for those that share and are not told to end', PATIENCE, async () => {
    const { shared, replicas } = await begin(3)
    shared.ask()
    await shared.run(1_000)
    const alone = shared.replica({ isSharing: false })
    const [stopped, ...others] = replicas.toSorted((a, b) => a.elector.remainingMs() - b.elector.remainingMs())
    await shared.run(3_000)
    // Not told to end, so that only its Lease says when it has to be done.
    stopped?.stop(120_000)
    for (const other of others) other.terminate()
    await shared.run(9_000)
    expect([alone.isLeading, shared.accounts.some((account) => alone.mayActIn(account))]).toEqual([true, false])
    await shared.run(30_000)
    expect([shared.accounts.every((account) => alone.mayActIn(account)), shared.problems]).toEqual([true, []])
    await end(shared)
  })
})
