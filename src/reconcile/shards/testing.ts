import type { Resource } from '../../kinds/resource.ts'
import type { Replica, ReplicaOptions } from '../replica-testing.ts'
import { createWorld, type World } from '../testing.ts'

const VOLUME = { sizeGB: 5, skuRef: { resource: 'skus/rd100' } }

/** A world with so many accounts besides its own, each with a region, a workspace and what is asked for in that. */
export function createSharedWorld(count: number, options: { readonly seed?: number; readonly cloudMs?: number } = {}) {
  const world = createWorld({ cloudMs: 300, ...options })
  const replicas: Replica[] = []
  /** What must never be: two that may change something in one account. */
  const problems: string[] = []
  const accounts = Array.from({ length: count }, (_, index) => `acc-${index}`)
  const { spec } = world.get('CloudProvider', undefined, 'sim') as Resource
  for (const account of accounts) addAccount(world, account, spec as object)

  const look = (when: string) => {
    for (const account of [...accounts, 'sim']) {
      const able = replicas.filter((replica) => replica.mayActIn(account))
      if (able.length > 1) problems.push(`${new Date(world.time.now).toISOString()} ${when}: ${able.length} may act in ${account}`)
    }
  }
  const shared = {
    world,
    accounts,
    replicas,
    problems,
    /** Called at each moment of each request. */
    onStep: (_step: Parameters<World['onStep']>[0]): void => undefined,
    replica(more: ReplicaOptions = {}): Replica {
      const replica = world.replica({ isSharing: true, ...more })
      replicas.push(replica)
      return replica
    },
    run: (ms: number) => world.run(ms),
    addAccount(account: string): void {
      addAccount(world, account, spec as object)
      accounts.push(account)
    },
    /** A workspace in each account, and a volume and an address in it. */
    ask(): void {
      for (const account of accounts) {
        world.create('Workspace', 't', `w-${account}`, { region: `r-${account}` })
        for (const [kind, body] of [
          ['BlockStorage', VOLUME],
          ['PublicIp', { version: 'IPv4' }],
        ] as const)
          world.create(kind, `seca-acme--w-${account}`, 'one', body)
      }
    },
    /** What is not there and in order. */
    unready: (): string[] =>
      accounts.flatMap((account) =>
        (['BlockStorage', 'PublicIp'] as const).flatMap((kind) => {
          const state = world.get(kind, `seca-acme--w-${account}`, 'one')?.status?.state
          return state === 'active' ? [] : [`${kind} of ${account}: ${state}`]
        }),
      ),
    /** Deletes all that was asked for. */
    async give(): Promise<void> {
      for (const account of accounts) {
        for (const kind of ['BlockStorage', 'PublicIp']) await world.delete(kind, `seca-acme--w-${account}`, 'one')
        await world.delete('Workspace', 't', `w-${account}`)
      }
    },
    /** How many accounts each of those that run has. */
    held: (of = replicas.filter(({ state }) => state === 'running')): number[] => of.map(accountsOf),
    /** Accounts by who has them. */
    holders: (): Map<string, number> => {
      const held = replicas.flatMap(({ state, shards }, index) =>
        state === 'running' ? [...(shards?.rights.accounts ?? [])].map((account) => [account, index] as const) : [],
      )
      return new Map(held)
    },
  }
  world.onStep = (step) => {
    shared.onStep(step)
    look(step.what)
  }
  return shared
}

const accountsOf = ({ shards }: Replica): number => shards?.rights.accounts.size ?? 0

function addAccount(world: World, account: string, spec: object): void {
  world.create('CloudProvider', undefined, account, spec)
  world.create('Region', undefined, `r-${account}`, { availableZones: ['a'], cloudProvider: account })
  world.create('StorageSku', undefined, `r-${account}.rd100`, {
    region: `r-${account}`,
    iops: 100,
    type: 'remote-durable',
    minVolumeSize: 1,
  })
}
