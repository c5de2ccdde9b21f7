import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONTROLLERS_LEASE, SHARDS, SHARDS_LEASE } from '../../src/kinds/names.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import type { KubeObject } from '../../src/kube/gvr.ts'
import { parseTable, type Table } from '../../src/reconcile/shards/table.ts'
import { expectNoLeak, expectOneCreateEach, wipe } from '../support/audit.ts'
import { auditJson } from '../support/audit-cli.ts'
import { applyManifests, eventually, OPERATOR_NAMESPACE, type Stack, startStack } from '../support/harness.ts'
import { type Call, startRecorder } from '../support/recorder.ts'
import { type Replica, startReplica } from '../support/replica.ts'
import { Tenant } from '../support/tenant.ts'
import { isSimulated } from '../support/names.ts'

/** The Lease's times as they are by default. What may be on the road is waited out for less long. */
const FLAGS = ['--sharding=accounts', '--lease=15s', '--lease-renew=10s', '--lease-retry=2s', '--call-timeout=8s']
const [PLANNED_MS, KILLED_MS] = [3_000, 20_000]
/** More calls at once than come by together because a process had no time for them. */
const RATE = { requestsPerSecond: 40, burst: 40 }
const ACCOUNTS = 5
/** Objects of each account that are there at a time, and time between two. */
const [KEPT, EVERY_MS] = [6, 1_000]
/** Asked for at once in an account that is about to move: its holder then has changes that wait for their turn, and has used its budget. */
const MANY = 40
/** A request that has left comes by this much later at most. */
const ARRIVAL_MS = 500

interface Line {
  readonly time: number
  readonly msg: string
  readonly accounts?: readonly string[]
  readonly identity?: string
}

/** A replica, and from when until when it was let be. */
interface Part {
  readonly replica: Replica
  readonly identity: string
  /** When it was killed or stopped. */
  readonly ends: number[]
  /** Works for all accounts by itself. */
  readonly isAlone?: true
}

describe.skipIf(!isSimulated)('replicas that share the accounts', () => {
  let stack: Stack
  let recorder: Awaited<ReturnType<typeof startRecorder>>
  let owner: Tenant
  const accounts: string[] = []
  const tenants: Tenant[] = []
  const parts: Part[] = []
  const writing = new AbortController()
  let written: Promise<void>
  let count = 0

  const linesOf = ({ replica }: Pick<Part, 'replica'>): Line[] =>
    replica
      .logs()
      .split('\n')
      .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []))
  const running = () => parts.filter(({ replica }) => replica.child.isRunning)
  const table = async (): Promise<Table> => {
    const lease = await stack.client.get<KubeObject>(KUBERNETES.Lease, OPERATOR_NAMESPACE, SHARDS_LEASE)
    return parseTable(lease.metadata.annotations?.[SHARDS])!
  }
  /** Identity of who works for each account. */
  const holders = async (): Promise<Map<string, string>> => {
    const now = await table()
    return new Map(Object.values(now.members).flatMap(({ identity, accounts: held }) => held.map((account) => [account, identity])))
  }
  /** Waits until the running replicas have all accounts between them, evenly; answers who has which. */
  const settled = (): Promise<Map<string, string>> =>
    eventually(
      async () => {
        const now = await holders()
        const held = running().map(({ identity }) => [...now.values()].filter((one) => one === identity).length)
        expect(held.reduce((sum, one) => sum + one)).toBe(now.size)
        expect(now.size).toBeGreaterThan(ACCOUNTS)
        expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(1)
        return now
      },
      { everyMs: 50 },
    )
  const leader = async (): Promise<Part> => {
    const lease = await stack.client.get<{ spec: { holderIdentity: string } }>(KUBERNETES.Lease, OPERATOR_NAMESPACE, CONTROLLERS_LEASE)
    return running().find(({ identity }) => identity === lease.spec.holderIdentity)!
  }
  const movedOf = (before: Map<string, string>, after: Map<string, string>) =>
    [...after].filter(([account, one]) => before.get(account) !== one)

  const identityOf = (replica: Replica): string => {
    const found = linesOf({ replica }).find(({ msg }) => msg === 'leading')?.identity
    expect(found).toBeDefined()
    return found!
  }

  async function join(): Promise<Part> {
    const replica = await startReplica({ kubeconfig: stack.kubeconfig, flags: FLAGS })
    const identity = await eventually(() => identityOf(replica))
    const part = { replica, identity, ends: [] }
    parts.push(part)
    return part
  }

  const address = (tenant: Tenant, name: string) => tenant.of('PublicIp', name, { version: 'IPv4' })

  /** Asks for addresses and gives them back, in all accounts, until the end. */
  async function write(): Promise<void> {
    while (!writing.signal.aborted) {
      const number = count++
      await Promise.all(
        tenants.map(async (tenant) => {
          await tenant.apply(address(tenant, `ip-${number}`))
          if (number >= KEPT) await tenant.delete('PublicIp', `ip-${number - KEPT}`)
        }),
      )
      await sleep(EVERY_MS)
    }
  }

  beforeAll(async () => {
    stack = await startStack()
    await stack.halt('controllers')
    recorder = await startRecorder(stack.cloudUrl)
    owner = new Tenant(stack)
    const { settings } = (await owner.get('CloudProvider', 'simulator')).spec as { settings: object }
    for (let index = 0; index < ACCOUNTS; index++) {
      const name = `${owner.name}-${index}`
      accounts.push(name)
      const spec = { type: 'simulator', credentialsSecretRef: { name: 'simulator-credentials' }, ...RATE }
      await owner.apply(
        owner.of('CloudProvider', name, { ...spec, settings: { ...settings, endpoint: await recorder.door(name) } }),
        owner.of('Region', name, { availableZones: ['a'], cloudProvider: name }),
      )
    }
    await join()
    for (const region of accounts) tenants.push(await Tenant.make(stack, { region }))
    for (const tenant of tenants) await tenant.ready('Workspace', tenant.workspace)
    written = write()
  })
  afterAll(async () => {
    writing.abort()
    await written
    for (const { replica } of parts) {
      replica.signal('SIGCONT')
      await replica.stop()
    }
    // What is left goes faster without it.
    for (const name of accounts) await owner.edit('CloudProvider', name, { spec: { requestsPerSecond: 1_000 } })
    await stack.restart('controllers')
    const away = async () => {
      for (const kind of ['Region', 'CloudProvider'])
        for (const name of accounts) {
          await owner.delete(kind, name)
          await owner.gone(kind, name)
        }
    }
    await wipe(stack)
      .then(away)
      .finally(() => recorder.stop())
      .finally(() => stack.stop())
  })

  /** How long it took until others had all accounts that one had, and until one of them had done something new there. */
  async function handOver(from: Part, how: 'SIGTERM' | 'SIGKILL') {
    const before = await settled()
    const own = [...before].flatMap(([account, identity]) => (identity === from.identity ? [account] : []))
    const one = tenants.find((_, index) => before.get(accounts[index]!) === from.identity)!
    const start = performance.now()
    const since = Date.now()
    from.ends.push(since)
    const ended = how === 'SIGTERM' ? from.replica.child.stop() : (from.replica.signal('SIGKILL'), from.replica.child.ended)
    await one.apply(address(one, how.toLowerCase()))
    const taken = () =>
      new Set(
        parts
          .flatMap((part) => (part === from ? [] : linesOf(part)))
          .flatMap(({ time, accounts: some, msg }) => (msg === 'working for accounts' && time >= since ? (some ?? []) : [])),
      )
    await eventually(() => own.every((account) => taken().has(account)), { everyMs: 20 })
    const ownedMs = Math.round(performance.now() - start)
    await one.ready('PublicIp', how.toLowerCase())
    const doneMs = Math.round(performance.now() - start)
    await ended
    const after = await settled()
    expect(
      movedOf(before, after)
        .map(([account]) => account)
        .toSorted(),
    ).toEqual(own.toSorted())
    process.stderr.write(
      `shards: ${own.length} of ${before.size} accounts after ${how}: owned after ${ownedMs} ms, new work done after ${doneMs} ms\n`,
    )
    return ownedMs
  }

  /** Asks for more in some accounts than their budgets let out at once; resolves when work has begun in all of them. */
  async function flood(some: readonly string[], name: string): Promise<() => Promise<void>> {
    const asked = tenants
      .filter((_, index) => some.includes(accounts[index]!))
      .map((tenant) => ({ tenant, all: Array.from({ length: MANY }, (_, index) => address(tenant, `${name}-${index}`)) }))
    const since = recorder.calls.length
    await applyManifests(asked.flatMap(({ all }) => all))
    const made = (account: string) =>
      recorder.calls.slice(since).filter((call) => call.account === account && call.method === 'POST').length
    await eventually(() => some.every((account) => made(account) > MANY / 5), { everyMs: 5 })
    return async () => {
      for (const { tenant, all } of asked) await tenant.allReady(all, 120_000)
    }
  }

  it('one that joins gets its part at work, and nothing else moves', async () => {
    const made = await flood(accounts, 'join')
    for (const members of [2, 3]) {
      const before = await settled()
      const start = performance.now()
      const { identity } = await join()
      const after = await settled()
      const moved = movedOf(before, after)
      process.stderr.write(
        `shards: ${moved.length} of ${after.size} accounts moved to replica ${members}, ${Math.round(performance.now() - start)} ms after its start\n`,
      )
      expect(moved.every(([, holder]) => holder === identity)).toBe(true)
      expect(moved.length).toBeLessThanOrEqual(Math.ceil(after.size / members))
    }
    await made()
  }, 120_000)

  it('those of one that ends are owned within 3 s', async () => {
    const lead = await leader()
    expect(
      await handOver(
        running().find((part) => part !== lead)!,
        'SIGTERM',
      ),
    ).toBeLessThan(PLANNED_MS)
    await join()
    expect(await handOver(await leader(), 'SIGTERM')).toBeLessThan(PLANNED_MS)
    await join()
  }, 120_000)

  it('those of one that is killed are owned within 20 s, also of the leader', async () => {
    expect(await handOver(await leader(), 'SIGKILL')).toBeLessThan(KILLED_MS)
    await join()
    await settled()
  }, 120_000)

  it('one that was stopped for longer than its Lease does nothing by what it believed, and takes part again', async () => {
    const before = await settled()
    const lead = await leader()
    const part = running().find((one) => one !== lead && [...accounts].some((account) => before.get(account) === one.identity))!
    const own = accounts.filter((account) => before.get(account) === part.identity)
    // So little that all workers wait for their turn, and that at its end all have it at once.
    const slow = (rate: object) => Promise.all(own.map((name) => owner.edit('CloudProvider', name, { spec: rate })))
    await slow({ requestsPerSecond: 2, burst: 12 })
    for (const name of own) await owner.ready('CloudProvider', name)
    const made = await flood(own, 'stop')
    await sleep(3_000)
    part.replica.signal('SIGSTOP')
    part.ends.push(Date.now())
    await slow(RATE)
    await eventually(async () => {
      const now = await holders()
      expect(own.map((account) => now.get(account))).not.toContain(part.identity)
    })
    // Others are at work there when it goes on.
    await sleep(2_000)
    const since = Date.now()
    part.replica.signal('SIGCONT')
    await eventually(() => linesOf(part).some(({ msg, time }) => msg === 'working for accounts' && time > since))
    await settled()
    await made()
  }, 240_000)

  it('one with the other setting waits until nobody shares any more, and is waited for', async () => {
    const replica = await startReplica({ kubeconfig: stack.kubeconfig, flags: FLAGS.filter((flag) => !flag.includes('sharding')) })
    const [one, ...others] = running()
    await Promise.all(
      [one!, ...others].map(async ({ replica: sharing, ends }) => {
        await sharing.child.stop()
        ends.push(Date.now())
      }),
    )
    const part: Part = { replica, identity: await eventually(() => identityOf(replica)), ends: [], isAlone: true }
    parts.push(part)
    await eventually(() => linesOf(part).some(({ msg }) => msg === 'in sync, working'))
    await sleep(1_000)
    await join()
    await sleep(3_000)
    expect((await holders()).size).toBe(0)
    await replica.child.stop()
    part.ends.push(Date.now())
    await settled()
  }, 120_000)

  it('in all that, each object was made once, no account had two at work, and none was asked more than its budget allows', async () => {
    writing.abort()
    await written
    for (const tenant of tenants)
      await tenant.allReady(Array.from({ length: KEPT }, (_, index) => address(tenant, `ip-${count - 1 - index}`)))
    for (const tenant of tenants) {
      await expectOneCreateEach(stack, tenant)
      await eventually(() => expectNoLeak(stack, tenant))
    }
    await eventually(async () => expect(await auditJson(stack)).toMatchObject({ findings: [], inFlux: [] }))
    expect(accounts.flatMap((account) => outOfTurn(account))).toEqual([])
    const debts = accounts.map((account) => Math.round(debtOf(recorder.calls.filter((call) => call.account === account))))
    process.stderr.write(`shards: ${recorder.calls.length} calls, at most ${Math.max(...debts)} over an account's budget at a time\n`)
    expect(Math.max(...debts)).toBeLessThan(0.6 * RATE.burst)
  }, 240_000)

  /** Changes in an account by a replica that did not work for it then, or between those of another. */
  function outOfTurn(account: string): string[] {
    const terms = parts
      .flatMap((part) => {
        const lines = linesOf(part)
        const about = (words: string) =>
          lines.filter(({ msg, accounts: some }) => msg === words && some?.includes(account) === true).map(({ time }) => time)
        const ends = [...about('accounts given to other replicas'), ...part.ends].toSorted((a, b) => a - b)
        const begun =
          part.isAlone === true
            ? lines.filter(({ msg }) => msg === 'in sync, working').map(({ time }) => time)
            : about('working for accounts')
        return begun.map((from) => ({
          caller: part.identity,
          from,
          to: ends.find((end) => end > from) ?? Infinity,
        }))
      })
      .toSorted((a, b) => a.from - b.from)
    const found: string[] = []
    let at = 0
    for (const call of recorder.calls.filter((one) => one.account === account && one.method !== 'GET')) {
      const isIn = ({ caller, from, to }: (typeof terms)[number]) => caller === call.caller && call.at >= from && call.at <= to + ARRIVAL_MS
      if (!terms.some(isIn)) found.push(`${account}: ${call.method} of ${call.caller}, which did not work for it at ${call.at}`)
      // Terms follow each other: nobody goes on in one that another's work came after.
      while (at < terms.length && terms[at]?.caller !== call.caller) at++
    }
    return at < terms.length ? found : [...found, `${account}: changes of replicas in turns, ${JSON.stringify(terms)}`]
  }
})

/** The most that calls were ahead of what a bucket of the account's rate lets out. */
function debtOf(calls: readonly Call[]): number {
  let level = RATE.burst
  let last = calls[0]?.at ?? 0
  let most = 0
  for (const { at } of calls) {
    level = Math.min(RATE.burst, level + ((at - last) * RATE.requestsPerSecond) / 1_000) - 1
    last = at
    most = Math.max(most, -level)
  }
  return most
}
