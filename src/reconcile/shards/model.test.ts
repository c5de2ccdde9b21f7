import fc from 'fast-check'
import { expect, it } from 'vitest'
import { KUBERNETES } from '../../kube/builtin.ts'
import { MEMBER_LEASES, SHARDS_LEASE } from '../../kinds/names.ts'
import { OPERATOR, type Replica } from '../replica-testing.ts'
import { createSharedWorld } from './testing.ts'

const PATIENCE = { timeout: 3_600_000 }
/** Longer than Leases, backoffs and the doubt about what may be on the road take. */
const LONG = 300_000
const ACCOUNTS = 6
const MOST = 5

/** What people and machines do to replicas and regions. */
const step = fc.oneof(
  {
    weight: 3,
    // Some by the other setting, as in the middle of a rollout.
    arbitrary: fc.record({
      do: fc.constant('join' as const),
      latencyMs: fc.constantFrom(1, 1, 400),
      isSharing: fc.constantFrom(true, true, false),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('terminate' as const, 'kill' as const, 'arrive' as const), which: fc.nat(9) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('stop' as const), which: fc.nat(9), ms: fc.constantFrom(4_000, 14_000, 16_000, 40_000) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('skew' as const), which: fc.nat(9), ms: fc.constantFrom(-86_400_000, 3_600_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('bind' as const), region: fc.nat(ACCOUNTS - 1), account: fc.nat(ACCOUNTS - 1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const) }) },
  // All of them, and then more often than there are names for members.
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), ms: fc.constantFrom(1_500, 8_000, 14_000) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
const program = fc.array(fc.record({ step, ms: fc.constantFrom(0, 30, 300, 1_500, 6_000, 20_000) }), { minLength: 6, maxLength: 24 })

type Shared = ReturnType<typeof createSharedWorld>
const running = ({ replicas }: Shared) => replicas.filter(({ state, isTold }) => state !== 'dead' && !isTold)

async function take(shared: Shared, one: Step): Promise<void> {
  const there = running(shared)
  const replica: Replica | undefined = 'which' in one ? there[one.which % Math.max(1, there.length)] : undefined
  switch (one.do) {
    case 'join':
      if (there.length < MOST) shared.replica({ latencyMs: one.latencyMs, isSharing: one.isSharing })
      return
    case 'terminate':
      return replica?.terminate()
    case 'kill':
      return replica?.kill('lost')
    case 'arrive':
      return replica?.kill('arrives')
    case 'stop':
      return replica?.stop(one.ms)
    case 'cut':
      return replica?.cut()
    case 'skew':
      if (replica !== undefined) replica.skewMs = one.ms
      return
    case 'bind': {
      const cloudProvider = shared.accounts[one.account]
      await shared.world.edit('Region', undefined, `r-${shared.accounts[one.region]}`, { spec: { cloudProvider } })
      return
    }
    case 'crash':
      for (const other of there) other.kill('lost')
      for (let times = 0; times <= MEMBER_LEASES.length; times++) {
        const dying = shared.replica()
        await shared.run(one.ms)
        dying.kill('lost')
      }
      return
    case 'lose':
      await shared.world.cluster.client.delete(KUBERNETES.Lease, OPERATOR, SHARDS_LEASE).catch(() => undefined)
  }
}

// To look for more: SECA_MODEL_RUNS=1000 SECA_MODEL_SEED=$RANDOM; what fails prints its seed and path.
const RUNS = Number(process.env['SECA_MODEL_RUNS'] ?? (Number(process.env['SECA_TEST_RUNS']) > 0 ? 200 : 5))
const SEED = Number(process.env['SECA_MODEL_SEED'] ?? 20_261_127)

it(
  'whatever becomes of replicas: no account ever has two, in the end each has one, all have as many, and everything is there once',
  PATIENCE,
  async () => {
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        const shared = createSharedWorld(ACCOUNTS, { seed: 1 })
        shared.replica()
        shared.replica()
        await shared.run(30_000)
        shared.ask()
        for (const { step: one, ms } of steps) {
          await take(shared, one)
          await shared.run(ms)
        }
        for (const replica of running(shared)) if (replica.shards === undefined) replica.terminate()
        while (running(shared).length < 2) shared.replica()
        await shared.run(LONG)
        const held = shared.held(running(shared))
        expect([shared.problems, shared.unready()]).toEqual([[], []])
        expect([held.reduce((sum, count) => sum + count), Math.max(...held) - Math.min(...held) <= 1]).toEqual([ACCOUNTS + 1, true])
        const { losses: _losses, ...made } = shared.world.audit()
        expect(made).toEqual({ doubles: [], leaks: [], foreign: [] })
        await shared.give()
        await shared.run(LONG)
        expect([shared.world.cloud.objects(), shared.problems]).toEqual([[], []])
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    )
  },
)
